//! One of two storages, for a host that chooses between them when it starts.

use crate::generated::*;
use crate::time::Timestamp;

/// One of two storages. Each function of the contract is that of the one in use.
#[derive(Debug, Clone)]
pub enum Either<A, B> {
    /// The first is in use.
    First(A),
    /// The second is in use.
    Second(B),
}

macro_rules! delegate {
    ($($noun:ident in $module:ident {
        $($name:ident($($argument:ident: $ty:ty),*) -> $output:ty;)*
    })*) => {
        $(impl<A: $noun, B: $noun> $noun for Either<A, B> {
            $(async fn $name(&self, $($argument: $ty),*) -> Result<$output, StorageError> {
                match self {
                    Self::First(storage) => storage.$name($($argument),*).await,
                    Self::Second(storage) => storage.$name($($argument),*).await,
                }
            })*
        })*
    };
}
storage_functions!(delegate);
