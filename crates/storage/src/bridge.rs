//! Conversion of records at the boundary of a component: both sides have the same records, which are copied field by
//! field.
//!
//! Every crate that generates bindings has its own types. `generated/bridge.rs` lists the records and functions of the
//! contract; the macro in this module writes the conversions.

use core::time::Duration;

use crate::cursor::Cursor;
use crate::time::Timestamp;

/// Converts a value into its equivalent on the other side of the boundary.
pub trait Mirror<T> {
    /// Returns the equivalent value.
    fn mirror(self) -> T;
}

macro_rules! same_on_both_sides {
    ($($ty:ty),*) => {
        $(impl Mirror<$ty> for $ty {
            fn mirror(self) -> $ty {
                self
            }
        })*
    };
}
same_on_both_sides!((), bool, u64, String);

impl Mirror<String> for Cursor {
    fn mirror(self) -> String {
        self.into()
    }
}

impl Mirror<Cursor> for String {
    fn mirror(self) -> Cursor {
        Cursor::new(self)
    }
}

impl Mirror<u64> for Timestamp {
    fn mirror(self) -> u64 {
        self.as_millis()
    }
}

impl Mirror<Timestamp> for u64 {
    fn mirror(self) -> Timestamp {
        Timestamp::from_millis(self)
    }
}

impl Mirror<u64> for Duration {
    fn mirror(self) -> u64 {
        self.as_millis() as u64
    }
}

impl Mirror<Duration> for u64 {
    fn mirror(self) -> Duration {
        Duration::from_millis(self)
    }
}

impl<A: Mirror<B>, B> Mirror<Option<B>> for Option<A> {
    fn mirror(self) -> Option<B> {
        self.map(A::mirror)
    }
}

impl<A: Mirror<B>, B> Mirror<Vec<B>> for Vec<A> {
    fn mirror(self) -> Vec<B> {
        self.into_iter().map(A::mirror).collect()
    }
}

impl<A: Mirror<B>, B, E: Mirror<F>, F> Mirror<Result<B, F>> for Result<A, E> {
    fn mirror(self) -> Result<B, F> {
        self.map(A::mirror).map_err(E::mirror)
    }
}

/// Implements [`Mirror`] in both directions for the types of one module and their equivalents in another. The arguments
/// are `[ours] [bindings]`, then the types. A variant can have another name in the bindings.
#[doc(hidden)]
#[macro_export]
macro_rules! mirror_types {
    ([$($ours:tt)*] [$($wit:tt)*]) => {};
    ([$($ours:tt)*] [$($wit:tt)*] record $name:ident { $($field:ident),* } $($rest:tt)*) => {
        impl $crate::Mirror<$($wit)*::$name> for $($ours)*::$name {
            fn mirror(self) -> $($wit)*::$name {
                $($wit)*::$name { $($field: self.$field.mirror()),* }
            }
        }
        impl $crate::Mirror<$($ours)*::$name> for $($wit)*::$name {
            fn mirror(self) -> $($ours)*::$name {
                $($ours)*::$name { $($field: self.$field.mirror()),* }
            }
        }
        $crate::mirror_types! { [$($ours)*] [$($wit)*] $($rest)* }
    };
    ([$($ours:tt)*] [$($wit:tt)*] variant $name:ident { $($cases:tt)* } $($rest:tt)*) => {
        $crate::mirror_types! { [$($ours)*] [$($wit)*] variant $name = $name { $($cases)* } $($rest)* }
    };
    ([$($ours:tt)*] [$($wit:tt)*]
        variant $name:ident = $theirs:ident { $($case:ident $(($payload:ident))?),* } $($rest:tt)*
    ) => {
        impl $crate::Mirror<$($wit)*::$theirs> for $($ours)*::$name {
            fn mirror(self) -> $($wit)*::$theirs {
                type Theirs = $($wit)*::$theirs;
                match self { $(Self::$case $(($payload))? => Theirs::$case $(($payload.mirror()))?),* }
            }
        }
        impl $crate::Mirror<$($ours)*::$name> for $($wit)*::$theirs {
            fn mirror(self) -> $($ours)*::$name {
                type Ours = $($ours)*::$name;
                match self { $(Self::$case $(($payload))? => Ours::$case $(($payload.mirror()))?),* }
            }
        }
        $crate::mirror_types! { [$($ours)*] [$($wit)*] $($rest)* }
    };
}
