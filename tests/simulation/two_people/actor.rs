//! A person who acts.

use auth_core::Tokens;

use super::person::{Gain, Numbers, Person};
use super::rules::{Rules, Service};

/// A person who acts.
pub(super) struct Actor<'a> {
    pub(super) auth: &'a Service,
    pub(super) rules: Rules,
    pub(super) me: Person,
    pub(super) other: Person,
    /// The address that most actions are about.
    pub(super) topic: &'static str,
    pub(super) numbers: Numbers,
}

pub(super) fn gain(action: &'static str, is_done: bool) -> Gain {
    Gain {
        action,
        is_done,
        ..Gain::default()
    }
}

pub(super) fn text(tokens: &Tokens) -> String {
    match tokens {
        Tokens::Opaque(opaque) => opaque.token.to_string(),
        Tokens::Jwt(pair) => pair.access_token.clone(),
    }
}
