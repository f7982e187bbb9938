//! Writes what an administrator changes into a user.

use serde_json::{Map, Value};

use crate::context::Context;
use crate::error::{FieldError, FieldErrorCode};
use crate::identifier::{EmailAddress, Username};
use crate::platform::Platform;
use crate::profile::{Editor, display_name};
use crate::storage::User;

/// What an administrator changes of a user; what is none stays as it is, and an empty text takes away.
#[derive(Clone, Copy, Default)]
pub struct UserUpdate<'a> {
    /// Another address. It counts as not verified unless that is said as well.
    pub email: Option<&'a str>,
    /// Whether he is known to receive mail at his address.
    pub email_verified: Option<bool>,
    /// Another user name.
    pub username: Option<&'a str>,
    /// Another name to show.
    pub display_name: Option<&'a str>,
    /// Values of the declared extra fields; null takes one away.
    pub profile: Option<&'a Map<String, Value>>,
}

/// Writes a change into a user, if it keeps the rules.
pub(super) fn write_update<P: Platform>(
    context: &Context<P>,
    user: &mut User,
    update: UserUpdate<'_>,
    registering: bool,
) -> Result<(), Vec<FieldError>> {
    let mut broken = Vec::new();
    let given = |text: &&str| !text.trim().is_empty();
    if let Some(text) = update.email {
        match Some(text)
            .filter(given)
            .map(EmailAddress::parse)
            .transpose()
        {
            Ok(email) => {
                let email = email.map(|email| email.as_str().to_owned());
                if email != user.email {
                    user.email_verified_at = None;
                }
                user.email = email;
            }
            Err(rule) => broken.push(rule),
        }
    }
    match (update.email_verified, &user.email) {
        (Some(true), Some(_)) => {
            user.email_verified_at.get_or_insert_with(|| context.now());
        }
        (Some(false), _) | (_, None) => user.email_verified_at = None,
        (None, Some(_)) => {}
    }
    if let Some(text) = update.username {
        match Some(text).filter(given).map(Username::parse).transpose() {
            Ok(name) => user.username = name.map(|name| name.as_str().to_owned()),
            Err(rule) => broken.push(rule),
        }
    }
    if broken.is_empty() && user.email.is_none() && user.username.is_none() {
        let message = "An address or a user name is needed to sign in.";
        broken.push(FieldError::new("email", FieldErrorCode::Required, message));
    }
    if let Some(text) = update.display_name {
        match display_name(Some(text)) {
            Ok(name) => user.display_name = name,
            Err(rule) => broken.push(rule),
        }
    }
    if let Some(given) = update.profile {
        let fields = &context.config.profile_fields;
        match fields.change(&user.profile, given, Editor::Admin, registering) {
            Ok(profile) => user.profile = profile,
            Err(rules) => broken.extend(rules),
        }
    }
    if broken.is_empty() {
        Ok(())
    } else {
        Err(broken)
    }
}
