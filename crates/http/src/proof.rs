//! Proofs that a request provides before its handler runs.
//!
//! The row of a route names the proof, dispatch requires it, and the handler takes it as an argument. Nothing else
//! creates proofs, so a handler that needs a session or a permission can't be written without requiring it.

use std::ops::Deref;

use auth_core::access::Holder;
use auth_core::storage::ActiveSession;
use auth_core::{AccessTokenError, Actor, Error, Platform};

use crate::call::Call;
use crate::error::api_error::ApiError;
use crate::request::json;
use crate::route::{Access, Recency};

/// A proof of authorization.
pub(crate) trait Authorize: Sized {
    /// Returns the proof, or the error that refuses the request.
    async fn authorize<P: Platform>(call: &Call<'_, P>) -> Result<Self, ApiError>;
}

/// A proof without a session. A route that requires only such a proof is open to anybody who provides it.
pub(crate) trait Guard: Authorize {}

/// No proof: the route is public.
pub(crate) struct Public(());

/// Proof that no page of another site sent the request. Otherwise the route is public.
pub(crate) struct SameSite(());

/// The request can carry a token. The handler only ends the session of the token.
pub(crate) struct TokenHolder(());

/// The session of the token that the request carries.
pub(crate) struct Session(ActiveSession);

/// The same, or `None` if the request carries no valid token.
pub(crate) struct OptionalSession(Option<ActiveSession>);

/// The user of the session, or the operator.
pub(crate) struct Caller(Actor);

/// The user of the session, who has the permission of the route, or the operator.
pub(crate) struct Administrator(Actor);

/// Marks a request of the operator, who has full rights because they have access to the database. It is an extension of
/// the request, which can't be set over a network.
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
            // An ended session proves nothing, but is no reason to refuse a password.
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
            _ => Err(ApiError::internal(
                "the row of the route names no permission",
            )),
        }
    }
}

impl Session {
    /// Returns the session by value.
    pub(crate) fn into_inner(self) -> ActiveSession {
        self.0
    }
}

impl OptionalSession {
    /// Returns the session, if there is one.
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

/// Returns the actor: the operator, or the user of the session if they have this permission.
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
    require_recent(call, &active)?;
    Ok(Actor::of(&active, needed, call.client()))
}

/// Returns the session of the token that the request carries, if the route accepts it.
async fn session<P: Platform>(call: &Call<'_, P>) -> Result<ActiveSession, ApiError> {
    let active = signed_in(call).await?;
    require_recent(call, &active)?;
    Ok(active)
}

/// Fails if the row of the route requires recent authentication and the session lacks it.
fn require_recent<P: Platform>(call: &Call<'_, P>, active: &ActiveSession) -> Result<(), ApiError> {
    let asks = match call.route.recency {
        Recency::Never => false,
        Recency::Always => true,
        Recency::WithMember(name) => json::may_have_member(call.body, name),
        Recency::WithFlag(name) => call.query()?.flag(name)?.unwrap_or_default(),
        Recency::OfOtherSessions => call.path_parameter("id") != active.session.id,
    };
    if asks {
        call.auth.sign_in().require_recent(active)?;
    }
    Ok(())
}

/// Returns the session of the token that the request carries, unless the route refuses impersonation or pending
/// enrolment.
async fn signed_in<P: Platform>(call: &Call<'_, P>) -> Result<ActiveSession, ApiError> {
    let active = active_session(call).await?;
    // Checked here for all routes, so that no route with a session can omit it.
    if active.session.actor_id.is_some() && !call.route.while_impersonating {
        return Err(ApiError::no_impersonation());
    }
    if !call.route.while_enrolling
        && let Some(missing) = call.auth.mfa().missing_factor(&active)
    {
        return Err(ApiError::missing_factor(missing));
    }
    Ok(active)
}

/// Returns the session of the token in the header or, without one, of the first cookie with an active session. Browsers
/// send cookies also for pages of other sites, so a request with cookies that changes something must be sent by a page
/// of this service or of a configured origin.
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

/// Returns the error for a request whose cookies contain no valid token. An expired token can be refreshed; if all
/// sessions have ended, the answer clears the cookies.
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
