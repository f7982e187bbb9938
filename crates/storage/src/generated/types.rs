//! What all interfaces of storage share.
//!
//! Storage is described in the nouns of authentication, never in those of a database. Each noun has its own interface.
//!
//! Three rules hold for every function:
//!
//! - **One call is atomic.** Either all of its effects happen or none, even if the caller or the provider crashes
//!   halfway. What must happen once is therefore one function, never a read followed by a write.
//! - **A lost race is an answer, not an error.** Where two callers can collide, the result says which of them won.
//!   `StorageError` means that storage could not do its work.
//! - **Every effect is acknowledged after it is durable.** Once a function has returned, a crash loses nothing of it.
//!
//! Text that a person chose is stored unchanged. Whatever is compared (an e-mail address, a user name) comes with a
//! canonical key that the caller has computed. A provider compares keys byte by byte.
//!
//! A provider must never log a `digest`, or a field that is called `secret` or `ciphertext`.
//!
//! Generated from `wit/` by `cargo xtask generate`: change it there.

use crate::time::Timestamp;

/// Storage could not do its work. A lost race is never one of these.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum StorageError {
    /// The database can't be reached, is busy past its time-out, full or read-only. As far as is known, nothing was
    /// changed. The same call may succeed later. The text is for the operator's log.
    Unavailable(String),
    /// The database answered with something that this contract rules out: a newer schema, a row that can't be read.
    /// Retrying does not help. The text is for the operator's log.
    Invalid(String),
}

/// A range of time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct TimeRange {
    /// The first point in time of the range; none: no lower bound.
    pub begin: Option<Timestamp>,
    /// The first point in time after the range; none: no upper bound.
    pub end: Option<Timestamp>,
}
