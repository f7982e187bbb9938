//! Storage that can hold a call.

use auth_core::storage::Storage;

/// Storage that can hold a call before it is committed.
pub trait Overlap {
    /// Storage whose calls are held.
    type First: Storage;
    /// Storage whose calls are not.
    type Second: Storage + Sync;

    /// Returns the storage whose calls are not held.
    fn storage(&self) -> &Self::Second;

    /// Makes a call that is held until the second call waits for it or has returned. Returns the result of the second.
    fn overlap<T: Send>(
        &self,
        first: impl FnOnce(&Self::First) + Send,
        second: impl FnOnce(&Self::Second) -> T + Send,
    ) -> T;
}
