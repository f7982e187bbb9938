//! Delivery of messages to a mail server by SMTP.
//!
//! Every message gets its own connection. A reused connection would belong to the runtime that opened it, and a
//! caller that stops waiting would leave half a command in it for the next message.

#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a failed test may panic"))]

mod failure;
mod mailer;
mod message;
mod plain;
mod settings;
mod tls;

pub use crate::mailer::Mailer;
pub use crate::settings::{Security, SmtpConfig};
