//! The user's own identities: the accounts at sign-in providers by which they sign in.

use auth_core::{LinkedIdentity, Platform, Presented, UpstreamToken};
use serde::{Deserialize, Serialize};

use crate::call::{Answer, Call};
use crate::proof::Session;
use crate::request::json;
use crate::response::reply::NoContent;
use crate::route::Recency;
use crate::row::{delete, get, post, rows};

rows![
    identities = get(
        "/account/identities",
        "Lists the accounts at sign-in providers that are linked to the user's account.",
    )
    .session()
    .while_impersonating()
    .answers::<IdentitiesResponse>(),
    link_identity = post(
        "/account/identities",
        "Links an account at a sign-in provider, with the one-time code of a flow with the purpose `link`.",
    )
    .session()
    .recent(Recency::Always)
    .json::<LinkRequest>()
    .creates::<IdentityView>()
    .fails(&[409, 429]),
    unlink_identity = delete(
        "/account/identities/{id}",
        "Unlinks an account at a sign-in provider. The last way to sign in can't be removed.",
    )
    .session()
    .recent(Recency::Always)
    .fails(&[409]),
    upstream_token = post(
        "/account/identities/{id}/token",
        "Returns the access token of the provider, refreshed if it has expired. It is stored only with `OAUTH_STORE_TOKENS`.",
    )
    .session()
    .answers::<UpstreamTokenResponse>()
    .fails(&[429, 502])
    .calls_provider(),
];

/// The one-time code of a flow.
#[derive(Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct LinkRequest {
    /// The `code` with which the browser came back. Can be used once, within a minute.
    #[serde(default)]
    #[cfg_attr(test, schema(required, min_length = 1))]
    code: String,
    /// The verifier of the `code_challenge` with which the flow began (RFC 7636). Without a challenge, the cookie of the
    /// flow is required.
    code_verifier: Option<String>,
}

/// Linked accounts at sign-in providers, the oldest first.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct IdentitiesResponse {
    identities: Vec<IdentityView>,
}

/// A linked account at a sign-in provider.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct IdentityView {
    /// Identifier.
    id: String,
    /// Name of the provider in paths and settings.
    provider: String,
    /// Issuer of `subject`.
    issuer: String,
    /// Identifier by which the issuer knows the user.
    subject: String,
    /// E-mail address at the provider, as it was at the last sign-in.
    email: Option<String>,
    /// Name of the user at the provider.
    label: Option<String>,
    /// When it was linked, RFC 3339.
    #[cfg_attr(test, schema(format = DateTime))]
    created_at: String,
    /// When the user last signed in by it, RFC 3339.
    #[cfg_attr(test, schema(format = DateTime))]
    last_used_at: Option<String>,
}

/// An access token of a provider.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct UpstreamTokenResponse {
    /// Access token for the API of the provider.
    access_token: String,
    /// When it expires, RFC 3339, if the provider says so.
    #[cfg_attr(test, schema(format = DateTime))]
    expires_at: Option<String>,
    /// Granted scopes, if the provider says so.
    scope: Option<String>,
}

impl From<LinkedIdentity> for IdentityView {
    fn from(identity: LinkedIdentity) -> Self {
        Self {
            id: identity.id,
            provider: identity.provider,
            issuer: identity.issuer,
            subject: identity.subject,
            email: identity.email,
            label: identity.label,
            created_at: identity.created_at.to_string(),
            last_used_at: identity.last_used_at.map(|time| time.to_string()),
        }
    }
}

async fn identities<P: Platform>(
    call: &Call<'_, P>,
    session: Session,
) -> Answer<IdentitiesResponse> {
    let identities = call.auth.identities().list(&session).await?.into_iter();
    Ok(call.json(&IdentitiesResponse {
        identities: identities.map(IdentityView::from).collect(),
    }))
}

async fn link_identity<P: Platform>(
    call: &Call<'_, P>,
    session: Session,
    request: LinkRequest,
) -> Answer<IdentityView> {
    let flows = call.flow_cookies();
    let presented = Presented {
        code: json::required("code", &request.code)?,
        verifier: request.code_verifier.as_deref(),
        flows: &flows,
    };
    let identity = call
        .auth
        .identities()
        .link(&session, presented, &call.client())
        .await;
    let answer = identity.map(|identity| call.json(&IdentityView::from(identity)));
    call.without_ended_flow(answer, &flows)
}

async fn unlink_identity<P: Platform>(call: &Call<'_, P>, session: Session) -> Answer<NoContent> {
    let id = call.path_parameter("id");
    call.auth
        .identities()
        .unlink(&session, &id, &call.client())
        .await?;
    Ok(call.done())
}

async fn upstream_token<P: Platform>(
    call: &Call<'_, P>,
    session: Session,
) -> Answer<UpstreamTokenResponse> {
    let id = call.path_parameter("id");
    let UpstreamToken {
        access_token,
        expires_at,
        scope,
    } = call
        .auth
        .identities()
        .token(&session, &id, &call.client())
        .await?;
    Ok(call.json(&UpstreamTokenResponse {
        access_token: access_token.expose().to_owned(),
        expires_at: expires_at.map(|time| time.to_string()),
        scope,
    }))
}
