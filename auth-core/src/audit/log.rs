//! The audit log as administrators read it.

use crate::audit::AuditLog;
use crate::deferred::work::{Deferred, Task};
use crate::error::Result;
use crate::platform::Platform;
use crate::storage::{AuditEvent, AuditQuery, EventCount, Storage as _};

impl<P: Platform> AuditLog<'_, P> {
    /// Has it told with which settings the service goes on, secrets aside, unless these were the last that were told.
    pub fn record_startup(self) {
        let context = self.context;
        context.platform.defer(Deferred(Task::Settings));
    }

    /// A page of the audit log, newest first, and the place where the next one begins.
    ///
    /// # Errors
    /// A failure of the platform.
    pub async fn list(self, mut query: AuditQuery) -> Result<(Vec<AuditEvent>, bool)> {
        let context = self.context;
        let wanted = query.limit;
        query.limit += 1;
        let mut events = context.storage().list_audit(query).await?;
        let more = events.len() as u64 > wanted;
        events.truncate(wanted as usize);
        Ok((events, more))
    }

    /// How often each event has happened, by kind and reason.
    ///
    /// # Errors
    /// A failure of the platform.
    pub async fn counts(self) -> Result<Vec<EventCount>> {
        let context = self.context;
        Ok(context.storage().count_events().await?)
    }
}
