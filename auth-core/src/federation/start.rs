//! The start of a flow.

use crate::config::Config;
use crate::error::{Error, FieldError, FieldErrorCode, Result};
use crate::federation::Federation;
use crate::federation::authorization::AuthorizationRequest;
use crate::federation::endpoints::Endpoints;
use crate::federation::flow::{Flow, FlowCookie, FlowPurpose};
use crate::federation::pkce;
use crate::federation::provider::Pair;
use crate::federation::redirect::{ReturnAddress, return_address};
use crate::federation::registration::Registration;
use crate::platform::Platform;
use crate::secret::SecretToken;
use crate::sessions::transport::SessionTransport;

/// The request that begins a flow.
#[derive(Clone, Copy)]
pub struct StartRequest<'a> {
    /// The name of the provider.
    pub provider: &'a str,
    /// Where the browser goes in the end. `None` means the sign-in page of the service.
    pub redirect_to: Option<&'a str>,
    /// The request in which the code can be presented.
    pub purpose: FlowPurpose,
    /// The transport by cookie of a session that the callback itself starts. `None` means that it returns a code. A page of
    /// another site can't have it.
    pub at_once: Option<SessionTransport>,
    /// A challenge (S256) whose verifier is presented with the code instead of the cookie. Every purpose but a sign-in
    /// needs one.
    pub code_challenge: Option<&'a str>,
    /// Whether a page of another site sent the browser.
    pub cross_site: bool,
    /// Whether the path of another system was called.
    pub compatible: bool,
}

/// A flow that has begun.
pub struct Started {
    /// The page of the provider that the browser is sent to.
    pub authorization_url: String,
    /// The cookie that binds the flow to the browser.
    pub flow: FlowCookie,
}

/// The parameters by which a person has to sign in at an OpenID provider again (OpenID Connect Core section 3.1.2.1).
pub(super) const AGAIN: [Pair; 2] = [("max_age", "0"), ("prompt", "login")];

impl<P: Platform> Federation<'_, P> {
    /// Begins a flow. Nothing is stored.
    ///
    /// # Errors
    /// [`Error::ProviderUnknown`]; [`Error::Invalid`] for `redirect_to`, `purpose`, `transport` or `code_challenge`;
    /// [`Error::CrossSite`]; [`Error::ProviderUnavailable`] or [`Error::OauthFailed`] if the provider has to be asked for
    /// its endpoints; or a failure of the platform.
    pub async fn start(self, request: StartRequest<'_>) -> Result<Started> {
        let context = self.context;
        let registration = self.registration(request.provider)?;
        let provider = &registration.provider;
        let redirect_to = checked(&context.config, registration, &request)?.url;
        let endpoints = Endpoints::of(context, registration).await?;
        let secret = || SecretToken::generate(&context.platform).expose().to_owned();
        let state = SecretToken::generate(&context.platform);
        let flow = Flow {
            nonce: secret(),
            verifier: secret(),
            redirect_to,
            purpose: request.purpose,
            at_once: request.at_once,
            code_challenge: challenge(&request).map(str::to_owned),
            started_at: context.now().as_secs(),
            compatible: request.compatible,
        };
        let code_challenge = endpoints
            .takes_challenge(registration)
            .then(|| pkce::challenge(&flow.verifier));
        let separator = provider.dialect.scope_separator.to_string();
        let authorization = AuthorizationRequest {
            endpoint: &endpoints.authorize,
            client_id_name: provider.dialect.client_id,
            client_id: &registration.client_id,
            redirect_uri: &redirect_uri(&context.config, &provider.id, request.compatible),
            scope: &provider.scopes.replace(' ', &separator),
            state: state.expose(),
            nonce: endpoints.keys.as_ref().map(|_| flow.nonce.as_str()),
            code_challenge: code_challenge.as_deref(),
            response_mode: provider.dialect.form_post.then_some("form_post"),
            extra: &parameters(&context.config, registration, request.purpose),
        };
        Ok(Started {
            authorization_url: authorization.url(),
            flow: flow.seal(context, &provider.id, &state)?,
        })
    }
}

/// Returns the address that a provider sends the browser back to.
pub(super) fn redirect_uri(config: &Config, provider: &str, compatible: bool) -> String {
    let folder = if compatible { "auth" } else { "auth/oauth" };
    format!(
        "{}/{folder}/{provider}/callback",
        config.web.public_base_url
    )
}

/// Returns the challenge that the code is bound to. A session that begins at once needs none, because there is no code
/// for a front end.
fn challenge<'a>(request: &StartRequest<'a>) -> Option<&'a str> {
    request.code_challenge.filter(|_| request.at_once.is_none())
}

/// Checks a request, and returns where the browser goes in the end.
fn checked(
    config: &Config,
    registration: &Registration,
    request: &StartRequest<'_>,
) -> Result<ReturnAddress> {
    let mut broken = Vec::new();
    let mut refuse = |field: &'static str, code, message| {
        broken.push(FieldError::new(field, code, message));
    };
    let signs_in = request.purpose == FlowPurpose::SignIn;
    let reauthenticates = registration.provider.reauthenticates();
    if request.purpose == FlowPurpose::Reauthenticate && !reauthenticates {
        let message = "This provider can't confirm that the user has signed in again.";
        refuse("purpose", FieldErrorCode::InvalidFormat, message);
    }
    if request
        .at_once
        .is_some_and(|transport| !transport.is_cookie() || !signs_in)
    {
        let message = "At the start of a sign-in, `cookie` or `jwt_cookie`.";
        refuse("transport", FieldErrorCode::InvalidFormat, message);
    }
    if request
        .code_challenge
        .is_some_and(|text| !pkce::is_challenge(text))
    {
        let message = "A challenge by S256: 43 characters of base64url.";
        refuse("code_challenge", FieldErrorCode::InvalidFormat, message);
    }
    let address = return_address(config, request.redirect_to, request.at_once.is_some());
    if address.is_none() {
        let message = "Not an address of at most 1024 bytes that this service may send a browser to; see CORS_ORIGINS and OAUTH_REDIRECT_URIS.";
        refuse("redirect_to", FieldErrorCode::InvalidFormat, message);
    }
    // A cookie shows only that the browser is the same, and others can set one or make it begin a flow. Only the verifier
    // shows that the page of the user wanted the flow, so that nobody links their identity to the account of another.
    let is_app = address.as_ref().is_some_and(|address| address.is_app);
    if (is_app || !signs_in) && challenge(request).is_none() {
        let message = "A native app, and a purpose other than a sign-in, need a challenge.";
        refuse("code_challenge", FieldErrorCode::Required, message);
    }
    // Another site could otherwise end the session of a visitor and sign them in to another account.
    let is_cross_site = request.cross_site && request.at_once.is_some();
    match address {
        Some(address) if broken.is_empty() => {
            (!is_cross_site).then_some(address).ok_or(Error::CrossSite)
        }
        _ => Err(Error::Invalid(broken)),
    }
}

/// Returns the provider's own parameters of an authorization request.
fn parameters(config: &Config, registration: &Registration, purpose: FlowPurpose) -> Vec<Pair> {
    let dialect = &registration.provider.dialect;
    let again: &[Pair] = match purpose {
        FlowPurpose::Reauthenticate => &AGAIN,
        FlowPurpose::SignIn | FlowPurpose::Link | FlowPurpose::Verify => &[],
    };
    let offline = if config.federation.values.store_tokens {
        dialect.offline
    } else {
        &[]
    };
    [again, offline, dialect.parameters].concat()
}
