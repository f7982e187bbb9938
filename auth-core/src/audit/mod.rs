//! The audit log: the events that matter to security.

pub(crate) mod append;
pub(crate) mod event;
pub(crate) mod log;
pub(crate) mod record;
pub(crate) mod settings;

use crate::context::service;

service! {
    /// The audit log.
    AuditLog
}
