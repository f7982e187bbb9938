//! The arrival of a browser that comes back from a provider.

use crate::client::Client;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::federation::Federation;
use crate::federation::callback::{Callback, CallbackError, Expected};
use crate::federation::code::{Binding, Content, Continuation, create_code};
use crate::federation::endpoints::Endpoints;
use crate::federation::exchange::Exchange;
use crate::federation::fetch::failed;
use crate::federation::flow::{self, Flow, FlowPurpose, Found};
use crate::federation::form_post::apple_user;
use crate::federation::identification::{Authorized, identify};
use crate::federation::person::Person;
use crate::federation::redirect::{address_without_session, own_page, with_parameter};
use crate::federation::registration::Registration;
use crate::federation::resolve;
use crate::federation::start::redirect_uri;
use crate::one_time_secret::Purpose;
use crate::platform::Platform;
use crate::rate_limits::sign_in::count_return;
use crate::secret::SecretToken;
use crate::sessions::tokens::Tokens;
use crate::sessions::transport::SessionTransport;
use crate::storage::{OneTimeSecret, OneTimeSecrets as _};

/// The request with which a browser comes back.
#[derive(Clone, Copy)]
pub struct CallbackRequest<'a> {
    /// The name of the provider.
    pub provider: &'a str,
    /// The query.
    pub parameters: &'a str,
    /// Returns the values of the cookie of the flow with this identifier.
    pub flow: &'a (dyn Fn(&str) -> Vec<String> + Sync),
    /// Whether the path of another system was called.
    pub compatible: bool,
    /// Tokens of the sessions that a new session replaces. These sessions end.
    pub replaces: &'a [&'a str],
}

/// The result of a flow.
#[allow(
    clippy::large_enum_variant,
    reason = "created once for each sign-in and moved immediately"
)]
pub enum Returned {
    /// A code to present. The cookie of the flow stays until then.
    Code {
        /// The address that the browser goes to, with `code`.
        redirect_to: String,
    },
    /// A session has started, whose tokens go into cookies.
    SignedIn {
        /// The address that the browser goes to.
        redirect_to: String,
        /// The tokens.
        tokens: Tokens,
        /// The transport.
        transport: SessionTransport,
        /// The flow, whose cookie is no longer needed.
        flow_id: String,
    },
    /// The answer on the path of another system, which gets no code.
    Exchanged {
        /// The result of the sign-in.
        exchange: Exchange,
        /// The flow, whose cookie is no longer needed.
        flow_id: String,
    },
}

/// A flow that has failed.
pub struct Failed {
    /// The reason.
    pub error: Error,
    /// Where the browser goes in the end. `None` if the flow is unknown.
    redirect_to: Option<String>,
    /// The flow, if its cookie is no longer needed.
    pub flow_id: Option<String>,
}

impl Failed {
    /// Returns the address that the browser goes to, with the code of the error. `None` if the flow is unknown.
    pub fn redirect_to(&self, code: &str) -> Option<String> {
        let url = self.redirect_to.as_deref()?;
        Some(with_parameter(url, "error", code))
    }
}

/// A failure without a known flow.
impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self {
            error,
            redirect_to: None,
            flow_id: None,
        }
    }
}

impl<P: Platform> Federation<'_, P> {
    /// Ends a flow: the browser has come back from the provider. Nothing about accounts is decided before the code that
    /// this returns is presented, except for a session that begins at once.
    ///
    /// # Errors
    /// [`Error::ProviderUnknown`]; [`Error::OauthStateInvalid`] if the flow is unknown in this browser, too old, or ended
    /// before; [`Error::OauthDenied`]; [`Error::OauthFailed`]; [`Error::ProviderUnavailable`]; [`Error::RateLimited`]; the
    /// errors of the sign-in where a session begins at once; or a failure of the platform.
    pub async fn callback(
        self,
        request: CallbackRequest<'_>,
        client: &Client,
    ) -> core::result::Result<Returned, Failed> {
        let registration = self.registration(request.provider)?;
        let context = self.context;
        let callback = Callback::read(request.parameters).map_err(|_| Error::OauthStateInvalid)?;
        let state = callback.get("state").and_then(SecretToken::parse);
        let state = state.ok_or(Error::OauthStateInvalid)?;
        let found = Flow::find(context, request.provider, &state, request.flow)
            .filter(|found| found.flow.compatible == request.compatible)
            .ok_or(Error::OauthStateInvalid)?;
        let address = &found.flow.redirect_to;
        let redirect_to = Some(match found.flow.at_once {
            Some(_) => address_without_session(&context.config, address),
            None => address.clone(),
        });
        let known = |error, flow_id| Failed {
            error,
            redirect_to: redirect_to.clone(),
            flow_id,
        };
        // The cookie stays: the flow may wait for its code to be presented.
        arrive_once(context, &found.flow, &state, client)
            .await
            .map_err(|error| known(error, None))?;
        let flow_id = Some(found.id.clone());
        let person = person(context, registration, &found.flow, &callback, &state).await;
        let person = person.map_err(|error| known(error, flow_id.clone()))?;
        let returned = end(context, found, person, request.replaces, client).await;
        returned.map_err(|error| known(error, flow_id))
    }
}

