//! What a request has proved before its handler runs.
//!
//! A route's row names the proof, dispatch asks for it, and the handler takes it as an argument. Nothing else makes one, so
//! a handler that needs a session or a permission can't be written without asking for it.

use std::ops::Deref;

use auth_core::access::Holder;
use auth_core::storage::ActiveSession;
use auth_core::{AccessTokenError, Actor, Error, Platform};

use crate::call::Call;
use crate::error::api_error::ApiError;
use crate::request::json;
use crate::route::{Access, Recency};

/// Something that a request proves.
pub(crate) trait Authorize: Sized {
    /// What the request proves, or why it is refused.
    async fn authorize<P: Platform>(call: &Call<'_, P>) -> Result<Self, ApiError>;
}

/// A proof that is no session: a route that asks for it alone is for anybody who has it.
pub(crate) trait Guard: Authorize {}

/// Nothing: the route is for anybody.
pub(crate) struct Public(());

/// No page of another site sent the request. The route is for anybody else.
pub(crate) struct SameSite(());

/// The request may carry a token. The handler ends the session that it belongs to, and does nothing else.
pub(crate) struct TokenHolder(());

/// The session of the token that the request carries.
pub(crate) struct Session(ActiveSession);

/// The same; none where the request carries no token, or one that is of no use.
pub(crate) struct OptionalSession(Option<ActiveSession>);

/// The person of the session, or the operator.
pub(crate) struct Caller(Actor);

/// The person of the session, who has the permission of the route, or the operator.
pub(crate) struct Administrator(Actor);

/// Marks a request of the operator, who has the database and so may do everything. It is an extension of the request,
/// which nothing that comes over a network can set.
#[derive(Debug, Clone, Copy)]
pub struct Operator;

impl Authorize for Public {
    async fn authorize<P: Platform>(_: &Call<'_, P>) -> Result<Self, ApiError> {
        Ok(Self(()))
    }
}

impl Authorize for SameSite {
    async fn authorize<P: Platform>(call: &Call<'_, P>) -> Result<Self, ApiError> {
        call.refuse_other_sites().map(Self)
    }
}

impl Guard for SameSite {}

impl Authorize for TokenHolder {
    async fn authorize<P: Platform>(_: &Call<'_, P>) -> Result<Self, ApiError> {
        Ok(Self(()))
    }
}

impl Authorize for Session {
    async fn authorize<P: Platform>(call: &Call<'_, P>) -> Result<Self, ApiError> {
        session(call).await.map(Self)
    }
}

impl Authorize for OptionalSession {
    async fn authorize<P: Platform>(call: &Call<'_, P>) -> Result<Self, ApiError> {
        if !call.has_header() && call.session_cookies().is_empty() {
            return Ok(Self(None));
        }
        match session(call).await {
            // One that has ended proves nothing, and is no reason to refuse a password.
            Err(error) if error.is_unauthenticated() => Ok(Self(None)),
            session => Ok(Self(Some(session?))),
        }
    }
}

impl Authorize for Caller {
    async fn authorize<P: Platform>(call: &Call<'_, P>) -> Result<Self, ApiError> {
        actor(call, None).await.map(Self)
    }
}

impl Authorize for Administrator {
    async fn authorize<P: Platform>(call: &Call<'_, P>) -> Result<Self, ApiError> {
        match call.route.access {
            Access::Permission(needed) => actor(call, Some(needed)).await.map(Self),
            _ => Err(ApiError::internal("a route without its permission")),
        }
    }
}

impl Session {
    /// The session, to be handed on.
    pub(crate) fn into_inner(self) -> ActiveSession {
        self.0
    }
}

impl OptionalSession {
    /// The session, if there is one.
    pub(crate) fn get(&self) -> Option<&ActiveSession> {
        self.0.as_ref()
    }
}

impl Deref for Session {
    type Target = ActiveSession;

    fn deref(&self) -> &ActiveSession {
        &self.0
    }
}

impl Deref for Caller {
    type Target = Actor;

    fn deref(&self) -> &Actor {
        &self.0
    }
}

impl Deref for Administrator {
    type Target = Actor;

