//! The two halves of a sign-in by a provider, between which the browser is there.

use auth_core::{
    CallbackRequest, Failed, FlowPurpose, Platform, Returned, SessionTransport, StartRequest,
    Started,
};

use crate::auth::tokens::token_response;
use crate::call::{Answer, Call};
use crate::cookies::names::flow;
use crate::cookies::read;
use crate::error::api_error::ApiError;
use crate::proof::Public;
use crate::request::query::invalid;
use crate::response::reply::NoContent;
use crate::route::Parameter;
use crate::row::{get, post, rows};

rows![
    start_flow = get(
        "/auth/oauth/{provider}",
        "Sends the browser to a sign-in provider.",
    )
    .query(PARAMETERS)
    .redirects()
    .fails(&[403, 404, 502])
    .acts()
    .calls_provider(),
    finish_flow = get(
        "/auth/oauth/{provider}/callback",
        "Takes the browser back from a sign-in provider, and sends it on to `redirect_to` with a one-time `code` for `/auth/oauth/exchange`, or with an `error`.",
    )
    .redirects()
    .fails(&[403, 404, 409, 429, 502])
    .acts()
    .calls_provider(),
    form_post = post(
        "/auth/oauth/{provider}/callback",
        "Takes the browser back from a sign-in provider that answers with a form, and sends it on to the same path with a query.",
    )
    .form_post::<FormPostParameters>()
    .redirects()
    .fails(&[404]),
];

const PARAMETERS: &[Parameter] = &[
    Parameter::text("redirect_to"),
    Parameter::one_of("purpose", &["sign_in", "link", "reauthenticate", "verify"]),
    Parameter::one_of("transport", &["cookie", "jwt_cookie"]),
    Parameter::text("code_challenge"),
    Parameter::one_of("code_challenge_method", &["S256"]),
];

/// The authorization response of a provider as a form (OAuth 2.0 Form Post Response Mode).
#[cfg_attr(test, derive(utoipa::ToSchema))]
#[allow(dead_code, reason = "documents the form")]
pub(crate) struct FormPostParameters {
    /// The state with which the flow began.
    state: String,
    /// Authorization code.
    #[cfg_attr(test, schema(nullable = false))]
    code: Option<String>,
    /// Issuer (RFC 9207).
    #[cfg_attr(test, schema(nullable = false))]
    iss: Option<String>,
    /// Error code.
    #[cfg_attr(test, schema(nullable = false))]
    error: Option<String>,
    /// Description of the error.
    #[cfg_attr(test, schema(nullable = false))]
    error_description: Option<String>,
    /// Name of the user at their first sign-in, as JSON (Sign in with Apple).
    #[cfg_attr(test, schema(nullable = false))]
    user: Option<String>,
}

async fn start_flow<P: Platform>(call: &Call<'_, P>, _: Public) -> Answer<NoContent> {
    let Started {
        authorization_url,
        flow,
    } = match start(call).await {
        Ok(started) => started,
        Err(error) => return failed(call, error, None),
    };
    let mut reply = call.redirect(&authorization_url)?;
    call.set_flow(reply.headers_mut(), &flow);
    Ok(reply)
}

async fn start<P: Platform>(call: &Call<'_, P>) -> Result<Started, ApiError> {
    if call.is_for_a_page() {
        // Images of other pages would fill the browser with cookies of flows.
        let message = "Send the browser itself here: a page can't follow a sign-in.";
        return Err(invalid("sec-fetch-mode", message));
    }
    let query = call.query()?;
    let purpose = query.text("purpose").unwrap_or("sign_in");
    let purpose = FlowPurpose::parse(purpose)
        .ok_or_else(|| invalid("purpose", "Use sign_in, link, reauthenticate or verify."))?;
    let at_once = query.text("transport").map(|name| {
        SessionTransport::parse(name)
            .ok_or_else(|| invalid("transport", "Use cookie or jwt_cookie."))
    });
    let code_challenge = query.text("code_challenge");
    // Without a method, RFC 7636 section 4.3 means `plain`, which is no challenge.
    let method = code_challenge.map(|_| "S256");
    if query.text("code_challenge_method") != method {
        let message = "Send S256 together with a code_challenge.";
        return Err(invalid("code_challenge_method", message));
    }
    let request = StartRequest {
        provider: &call.path_parameter("provider"),
        redirect_to: query.text("redirect_to"),
        purpose,
        at_once: at_once.transpose()?,
        code_challenge,
        cross_site: call.comes_from_another_site(),
        compatible: false,
    };
    Ok(call.auth.federation().start(request).await?)
}

async fn finish_flow<P: Platform>(call: &Call<'_, P>, _: Public) -> Answer<NoContent> {
    match returned(call, false).await {
        Ok(Returned::Code { redirect_to }) => call.redirect(&redirect_to),
        Ok(Returned::SignedIn {
            redirect_to,
            tokens,
            transport,
            flow_id,
        }) => {
            let mut reply = call.redirect(&redirect_to)?;
            token_response(call, &tokens, transport, reply.headers_mut());
            call.clear_flow(reply.headers_mut(), &flow_id);
            Ok(reply)
        }
        Ok(Returned::Exchanged { .. }) => Err(ApiError::internal("a flow of another path")),
        Err(failure) => {
            let error = ApiError::from(failure.error.clone());
            let address = failure.redirect_to(error.code());
            let mut reply = failed(call, error, address)?;
            if let Some(id) = failure.flow_id {
                call.clear_flow(reply.headers_mut(), &id);
            }
            Ok(reply)
        }
    }
}

async fn form_post<P: Platform>(call: &Call<'_, P>, _: Public, form: String) -> Answer<NoContent> {
    let provider = call.path_parameter("provider");
    match call.auth.federation().form_post(&provider, &form, false) {
        Ok(callback) => call.redirect(&callback),
        Err(error) => failed(call, error.into(), None),
    }
}

/// Returns the result of the flow with which the browser comes back.
pub(super) async fn returned<P: Platform>(
    call: &Call<'_, P>,
    compatible: bool,
) -> Result<Returned, Failed> {
    let (headers, config) = (&call.parts.headers, call.config());
    let values = |id: &str| {
        let values = read::values(headers, &flow(config, id)).into_iter();
        values.map(str::to_owned).collect()
    };
    let request = CallbackRequest {
        provider: &call.path_parameter("provider"),
        parameters: call.parts.uri.query().unwrap_or_default(),
        flow: &values,
        compatible,
        replaces: &call.replaced(SessionTransport::Cookie),
    };
    let client = call.client();
    call.auth.federation().callback(request, &client).await
}

/// Returns the answer to a flow that has failed. The browser goes on to the given address or, without one, to the
/// sign-in page with the code of the error. Other clients get the error itself.
fn failed<P: Platform>(
    call: &Call<'_, P>,
    error: ApiError,
    address: Option<String>,
) -> Answer<NoContent> {
    let base = &call.config().web.public_base_url;
    let sign_in_page = || format!("{base}/login?error={}", error.code());
    match address.or_else(|| call.wants_a_page().then(sign_in_page)) {
        Some(address) => {
            error.log(call.auth.platform(), call.request_id);
            call.redirect(&address)
        }
        None => Err(error),
    }
}
