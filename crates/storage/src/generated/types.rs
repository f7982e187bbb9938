//! Types that all storage interfaces share, and the rules of every function.
//!
//! Storage is described in the nouns of authentication, never in those of a database. Each noun has its own interface.
//!
//! Three rules apply to every function:
//!
//! - **One call is atomic.** Either all of its effects happen or none, even if the caller or the provider crashes
//!   halfway. Anything that must happen once is therefore one function, never a read followed by a write.
//! - **A lost race is a result, not an error.** Where two callers can collide, the result reports which of them won.
//!   A `StorageError` means that storage could not do its work.
//! - **Every effect is durable before it is acknowledged.** After a function has returned, a crash loses none of its
//!   effects.
//!
//! Text that a person chose is stored unchanged. Every compared text (an e-mail address, a user name) is accompanied by
//! a canonical key that the caller has computed. A provider compares keys byte by byte.
//!
//! A provider must never log a `digest`, or a field that is named `secret`, `ciphertext` or `tokens`.
//!
//! Generated from `wit/` by `cargo xtask generate`: change it there.

use crate::time::Timestamp;

/// Storage could not do its work. A lost race is never reported as an error.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum StorageError {
    /// The database can't be reached, is busy past its time-out, is full or is read-only. As far as is known, nothing
    /// was changed. The same call may succeed later. The text is for the operator's log.
    Unavailable(String),
    /// The database returned something that this contract rules out, such as a newer schema or an unreadable row.
    /// Retrying does not help. The text is for the operator's log.
    Invalid(String),
}

/// A half-open range of time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct TimeRange {
    /// The first point in time inside the range. `none` means no lower bound.
    pub begin: Option<Timestamp>,
    /// The first point in time after the range. `none` means no upper bound.
    pub end: Option<Timestamp>,
}
