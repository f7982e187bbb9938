//! Completes a first sign-in with the data that the provider does not have.

use core::sync::atomic::AtomicBool;

use serde_json::{Map, Value};

use crate::client::Client;
use crate::error::{Error, Result};
use crate::federation::Federation;
use crate::federation::completion_token::Filled;
use crate::federation::exchange::Exchange;
use crate::federation::person::Person;
use crate::federation::resolve::resolve;
use crate::federation::visit::Visit;
use crate::identifier::{EmailAddress, Username};
use crate::one_time_secret::{Purpose, Sealed, open_sealed, peek};
use crate::platform::Platform;
use crate::profile::display_name;
use crate::sessions::transport::TokenFormat;
use crate::storage::OneTimeSecrets as _;

/// The data with which a person completes a first sign-in.
#[derive(Clone, Copy)]
pub struct Completion<'a> {
    /// The token of the exchange.
    pub token: &'a str,
    /// E-mail address; `None` means the provider's.
    pub email: Option<&'a str>,
    /// User name.
    pub username: Option<&'a str>,
    /// Display name; `None` means the provider's.
    pub display_name: Option<&'a str>,
    /// Values of the declared extra fields.
    pub profile: Option<&'a Map<String, Value>>,
    /// The format of the session's tokens.
    pub token_format: TokenFormat,
    /// Tokens of the sessions that the new session replaces. These sessions end.
    pub replaces: &'a [&'a str],
}

impl<P: Platform> Federation<'_, P> {
    /// Completes a first sign-in. The token is used up once there is an account; until then, wrong data can be
    /// corrected. An address that the provider has not verified is treated as at a registration: where it must be
    /// verified first, the answer doesn't reveal whether it is taken.
    ///
    /// # Errors
    /// [`Error::Link`] for the token, [`Error::Invalid`] with every broken rule, [`Error::UsernameTaken`], and those of
    /// [`exchange`](Self::exchange) except the code's.
    pub async fn complete(self, given: Completion<'_>, client: &Client) -> Result<Exchange> {
        let context = self.context;
        let purpose = Purpose::OauthCompletion;
        let usable = peek::<Sealed, _>(context, purpose, given.token).await?;
        let sealed = &usable.payload.sealed;
        let person: Person = open_sealed(context, purpose, given.token, &usable.digest, sealed)?;
        let filled = filled(given)?;
        let visit = Visit {
            person: &person,
            filled: Some(&filled),
            format: given.token_format,
            replaces: given.replaces,
            client,
            is_counted: AtomicBool::new(false),
        };
        let exchange = resolve(context, &visit).await?;
        let (purpose, now) = (purpose.as_str().to_owned(), context.now());
        context
            .storage()
            .consume_one_time_secret(usable.digest, purpose, now)
            .await?;
        Ok(exchange)
    }
}

fn filled(given: Completion<'_>) -> Result<Filled> {
    let is_there = |text: &&str| !text.trim().is_empty();
    let email = given.email.filter(is_there).map(EmailAddress::parse);
    let username = given.username.filter(is_there).map(Username::parse);
    let shown = display_name(given.display_name);
    match (email.transpose(), username.transpose(), shown) {
        (Ok(email), Ok(username), Ok(display_name)) => Ok(Filled {
            email,
            username,
            display_name,
            profile: given.profile.cloned().unwrap_or_default(),
        }),
        (email, username, shown) => {
            let broken = [email.err(), username.err(), shown.err()];
            Err(Error::Invalid(broken.into_iter().flatten().collect()))
        }
    }
}
