//! Delivery of messages by e-mail services over HTTP: the request to send, and the meaning of its response.
//!
//! This crate does no input or output. A host loads a [`MailConfig`], gets the request of a message from it, sends the
//! request by the means of its platform, and passes the status of the response to [`accepted`].

#![forbid(unsafe_code)]
#![cfg_attr(
    test,
    allow(clippy::disallowed_methods, reason = "tests read JSON that they know")
)]
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a failed test may panic"))]

mod delivery;
mod request;
mod settings;

pub use delivery::{Delivery, TIMEOUT, accepted, console};
pub use settings::{MailConfig, Mailbox, Provider};
