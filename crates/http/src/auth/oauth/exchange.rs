//! The exchange of the result of a flow for a session.

use std::collections::BTreeMap;

use auth_core::{
    Completion, CompletionRequired, Continuation, Error, Exchange, Exchanged, Platform, Presented,
    ProfileFields, SessionTransport,
};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::auth::login::{MfaRequiredResponse, continued};
use crate::auth::tokens::{TokenResponse, signed_in};
use crate::call::{Answer, Call};
use crate::proof::SameSite;
use crate::request::json;
use crate::response::reply::{self, Reply};
use crate::row::{post, rows};

rows![
    exchange = post(
        "/auth/oauth/exchange",
        "Exchanges the one-time code of a sign-in by a provider for a session. Answers 202 if the address of the account must be verified first.",
    )
    .guarded::<SameSite>()
    .json::<ExchangeRequest>()
    .answers::<ExchangeResponse>()
    .can_wait()
    .fails(&[403, 409, 429]),
    complete = post(
        "/auth/oauth/complete",
        "Completes a first sign-in by a provider with the missing data. Answers 202 if the address must be verified first.",
    )
    .guarded::<SameSite>()
    .json::<CompleteRequest>()
    .answers::<ExchangeResponse>()
    .can_wait()
    .fails(&[403, 409, 429]),
];

/// The one-time code of a flow.
#[derive(Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct ExchangeRequest {
    /// The `code` with which the browser came back. Can be used once, within a minute.
    #[serde(default)]
    #[cfg_attr(test, schema(required, min_length = 1))]
    code: String,
    /// The verifier of the `code_challenge` with which the flow began (RFC 7636). Without a challenge, the cookie of the
    /// flow is required.
    code_verifier: Option<String>,
    /// Selects how the tokens are delivered: `jwt`, `session`, `cookie` or `jwt_cookie`.
    #[cfg_attr(test, schema(pattern = "^(jwt|session|cookie|jwt_cookie)$"))]
    transport: Option<String>,
}

/// The data that the provider did not have.
#[derive(Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct CompleteRequest {
    /// The `completion_token` from the answer to the exchange.
    #[serde(default)]
    #[cfg_attr(test, schema(required, min_length = 1))]
    completion_token: String,
    /// E-mail address, at most 254 bytes. Not case-sensitive.
    #[cfg_attr(test, schema(format = Email, max_length = 254))]
    email: Option<String>,
    /// User name for signing in: 3 to 32 of the characters a-z, A-Z, 0-9, `.`, `_` and `-`, starting with a letter or
    /// digit.
    #[cfg_attr(test, schema(pattern = "^[A-Za-z0-9][A-Za-z0-9._-]{2,31}$"))]
    username: Option<String>,
    /// Display name: at most 100 characters, no control characters.
    #[cfg_attr(
        test,
        schema(max_length = 100, pattern = r"^[^\u0000-\u001F\u007F-\u009F]*$")
    )]
    display_name: Option<String>,
    /// Values of the extra fields configured in `PROFILE_FIELDS`: strings, numbers or booleans. Unknown fields are
    /// rejected; required fields must be present.
    #[cfg_attr(test, schema(value_type = Option<Object>))]
    profile: Option<Map<String, Value>>,
    /// Selects how the tokens are delivered: `jwt`, `session`, `cookie` or `jwt_cookie`.
    #[cfg_attr(test, schema(pattern = "^(jwt|session|cookie|jwt_cookie)$"))]
    transport: Option<String>,
}

/// Tokens, or the step that is still required.
#[derive(Serialize)]
#[serde(untagged)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) enum ExchangeResponse {
    SignedIn(TokenResponse),
    MfaRequired(MfaRequiredResponse),
    CompletionRequired(CompletionRequiredResponse),
    VerificationRequired(VerificationRequiredResponse),
}

/// A first sign-in that requires data that the provider does not have.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct CompletionRequiredResponse {
    /// Always true.
    completion_required: bool,
    /// Token for `/auth/oauth/complete`.
    completion_token: String,
    /// Seconds until the token expires and the sign-in must be started again.
    expires_in: u64,
    /// Names of the missing fields: `email`, or `profile.` and the name of a field.
    missing: Vec<String>,
    /// Types of the missing profile fields by their names in `missing`: `string`, `integer`, `number` or `boolean`.
    types: BTreeMap<String, &'static str>,
    suggested: Suggested,
    /// Where the browser goes in the end, if `/auth/oauth/{provider}` was given a `transport`.
    #[serde(skip_serializing_if = "Option::is_none")]
    redirect_to: Option<String>,
    /// The `transport` that was given, for `/auth/oauth/complete`.
    #[serde(skip_serializing_if = "Option::is_none")]
    transport: Option<&'static str>,
}

