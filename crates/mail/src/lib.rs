//! Handing messages to e-mail services over HTTP: which request to make, and what its answer means.
//!
//! No input or output happens here. A host loads a [`MailConfig`], asks it for the request of a message, sends
//! that with what its platform has, and asks [`accepted`] about the answer.

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
