//! The token with which a person completes a first sign-in, and the data that they complete it with.

use core::time::Duration;

use serde_json::{Map, Value};

use crate::context::Context;
use crate::error::Result;
use crate::federation::exchange::CompletionRequired;
use crate::federation::person::Person;
use crate::identifier::{EmailAddress, Username};
use crate::one_time_secret::{Purpose, create_sealed_secret};
use crate::platform::Platform;

/// How long a first sign-in waits for the data that it lacks.
const COMPLETION_LIFE: Duration = Duration::from_secs(1800);

/// The data of a completion, each valid by itself.
pub(super) struct Filled {
    /// The e-mail address.
    pub(super) email: Option<EmailAddress>,
    /// The user name.
    pub(super) username: Option<Username>,
    /// The display name.
    pub(super) display_name: Option<String>,
    /// Values of the declared extra fields, not checked.
    pub(super) profile: Map<String, Value>,
}

/// Creates the answer to a first sign-in that lacks these fields.
pub(super) async fn completion_required<P: Platform>(
    context: &Context<P>,
    person: &Person,
    missing: Vec<String>,
) -> Result<CompletionRequired> {
    let (purpose, life) = (Purpose::OauthCompletion, COMPLETION_LIFE);
    Ok(CompletionRequired {
        token: create_sealed_secret(context, purpose, None, person, life).await?,
        expires_in: life.as_secs(),
        missing,
        email: person.email.clone(),
        username: person.username.clone(),
        display_name: person.name.clone(),
    })
}
