//! Messages to people.

mod context;
mod kind;
mod message;
pub(crate) mod templates;

pub use context::MailContext;
pub use kind::{BuiltIn, MailKind};
pub use message::{MailError, Message};
pub use templates::Templates;
