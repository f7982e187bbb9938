//! The audit log as administrators read it.

use crate::audit::AuditLog;
use crate::deferred::task::{Deferred, Task};
use crate::error::Result;
use crate::platform::Platform;
use crate::storage::{Audit as _, AuditPage, AuditQuery, EventCount};

impl<P: Platform> AuditLog<'_, P> {
    /// Has it told with which version and settings the service goes on, secrets aside, unless these were the last that were told.
    pub fn record_startup(self) {
        let context = self.context;
        context.platform.defer(Deferred(Task::Settings));
    }

    /// A page of the audit log, newest first.
    ///
    /// # Errors
    /// A failure of the platform.
    pub async fn list(self, query: AuditQuery) -> Result<AuditPage> {
        Ok(self.context.storage().list_audit(query).await?)
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
