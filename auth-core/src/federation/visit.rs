//! A visit: a person who arrives from a provider, on the way to a session.

use core::sync::atomic::AtomicBool;

use crate::client::Client;
use crate::federation::completion_token::Filled;
use crate::federation::person::Person;
use crate::sessions::transport::TokenFormat;

/// A person who arrives from a provider.
pub(super) struct Visit<'a> {
    /// The person.
    pub(super) person: &'a Person,
    /// The data by which they complete a first sign-in.
    pub(super) filled: Option<&'a Filled>,
    /// The format of the session's tokens.
    pub(super) format: TokenFormat,
    /// Tokens of the sessions that the new session replaces.
    pub(super) replaces: &'a [&'a str],
    /// The client.
    pub(super) client: &'a Client,
    /// Whether the sign-up was counted, which happens once however often it is decided again.
    pub(super) is_counted: AtomicBool,
}
