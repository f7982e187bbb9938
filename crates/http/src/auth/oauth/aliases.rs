//! The paths of sign-in by providers in fastapi-users. Its clients ask for the address of the provider, and the callback
//! answers with tokens.

use auth_core::{Exchange, Exchanged, Failed, FlowPurpose, Platform, Returned, StartRequest};
use http::StatusCode;
use serde::Serialize;

use crate::auth::oauth::exchange::{ExchangeResponse, exchanged_for};
use crate::auth::oauth::flow::{FormPostParameters, returned};
use crate::auth::tokens::token_response;
use crate::call::{Answer, Call};
use crate::error::api_error::ApiError;
use crate::proof::Public;
use crate::response::reply::{self, NoContent, Reply};
use crate::row::{get, post, rows};

rows![
    authorize = get(
        "/auth/{provider}/authorize",
        "Like `/auth/oauth/{provider}`, but returns the address of the provider.",
    )
    .answers::<AuthorizeResponse>()
    .fails(&[403, 404, 502])
    .acts()
    .calls_provider()
    .deprecated(),
    callback = get(
        "/auth/{provider}/callback",
        "Like `/auth/oauth/{provider}/callback`, but returns tokens, or 204 and cookies if `SESSION_TRANSPORT` says so.",
    )
    .answers::<ExchangeResponse>()
    .can_wait()
    .fails(&[403, 404, 409, 429, 502])
    .acts()
    .calls_provider()
    .deprecated(),
    form_post_callback = post(
        "/auth/{provider}/callback",
        "Like `POST /auth/oauth/{provider}/callback`.",
    )
    .form_post::<FormPostParameters>()
    .redirects()
    .fails(&[404])
    .deprecated(),
];

/// Where to send the browser.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct AuthorizeResponse {
    /// Page of the provider.
    authorization_url: String,
}

/// Clients also send `scopes`, which the settings say here.
async fn authorize<P: Platform>(call: &Call<'_, P>, _: Public) -> Answer<AuthorizeResponse> {
    // Otherwise other pages could fill the browser with cookies of flows.
    call.require_own_script()?;
    let request = StartRequest {
        provider: &call.path_parameter("provider"),
        redirect_to: None,
        purpose: FlowPurpose::SignIn,
        at_once: None,
        code_challenge: None,
        cross_site: false,
        compatible: true,
    };
    let started = call.auth.federation().start(request).await?;
    let mut reply = call.json(&AuthorizeResponse {
        authorization_url: started.authorization_url,
    });
    call.set_flow(reply.headers_mut(), &started.flow);
    Ok(reply)
}

async fn form_post_callback<P: Platform>(
    call: &Call<'_, P>,
    _: Public,
    form: String,
) -> Answer<NoContent> {
    let provider = call.path_parameter("provider");
    let federation = call.auth.federation();
    call.redirect(&federation.form_post(&provider, &form, true)?)
}

async fn callback<P: Platform>(call: &Call<'_, P>, _: Public) -> Answer<ExchangeResponse> {
    match returned(call, true).await {
        Ok(Returned::Exchanged { exchange, flow_id }) => {
            let transport = call.config().session_transport;
            let mut reply = match exchange {
                Exchange::SignedIn(tokens) if transport.is_cookie() => {
                    let mut reply = Reply::of(reply::empty(StatusCode::NO_CONTENT));
                    token_response(call, &tokens, transport, reply.headers_mut());
                    reply
                }
                exchange => exchanged_for(call, Exchanged::alone(exchange), transport),
            };
            call.clear_flow(reply.headers_mut(), &flow_id);
            Ok(reply)
        }
        Ok(_) => Err(ApiError::internal("a flow of another path")),
        Err(Failed { error, flow_id, .. }) => {
            let error = ApiError::from(error);
            error.log(call.auth.platform(), call.request_id);
            let mut reply = Reply::of(error.into_response(Some(call.request_id)));
            if let Some(id) = flow_id {
                call.clear_flow(reply.headers_mut(), &id);
            }
            Ok(reply)
        }
    }
}
