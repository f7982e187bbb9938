//! The decisions of an authentication system: deterministic, and without any input or output of its own.
//!
//! The core opens no socket and no file, reads no clock and draws no random number. Time, randomness, storage, mail and
//! a log are provided by [`Platform`]; results are returned as values. The same seed, clock and storage give the same
//! bytes. The core knows no HTTP and no SQL, and hosts make no decisions that belong here.
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
mod admin;
mod audit;
mod auth;
mod client;
pub mod config;
mod context;
mod contract;
mod credential;
mod deferred;
mod domain;
mod error;
mod federation;
mod identifier;
mod identities;
pub mod jose;
pub mod json;
pub mod mail;
mod mfa;
mod new_id;
mod normal_form;
mod one_time_secret;
mod outbound;
pub mod password;
mod platform;
mod profile;
mod rate_limits;
mod secret;
mod secret_key_check;
mod sessions;
mod sign_in;
mod signing_keys;
#[cfg(test)]
mod stand_in;

/// The storage contract.
pub use gatewright_storage as storage;

/// The version of the service.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Points in time.
mod time {
    pub(crate) use gatewright_storage::Timestamp;
}

pub use account::Accounts;
pub use account::registration::{Registered, Registration};
pub use account::sign_in_methods::SignInMethods;
pub use account::update::AccountUpdate;
pub use admin::actor::Actor;
pub use admin::permissions::Permissions;
pub use admin::roles::{RoleUpdate, Roles};
pub use admin::setup::{FirstAdministrator, Setup};
pub use admin::transfer::record::{
    CreatedUser, IgnoredField, ImportIdentity, ImportOptions, ImportOutcome, ImportUser,
};
pub use admin::users::Users;
pub use admin::users::creation::NewAccount;
pub use admin::users::fields::UserUpdate;
pub use admin::users::impersonation::Impersonation;
pub use audit::AuditLog;
pub use auth::Auth;
pub use client::Client;
pub use client::device_name::device_name;
pub use client::device_token::DeviceToken;
pub use client::ip_block::IpBlock;
pub use client::network::blocks_of;
pub use config::Config;
pub use deferred::task::Deferred;
pub use error::{
    AccessTokenError, Error, ErrorCode, FieldError, FieldErrorCode, LinkError, Result,
};
pub use federation::Federation;
pub use federation::arrival::{CallbackRequest, Failed, Returned};
pub use federation::code::{Continuation, FlowCookies, Presented};
pub use federation::completion::Completion;
pub use federation::exchange::{CompletionRequired, Exchange, Exchanged};
pub use federation::flow::{FlowCookie, FlowPurpose};
pub use federation::link_policy::LinkPolicy;
pub use federation::presets::{preset_icon, preset_issuers};
pub use federation::profile_map::ProfileMap;
pub use federation::provider::{PERSONAL_TENANT, SUBJECT_MAX};
pub use federation::providers::ProviderInfo;
pub use federation::start::{StartRequest, Started};
pub use gatewright_storage::Timestamp;
pub use identifier::{EmailAddress, Username, canonical, email_key};
pub use identities::Identities;
pub use identities::identity::LinkedIdentity;
pub use identities::upstream_token::UpstreamToken;
pub use mail::{MailContext, MailError, MailKind, Message, Templates};
pub use mfa::enrolment::TotpEnrolment;
pub use mfa::limited::MissingFactor;
pub use mfa::requirement::RequireMfa;
pub use mfa::{Mfa, totp};
pub use outbound::{FETCH_LIMIT, FETCH_TIMEOUT, OutboundMethod, OutboundRequest, OutboundResponse};
pub use platform::{Level, Platform, Settings};
pub use profile::{Editor, FieldKind, ProfileField, ProfileFields};
pub use secret::{SecretKey, SecretToken};
pub use secret_key_check::{is_secret_key_of, wrong_secret_key};
pub use sessions::Sessions;
pub use sessions::tokens::{MAX_ACCESS_TOKEN, OpaqueToken, TokenPair, Tokens};
pub use sessions::transport::{SessionTransport, TokenFormat};
pub use sign_in::SignIn;
pub use sign_in::challenge::MfaChallenge;
pub use sign_in::login::{Login, LoginRequest};
pub use sign_in::reauthentication::Evidence;
pub use signing_keys::SigningKeys;
