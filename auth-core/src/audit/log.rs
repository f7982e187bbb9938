//! The audit log, as administrators read it.

use crate::audit::AuditLog;
use crate::deferred::task::{Deferred, Task};
use crate::error::Result;
use crate::platform::Platform;
use crate::storage::{Audit as _, AuditPage, AuditQuery, EventCount};

impl<P: Platform> AuditLog<'_, P> {
    /// Records the version and the settings of the service, without secrets, unless the last recorded ones are the
    /// same. The work is deferred.
    pub fn record_startup(self) {
        let context = self.context;
        context.platform.defer(Deferred(Task::Settings));
    }

    /// Returns a page of the audit log, newest first.
    ///
    /// # Errors
    /// A failure of the platform.
    pub async fn list(self, query: AuditQuery) -> Result<AuditPage> {
        Ok(self.context.storage().list_audit(query).await?)
    }

    /// Returns the number of events, by kind and reason.
    ///
    /// # Errors
    /// A failure of the platform.
    pub async fn counts(self) -> Result<Vec<EventCount>> {
        let context = self.context;
        Ok(context.storage().count_events().await?)
    }
}