    fn deref(&self) -> &Actor {
        &self.0
    }
}

/// Who acts, and has this permission: the person of the session, or the operator.
async fn actor<P: Platform>(
    call: &Call<'_, P>,
    needed: Option<&'static str>,
) -> Result<Actor, ApiError> {
    if call.parts.extensions.get::<Operator>().is_some() {
        return Ok(Actor::operator(call.client()));
    }
    let active = signed_in(call).await?;
    if let Some(needed) = needed
        && !Holder::from(&active).has_permission(needed)
    {
        return Err(ApiError::forbidden(needed));
    }
    require_recent(call, &active).await?;
    Ok(Actor::of(&active, needed, call.client()))
}

/// The session of the token that the request carries, if the route takes it.
async fn session<P: Platform>(call: &Call<'_, P>) -> Result<ActiveSession, ApiError> {
    let active = signed_in(call).await?;
    require_recent(call, &active).await?;
    Ok(active)
}

/// Refuses whoever has not proved within ten minutes who they are, where the row of the route asks for that.
async fn require_recent<P: Platform>(
    call: &Call<'_, P>,
    active: &ActiveSession,
) -> Result<(), ApiError> {
    let asks = match call.route.recency {
        Recency::Never => false,
        Recency::Always => true,
        Recency::WithMember(name) => json::has_member(call.body, name),
        Recency::WithFlag(name) => call.query()?.flag(name)?.unwrap_or_default(),
        Recency::OfOtherSessions => call.path_parameter("id") != active.session.id,
    };
    if asks {
        call.auth.sign_in().require_recent(active).await?;
    }
    Ok(())
}

/// The session of the token that the request carries, unless somebody acts as the person and the route refuses that.
async fn signed_in<P: Platform>(call: &Call<'_, P>) -> Result<ActiveSession, ApiError> {
    let active = active_session(call).await?;
    // The one place for all: no route that takes a session can forget it.
    if active.session.actor_id.is_some() && !call.route.while_impersonating {
        return Err(ApiError::no_impersonation());
    }
    if !call.route.while_enrolling && call.auth.mfa().must_enrol(&active) {
        return Err(ApiError::enrolment_required());
    }
    Ok(active)
}

/// The session of the token in the header or, without one, of the first cookie whose session is active. A browser sends
/// cookies whoever makes it send the request, so that one has to come from our own pages where it changes something.
async fn active_session<P: Platform>(call: &Call<'_, P>) -> Result<ActiveSession, ApiError> {
    if call.has_header() {
        return Ok(call.auth.sessions().authenticate(call.bearer()?).await?);
    }
    let tokens = call.session_cookies();
    if tokens.is_empty() {
        return Err(ApiError::unauthenticated());
    }
    call.require_own_page()?;
    let mut causes = Vec::new();
    for token in tokens {
        match call.auth.sessions().authenticate(token).await {
            Err(Error::AccessToken(cause)) => causes.push(cause),
            found => return Ok(found?),
        }
    }
    Err(refusal(&causes))
}

/// Why none of the tokens in cookies is accepted. One that has expired can be refreshed; where all sessions have ended, the
/// cookies are of no more use.
fn refusal(causes: &[AccessTokenError]) -> ApiError {
    let weight = |cause: &&AccessTokenError| match cause {
        AccessTokenError::Expired => 2,
        AccessTokenError::SessionEnded => 1,
        AccessTokenError::Malformed
        | AccessTokenError::TypeMismatch
        | AccessTokenError::KeyUnknown
        | AccessTokenError::AlgorithmMismatch
        | AccessTokenError::SignatureInvalid
        | AccessTokenError::NotYetValid
        | AccessTokenError::IssuerMismatch
        | AccessTokenError::AudienceMismatch => 0,
    };
    match causes.iter().max_by_key(weight) {
        None => ApiError::unauthenticated(),
        Some(AccessTokenError::SessionEnded) => {
            ApiError::from(Error::AccessToken(AccessTokenError::SessionEnded)).clearing_cookies()
        }
        Some(cause) => Error::AccessToken(*cause).into(),
    }
}
