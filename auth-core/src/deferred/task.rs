//! Deferred work, which no request waits for.

use zeroize::Zeroizing;

use crate::client::Client;
use crate::identifier::EmailAddress;
use crate::mail::message::Message;
use crate::storage::{AuditEvent, Credential, LoginName, User};
use crate::time::Timestamp;

/// Deferred work, which no request waits for.
pub struct Deferred(pub(crate) Task);

/// The kinds of deferred work.
pub(crate) enum Task {
    /// Send a mail.
    Mail(Message),
    /// Store an event of the audit log.
    Audit(Box<AuditEvent>),
    /// Record that an account is locked until this time, and notify its owner.
    Lock {
        name: LoginName,
        until: Timestamp,
        client: Client,
    },
    /// Record the current settings, unless they are already recorded.
    Settings,
    /// Log a warning, unless it was logged recently.
    Warn(Warning),
    /// Send the user the verification link for this address again. If `user` is `None`, do the same work and send
    /// nothing.
    VerificationLink {
        address: EmailAddress,
        user: Option<Box<User>>,
        client: Client,
    },
    /// Store the time of a session's last use.
    Touch(String),
    /// Rehash a stored password with the current parameters. The password has just matched the hash, which proves it.
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
    /// Whether the work waits for an e-mail service instead of storage.
    pub fn is_mail(&self) -> bool {
        matches!(self.0, Task::Mail(_))
    }
}
