//! Mails to users.

pub(crate) mod context;
pub(crate) mod delivery;
pub(crate) mod kind;
pub(crate) mod link;
pub(crate) mod message;
pub(crate) mod outbox;
pub(crate) mod receiver;
pub(crate) mod templates;

pub use context::MailContext;
pub use kind::{BuiltIn, MailKind};
pub use message::{MailError, Message};
pub use templates::Templates;
