//! Work that nobody waits for.

use zeroize::Zeroizing;

use crate::client::Client;
use crate::identifier::EmailAddress;
use crate::mail::message::Message;
use crate::storage::{AuditEvent, Credential, LoginName, User};
use crate::time::Timestamp;

/// Work that nobody waits for.
pub struct Deferred(pub(crate) Task);

/// What there is to do.
pub(crate) enum Task {
    /// Tell a person something.
    Mail(Message),
    /// Store an event of the audit log.
    Audit(Box<AuditEvent>),
    /// Note that nobody gets into an account until then, and tell its owner.
    Lock {
        name: LoginName,
        until: Timestamp,
        client: Client,
    },
    /// Tell with which settings the service goes on, unless that was told.
    Settings,
    /// Write a warning, unless that was done.
    Warn(Warning),
    /// Send a user the link that verifies this address anew; none: do the same, and send nothing.
    VerificationLink {
        address: EmailAddress,
        user: Option<Box<User>>,
        client: Client,
    },
    /// Say that a session was used.
    Touch(String),
    /// Bring a stored hash, which this password has just matched and which proves it, to the current parameters.
    Rehash {
        credential: Credential,
        password: Zeroizing<String>,
    },
}

/// A line for the operator.
pub(crate) struct Warning {
    pub(crate) message: &'static str,
    pub(crate) fields: Vec<(&'static str, String)>,
}

impl Deferred {
    /// Whether it waits for an e-mail service, and not for storage.
    pub fn is_mail(&self) -> bool {
        matches!(self.0, Task::Mail(_))
    }
}
