//! The decisions of an authentication system: deterministic, and without any input or output of its own.
//!
//! The core opens no socket and no file, reads no clock and draws no random number. Time, randomness, storage,
//! mail and a log come in through [`Platform`]; what happened comes out as values. The same seed, clock and
//! storage give the same bytes. It knows no HTTP and no SQL, and a host takes no decision that belongs here.
//!
//! Start at [`Auth`].

#![forbid(unsafe_code)]
#![cfg_attr(
    test,
    allow(clippy::disallowed_methods, reason = "tests read JSON that they know")
)]
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a failed test may panic"))]

pub mod access;
mod account;
mod administration;
mod audit;

mod auth;
mod change;
pub mod config;
pub mod contract;
mod deferred;
mod device;
mod email;
mod equal_work;
mod error;
mod factor;
mod grounds;
mod identifier;
mod ip_block;
pub mod jose;
pub mod json;
mod known_device;
mod limit;
mod link;
mod login;
pub mod mail;
mod network;
pub mod password;
mod platform;
mod profile;
mod quota;
mod recovery;
mod refresh_token;
mod roles;
mod secret;
mod session;
mod setup;
pub mod storage;
mod time;
pub mod totp;
mod transfer;
mod warning;

pub use account::{AccountUpdate, Registered, Registration, SignInMethods};
pub use administration::{Actor, Impersonation, NewAccount, UserUpdate};
pub use auth::{Auth, Client};
pub use config::Config;
pub use deferred::Deferred;
pub use device::device_name;
pub use email::Proof;
pub use error::{AccessTokenError, Error, FieldError, FieldErrorCode, LinkError, Result};
pub use factor::TotpEnrolment;
pub use identifier::{EmailAddress, Username, canonical};
pub use ip_block::IpBlock;
pub use known_device::DeviceToken;
pub use login::{Login, LoginRequest, MfaChallenge};
pub use mail::{MailContext, MailError, MailKind, Message, Templates};
pub use platform::{FETCH_LIMIT, FETCH_TIMEOUT, Level, Platform, Settings};
pub use profile::{Editor, FieldKind, ProfileField, ProfileFields};
pub use roles::RoleUpdate;
pub use secret::{SecretKey, SecretToken};
pub use session::{Carrier, OpaqueToken, TokenPair, Tokens, Transport};
pub use setup::FirstAdministrator;
pub use time::Timestamp;
pub use transfer::{ImportOutcome, ImportUser};
