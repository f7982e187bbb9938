//! Deferred work, which no request waits for.

use zeroize::Zeroizing;

use crate::client::Client;
use crate::identifier::EmailAddress;
use crate::mail::message::Message;
use crate::storage::{AuditEvent, Credential, Document, LoginName, User};
use crate::time::Timestamp;

/// Deferred work, which no request waits for.
pub struct Deferred(pub(crate) Task);

/// The kinds of deferred work.
pub(crate) enum Task {
    /// Send a mail.
    Mail(Message),
    /// Send a mail to an address that nobody has proved, unless it gets too many: it may belong to a stranger.
    MailToUnproved(Message),
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
    /// Store what a sign-in says about its identity.
    UseIdentity(Box<IdentityUse>),
    /// Store the time of a session's last use.
    Touch(String),
    /// Fetch a document of a sign-in provider again, and store it.
    RefreshDocument(DocumentPlace),
    /// Store a document of a sign-in provider.
    StoreDocument(Document),
    /// Rehash a stored password with the current parameters. The password has just matched the hash, which proves it.
    Rehash {
        credential: Credential,
        password: Zeroizing<String>,
    },
}

/// The place of a document of a sign-in provider.
#[derive(Clone)]
pub(crate) struct DocumentPlace {
    /// The name of the provider.
    pub(crate) provider: String,
    pub(crate) kind: DocumentKind,
    pub(crate) url: String,
}

/// The kind of a document of a sign-in provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DocumentKind {
    /// The metadata of an issuer.
    Metadata,
    /// The keys of an issuer.
    Keys,
}

/// The use of an identity.
pub(crate) struct IdentityUse {
    pub(crate) issuer: String,
    pub(crate) subject: String,
    /// The address that the provider says.
    pub(crate) email: Option<String>,
    pub(crate) at: Timestamp,
    /// The provider's tokens before and after, encrypted. `None` means that they stay.
    pub(crate) tokens: Option<(Option<String>, Option<String>)>,
}

/// A line for the operator.
pub(crate) struct Warning {
    pub(crate) message: &'static str,
    pub(crate) fields: Vec<(&'static str, String)>,
}

impl Deferred {
    /// Whether the work waits for another service instead of storage.
    pub fn calls_a_service(&self) -> bool {
        matches!(
            self.0,
            Task::Mail(_) | Task::MailToUnproved(_) | Task::RefreshDocument(_)
        )
    }
}
