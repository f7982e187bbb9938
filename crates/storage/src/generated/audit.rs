//! What happened and matters to security.
//!
//! Generated from `wit/` by `cargo xtask generate`: change it there.

use crate::cursor::Cursor;
use crate::time::Timestamp;
use super::types::StorageError;
use super::types::TimeRange;

/// Something that happened and matters to security. It never changes.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct AuditEvent {
    /// Identifier.
    pub id: String,
    /// When it happened.
    pub at: Timestamp,
    /// What it was, such as `login.failed`.
    pub kind: String,
    /// Why, for what failed.
    pub reason: Option<String>,
    /// The user who did it; none: nobody was signed in.
    pub actor_id: Option<String>,
    /// What sort of thing it was done to, such as `user`.
    pub target_type: Option<String>,
    /// Identifier of that thing.
    pub target_id: Option<String>,
    /// The session it was done in.
    pub session_id: Option<String>,
    /// Address that the request came from.
    pub ip: Option<String>,
    /// `User-Agent` of the request.
    pub user_agent: Option<String>,
    /// Identifier of the request.
    pub request_id: Option<String>,
    /// Further facts as one JSON object; never a secret.
    pub details: String,
}

/// Which events are listed, newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct AuditQuery {
    /// Their kind. A text that ends with a full stop stands for all kinds that begin with it.
    pub kind: Option<String>,
    /// The user who did it.
    pub actor_id: Option<String>,
    /// What it was done to.
    pub target_id: Option<String>,
    /// When it happened.
    pub at: TimeRange,
    /// Where the page begins; none: with the newest event.
    pub after: Option<Cursor>,
    /// Maximum number of events of a page, 1 to 500.
    pub limit: u64,
}

/// A page of events.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct AuditPage {
    /// The events, newest first.
    pub events: Vec<AuditEvent>,
    /// Where the next page begins; none: this was the last page.
    pub next: Option<Cursor>,
}

/// How often something has happened.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct EventCount {
    /// Kind of the events.
    pub kind: String,
    /// Reason of the events; the empty text is none.
    pub reason: String,
    /// How many there were since the database was created.
    pub count: u64,
}

/// What happened and matters to security.
#[allow(async_fn_in_trait, reason = "futures are Send where the platform's are; Workers' are not")]
pub trait Audit {
    /// Stores an event, and counts it by its kind and reason. False: an event of that identifier exists; nothing changes.
    ///
    /// Atomic. No function changes or deletes an event but `purge`.
    async fn append_audit(&self, event: AuditEvent) -> Result<bool, StorageError>;

    /// A page of events, newest first. Events of the same time are sorted by identifier, descending.
    async fn list_audit(&self, query: AuditQuery) -> Result<AuditPage, StorageError>;

    /// How often each event has happened, by kind and reason. Events that were deleted since are counted, too.
    async fn count_events(&self) -> Result<Vec<EventCount>, StorageError>;
}