/// Data of the user at the provider. They can confirm or change it.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct Suggested {
    /// E-mail address.
    email: Option<String>,
    /// User name.
    username: Option<String>,
    /// Display name.
    display_name: Option<String>,
}

/// A sign-in that requires that the address of the account is verified, with the link that was e-mailed to it.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct VerificationRequiredResponse {
    /// Always true.
    verification_required: bool,
}

impl CompletionRequiredResponse {
    fn of(
        fields: &ProfileFields,
        required: CompletionRequired,
        continuation: Option<Continuation>,
    ) -> Self {
        let types = fields.iter().filter_map(|field| {
            let name = format!("profile.{}", field.name);
            let is_missing = required.missing.contains(&name);
            is_missing.then(|| (name, field.kind.name()))
        });
        let types = types.collect();
        let (redirect_to, transport) = continued(continuation);
        Self {
            completion_required: true,
            completion_token: required.token.expose().to_owned(),
            expires_in: required.expires_in,
            missing: required.missing,
            types,
            suggested: Suggested {
                email: required.email,
                username: required.username,
                display_name: required.display_name,
            },
            redirect_to,
            transport,
        }
    }
}

async fn exchange<P: Platform>(
    call: &Call<'_, P>,
    _: SameSite,
    request: ExchangeRequest,
) -> Answer<ExchangeResponse> {
    let transport = call.transport(request.transport.as_deref())?;
    let flows = call.flow_cookies();
    let presented = Presented {
        code: json::required("code", &request.code)?,
        verifier: request.code_verifier.as_deref(),
        flows: &flows,
    };
    let exchanged = call
        .auth
        .federation()
        .exchange(
            presented,
            transport.token_format(),
            &call.replaced(transport),
            &call.client(),
        )
        .await;
    let answer = exchanged.map(|exchanged| exchanged_for(call, exchanged, transport));
    call.without_ended_flow(answer, &flows)
}

/// Returns the answer to an exchange.
pub(super) fn exchanged_for<P: Platform>(
    call: &Call<'_, P>,
    exchanged: Exchanged,
    transport: SessionTransport,
) -> Reply<ExchangeResponse> {
    let continuation = exchanged.continuation;
    match exchanged.exchange {
        Exchange::SignedIn(tokens) => {
            signed_in(call, &tokens, transport, ExchangeResponse::SignedIn)
        }
        Exchange::MfaRequired(challenge) => call.json(&ExchangeResponse::MfaRequired(
            MfaRequiredResponse::of(&challenge).then(continuation),
        )),
        Exchange::CompletionRequired(required) => call.json(&ExchangeResponse::CompletionRequired(
            CompletionRequiredResponse::of(&call.config().profile_fields, required, continuation),
        )),
        Exchange::VerificationRequired => {
            let verification_required = true;
            let response = ExchangeResponse::VerificationRequired(VerificationRequiredResponse {
                verification_required,
            });
            Reply::of(reply::json(StatusCode::ACCEPTED, &response))
        }
    }
}

async fn complete<P: Platform>(
    call: &Call<'_, P>,
    _: SameSite,
    request: CompleteRequest,
) -> Answer<ExchangeResponse> {
    let transport = call.transport(request.transport.as_deref())?;
    let completion = Completion {
        token: json::required("completion_token", &request.completion_token)?,
        email: request.email.as_deref(),
        username: request.username.as_deref(),
        display_name: request.display_name.as_deref(),
        profile: request.profile.as_ref(),
        token_format: transport.token_format(),
        replaces: &call.replaced(transport),
    };
    let completed = call
        .auth
        .federation()
        .complete(completion, &call.client())
        .await
        .map_err(|error| match error {
            Error::Link(_) => Error::OauthCodeInvalid,
            error => error,
        })?;
    let completed = Exchanged::alone(completed);
    Ok(exchanged_for(call, completed, transport))
}