/// Counts the arrival, and stores that this flow has had its one.
async fn arrive_once<P: Platform>(
    context: &Context<P>,
    flow: &Flow,
    state: &SecretToken,
    client: &Client,
) -> Result<()> {
    count_return(context, client).await?;
    let secret = OneTimeSecret {
        digest: state.digest(),
        purpose: Purpose::OauthState.as_str().to_owned(),
        user_id: None,
        payload: "null".to_owned(),
        created_at: context.now(),
        expires_at: flow.began() + flow::LIFE,
        consumed_at: None,
    };
    let first = context.storage().store_one_time_secret(secret, false);
    first.await?.then_some(()).ok_or(Error::OauthStateInvalid)
}

/// Returns the person whom the provider names.
async fn person<P: Platform>(
    context: &Context<P>,
    registration: &Registration,
    flow: &Flow,
    callback: &Callback,
    state: &SecretToken,
) -> Result<Person> {
    let provider = &registration.provider;
    let endpoints = Endpoints::of(context, registration).await?;
    let expected = Expected {
        state: state.expose(),
        issuer: provider.named_issuer(),
        names_issuer: endpoints.names_issuer(registration),
    };
    let code = callback.code(&expected).map_err(|error| {
        let answer = match error {
            CallbackError::Denied(_) => Error::OauthDenied,
            CallbackError::State => Error::OauthStateInvalid,
            CallbackError::Malformed | CallbackError::Issuer | CallbackError::Provider(_) => {
                Error::OauthFailed
            }
        };
        failed(context, &provider.id, &error.to_string(), answer)
    })?;
    let authorized = Authorized {
        code,
        redirect_uri: &redirect_uri(&context.config, &provider.id, flow.compatible),
        verifier: endpoints
            .takes_challenge(registration)
            .then_some(flow.verifier.as_str()),
        nonce: &flow.nonce,
        authenticated_since: (flow.purpose == FlowPurpose::Reauthenticate).then(|| flow.began()),
    };
    let mut person = identify(context, registration, &endpoints, &authorized).await?;
    if person.name.is_none() {
        let sealed = callback.get("user").unwrap_or_default();
        person.name = apple_user(context, &provider.id, state, sealed);
    }
    Ok(person)
}

/// Ends a flow as it was asked to end.
async fn end<P: Platform>(
    context: &Context<P>,
    found: Found,
    person: Person,
    replaces: &[&str],
    client: &Client,
) -> Result<Returned> {
    let Found { flow, id, digest } = found;
    let format = match (flow.at_once, flow.compatible) {
        (Some(transport), _) => Some(transport.token_format()),
        (None, true) => Some(context.config.session_transport.token_format()),
        (None, false) => None,
    };
    let mut address = flow.redirect_to;
    let mut continuation = None;
    if let Some(format) = format {
        let exchange = resolve::sign_in(context, person.clone(), format, replaces, client).await?;
        match (exchange, flow.at_once) {
            (Exchange::SignedIn(tokens), Some(transport)) => {
                return Ok(Returned::SignedIn {
                    redirect_to: address,
                    tokens,
                    transport,
                    flow_id: id,
                });
            }
            (Exchange::VerificationRequired, Some(_)) => return Err(Error::EmailNotProved),
            // A step is missing, which the service's own page asks for. It resolves the person again.
            (Exchange::MfaRequired(_) | Exchange::CompletionRequired(_), Some(transport)) => {
                continuation = Some(Continuation {
                    redirect_to: address,
                    transport,
                });
                address = own_page(&context.config);
            }
            (exchange, None) => {
                return Ok(Returned::Exchanged {
                    exchange,
                    flow_id: id,
                });
            }
        }
    }
    let binding = match flow.code_challenge {
        Some(challenge) => Binding::Challenge(challenge),
        None => Binding::Cookie(digest),
    };
    let content = Content {
        person,
        purpose: flow.purpose,
        binding,
        continuation,
    };
    let code = create_code(context, &content).await?;
    Ok(Returned::Code {
        redirect_to: with_parameter(&address, "code", code.expose()),
    })
}
