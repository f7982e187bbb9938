//! The one-time code by which a front end gets the result of a flow.

use core::time::Duration;
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;

use crate::context::Context;
use crate::error::{Error, Result};
use crate::federation::flow::FlowPurpose;
use crate::federation::person::Person;
use crate::federation::pkce;
use crate::json;
use crate::one_time_secret::{Purpose, Sealed, create_sealed_secret, open_sealed};
use crate::platform::Platform;
use crate::secret::{SecretToken, digest};
use crate::sessions::transport::SessionTransport;
use crate::storage::OneTimeSecrets as _;

/// How long a code can be presented.
const LIFE: Duration = Duration::from_secs(60);

/// A code as a front end presents it.
#[derive(Clone, Copy)]
pub struct Presented<'a> {
    /// The code.
    pub code: &'a str,
    /// The verifier of the challenge with which the flow began.
    pub verifier: Option<&'a str>,
    /// The cookies of all flows.
    pub flows: &'a FlowCookies<'a>,
}

/// The cookies of the flows of one browser.
#[derive(Default)]
pub struct FlowCookies<'a> {
    cookies: Vec<(&'a str, &'a str)>,
    ended: OnceLock<usize>,
}

impl<'a> FlowCookies<'a> {
    /// Returns cookies with these identifiers and values.
    pub fn new(cookies: Vec<(&'a str, &'a str)>) -> Self {
        let ended = OnceLock::new();
        Self { cookies, ended }
    }

    /// Returns the identifier of the flow that has ended, because its code was presented with these cookies.
    pub fn ended(&self) -> Option<&'a str> {
        let at = *self.ended.get()?;
        self.cookies.get(at).map(|(id, _)| *id)
    }

    /// Whether there is a cookie whose value has this digest. Its flow has ended.
    fn end(&self, expected: &str) -> bool {
        let is_expected =
            |(_, value): &(&str, &str)| digest(value).as_bytes().ct_eq(expected.as_bytes()).into();
        let found = self.cookies.iter().position(is_expected);
        found.is_some_and(|at| *self.ended.get_or_init(|| at) == at)
    }
}

/// The rest of a flow whose session was to begin at once. A further step comes first, which the service's own page asks
/// for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Continuation {
    /// Where the browser goes in the end.
    pub redirect_to: String,
    /// The transport of the session.
    pub transport: SessionTransport,
}

/// The proof that a code is presented where its flow began. A code in an address can be seen by others.
#[derive(Clone, Serialize, Deserialize)]
pub(super) enum Binding {
    /// The verifier of this challenge.
    Challenge(String),
    /// The cookie of the flow, whose value has this digest.
    Cookie(String),
}

impl Binding {
    fn is_proved_by(&self, presented: &Presented<'_>) -> bool {
        match self {
            Self::Challenge(challenge) => presented
                .verifier
                .is_some_and(|verifier| pkce::answers(verifier, challenge)),
            Self::Cookie(expected) => presented.flows.end(expected),
        }
    }
}

/// The data that a code holds.
#[derive(Serialize, Deserialize)]
pub(super) struct Content {
    /// The person whom the provider has named.
    pub(super) person: Person,
    /// The request in which the code can be presented.
    pub(super) purpose: FlowPurpose,
    /// The proof that has to come with the code.
    pub(super) binding: Binding,
    /// The rest of a flow whose session was to begin at once.
    pub(super) continuation: Option<Continuation>,
}

/// Creates a code.
pub(super) async fn create_code<P: Platform>(
    context: &Context<P>,
    content: &Content,
) -> Result<SecretToken> {
    create_sealed_secret(context, Purpose::OauthCode, None, content, LIFE).await
}

/// Uses up a code, whatever comes of it, and returns the person whom the provider has named.
///
/// # Errors
/// [`Error::OauthCodeInvalid`] if the code is unknown, used or expired, for another purpose, or of another browser, or a
/// failure of the platform.
pub(crate) async fn present<P: Platform>(
    context: &Context<P>,
    presented: Presented<'_>,
    purposes: &[FlowPurpose],
) -> Result<Person> {
    let content = open(context, presented, purposes).await?;
    Ok(content.person)
}

/// Does the same as [`present`], and returns everything that the code holds.
pub(super) async fn open<P: Platform>(
    context: &Context<P>,
    presented: Presented<'_>,
    purposes: &[FlowPurpose],
) -> Result<Content> {
    let token = SecretToken::parse(presented.code).ok_or(Error::OauthCodeInvalid)?;
    let kind = Purpose::OauthCode.as_str().to_owned();
    let now = context.now();
    let consumed = context
        .storage()
        .consume_one_time_secret(token.digest(), kind, now)
        .await?;
    let stored = consumed.ok_or(Error::OauthCodeInvalid)?;
    let opened = json::from_str(&stored.payload)
        .ok()
        .and_then(|Sealed { sealed }| {
            open_sealed(
                context,
                Purpose::OauthCode,
                presented.code,
                &stored.digest,
                &sealed,
            )
            .ok()
        });
    let content: Content = opened.ok_or(Error::OauthCodeInvalid)?;
    let is_proved = content.binding.is_proved_by(&presented);
    let fits = is_proved && purposes.contains(&content.purpose);
    fits.then_some(content).ok_or(Error::OauthCodeInvalid)
}
