//! The decisions of an authentication system: deterministic, and without any input or output of its own.
//!
//! The core opens no socket and no file, reads no clock and draws no random number. Time, randomness, storage,
//! mail and a log come in through [`Platform`]; what happened comes out as values. The same seed, clock and
//! storage give the same bytes. It knows no HTTP and no SQL, and a host takes no decision that belongs here.
//!
//! Start at [`Auth`].

#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a failed test may panic"))]

mod account;
mod auth;
pub mod config;
pub mod contract;
mod deferred;
mod error;
mod identifier;
pub mod jose;
mod limit;
pub mod mail;
pub mod password;
mod platform;
mod secret;
mod session;
pub mod storage;
mod time;

pub use account::{LoginRequest, Registered, Registration};
pub use auth::{Auth, Client};
pub use config::Config;
pub use deferred::Deferred;
pub use error::{AccessTokenError, Error, FieldError, FieldErrorCode, Result};
pub use identifier::{EmailAddress, Username};
pub use mail::{MailContext, MailError, MailKind, Message, Templates};
pub use platform::{Level, Platform, Settings};
pub use secret::{SecretKey, SecretToken};
pub use session::TokenPair;
pub use time::Timestamp;
