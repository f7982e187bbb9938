//! The audit log: security events.
//!
//! Functions with a parameter or a field `events` store the events that tell of their change together with it.
//!
//! Generated from `wit/` by `cargo xtask generate`: change it there.

use crate::cursor::Cursor;
use crate::time::Timestamp;
use super::types::StorageError;
use super::types::TimeRange;

/// A security event. It never changes.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct AuditEvent {
    /// Identifier.
    pub id: String,
    /// When the event happened.
    pub at: Timestamp,
    /// The kind of event, such as `login.failed`.
    pub kind: String,
    /// The reason of a failure.
    pub reason: Option<String>,
    /// The user who caused the event. `none` means that nobody was signed in.
    pub actor_id: Option<String>,
    /// The type of the target, such as `user`.
    pub target_type: Option<String>,
    /// The identifier of the target.
    pub target_id: Option<String>,
    /// The session in which the event happened.
    pub session_id: Option<String>,
    /// The IP address that the request came from.
    pub ip: Option<String>,
    /// The `User-Agent` of the request.
    pub user_agent: Option<String>,
    /// The identifier of the request.
    pub request_id: Option<String>,
    /// Further facts as one JSON object; never a secret.
    pub details: String,
}

/// The filters and the position of a page of events. An event is listed if it passes every filter; a filter that is
/// `none` passes all events.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct AuditQuery {
    /// The kind of event. A text that ends with a full stop matches all kinds that begin with it.
    pub kind: Option<String>,
    /// The user who caused the event.
    pub actor_id: Option<String>,
    /// The identifier of the target.
    pub target_id: Option<String>,
    /// The range of time in which the event happened.
    pub at: TimeRange,
    /// Where the page begins. `none` means at the newest event.
    pub after: Option<Cursor>,
    /// Maximum number of events on a page, 1 to 500.
    pub limit: u64,
}

/// A page of events.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct AuditPage {
    /// The events, newest first.
    pub events: Vec<AuditEvent>,
    /// Where the next page begins. `none` means that this was the last page.
    pub next: Option<Cursor>,
}

/// The number of events of one kind and reason.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct EventCount {
    /// The kind of the events.
    pub kind: String,
    /// The reason of the events; empty for events without a reason.
    pub reason: String,
    /// The number of events since the database was created.
    pub count: u64,
}

/// The audit log: security events.
///
/// Functions with a parameter or a field `events` store the events that tell of their change together with it.
#[allow(async_fn_in_trait, reason = "futures are Send where the platform's are; Workers' are not")]
pub trait Audit {
    /// Stores an event and counts it by its kind and reason. Returns false, and changes nothing, if an event with this
    /// identifier exists.
    ///
    /// Atomic. No function but `purge` changes or deletes an event.
    async fn append_audit(&self, event: AuditEvent) -> Result<bool, StorageError>;

    /// Returns a page of events, newest first. Events of the same time are sorted by identifier, descending.
    async fn list_audit(&self, query: AuditQuery) -> Result<AuditPage, StorageError>;

    /// Returns the number of events by kind and reason. Events that have been deleted are still counted.
    async fn count_events(&self) -> Result<Vec<EventCount>, StorageError>;
}
