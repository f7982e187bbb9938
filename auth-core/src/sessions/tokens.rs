//! The tokens of a session.

use zeroize::Zeroizing;

use crate::client::device_token::DeviceToken;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::jose::{ActorClaim, Audience, Claims};
use crate::mfa::limited::must_enrol;
use crate::new_id::new_id;
use crate::platform::Platform;
use crate::secret::SecretToken;
use crate::sessions::refresh_token;
use crate::signing_keys::cache::LoadedKeys;
use crate::signing_keys::current::keys_after;
use crate::storage::ActiveSession;
use crate::time::Timestamp;

/// The maximum length of an issued access token, in bytes. Together with the cookie's name it stays within the 4,096
/// bytes that browsers keep (RFC 6265bis section 5.7). Verifiers accept at most twice this length.
pub const MAX_ACCESS_TOKEN: usize = 4000;

/// The `client_id` of tokens for Gatewright's own API.
const OWN_CLIENT: &str = "gatewright";

/// The tokens of a session.
pub struct TokenPair {
    /// The access token: a JWT in the profile of RFC 9068.
    pub access_token: String,
    /// Seconds until the access token expires.
    pub expires_in: u64,
    /// The refresh token, for one use.
    pub refresh_token: SecretToken,
    /// The session that the tokens belong to.
    pub active: ActiveSession,
    /// The device token, for a device that has just signed in.
    pub device: Option<DeviceToken>,
}

/// A session's tokens in one of the two formats.
pub enum Tokens {
    /// An access token and a refresh token.
    Jwt(TokenPair),
    /// One opaque token.
    Opaque(OpaqueToken),
}

impl Tokens {
    /// The session that the tokens belong to.
    pub fn active(&self) -> &ActiveSession {
        match self {
            Self::Jwt(pair) => &pair.active,
            Self::Opaque(token) => &token.active,
        }
    }

    /// Returns the token that identifies the device at its next login. `None` if the device has not just signed in.
    pub fn device(&self) -> Option<&DeviceToken> {
        match self {
            Self::Jwt(pair) => pair.device.as_ref(),
            Self::Opaque(token) => token.device.as_ref(),
        }
    }
}

/// An opaque token, which contains no information.
pub struct OpaqueToken {
    /// The text: `s_` and 86 characters of base64url.
    pub token: Zeroizing<String>,
    /// Seconds until the session ends, regardless of its use.
    pub expires_in: u64,
    /// The session that the token belongs to.
    pub active: ActiveSession,
    /// The device token, for a device that has just signed in.
    pub device: Option<DeviceToken>,
}

pub(super) fn new_refresh_token<P: Platform>(
    context: &Context<P>,
    session_id: &str,
) -> Result<SecretToken> {
    refresh_token::generate(&context.platform, &context.config.secret_key, session_id)
        .ok_or_else(|| Error::Internal("the ID of a session is not a UUID".into()))
}

pub(super) async fn token_pair<P: Platform>(
    context: &Context<P>,
    keys: LoadedKeys,
    now: Timestamp,
    active: ActiveSession,
    refresh_token: SecretToken,
) -> Result<TokenPair> {
    let (access_token, expires_in) = access_token(context, keys, now, &active).await?;
    Ok(TokenPair {
        access_token,
        expires_in,
        refresh_token,
        active,
        device: None,
    })
}

/// Returns a session's access token and its lifetime in seconds. The token must fit into a cookie: if it is too long,
/// it omits first the permissions and then the roles. Readers must then request those.
pub(crate) async fn access_token<P: Platform>(
    context: &Context<P>,
    keys: LoadedKeys,
    now: Timestamp,
    active: &ActiveSession,
) -> Result<(String, u64)> {
    let keys = keys_after(context, now, keys, active.keys_ended_at).await?;
    let expires_at = active
        .session
        .expires_at
        .min(now + context.config.access_token_life);
    let audience = if must_enrol(&context.config, active) {
        context.config.enrolment_audience()
    } else {
        context.config.audience().to_owned()
    };
    let mut claims = Claims {
        iss: context.config.issuer().to_owned(),
        sub: active.user.id.clone(),
        aud: Audience::One(audience),
        exp: expires_at.as_secs(),
        nbf: None,
        iat: now.as_secs(),
        jti: new_id(&context.platform),
        client_id: active
            .session
            .client_id
            .clone()
            .unwrap_or_else(|| OWN_CLIENT.to_owned()),
        sid: active.session.id.clone(),
        auth_time: active.session.authenticated_at.as_secs(),
        amr: active.session.amr.clone(),
        roles: Some(active.roles.clone()),
        permissions: Some(active.permissions.clone()),
        act: active
            .session
            .actor_id
            .clone()
            .map(|sub| ActorClaim { sub }),
    };
    let life = claims.exp.saturating_sub(claims.iat);
    let shorter: [fn(&mut Claims); 3] = [
        |_| {},
        |claims| claims.permissions = None,
        |claims| claims.roles = None,
    ];
    for shorten in shorter {
        shorten(&mut claims);
        let access_token = keys
            .issue(&claims)
            .ok_or_else(|| Error::Internal("the signing key can't sign".into()))?;
        if access_token.len() <= MAX_ACCESS_TOKEN {
            return Ok((access_token, life));
        }
    }
    let cause = "the access token is too long; shorten JWT_ISSUER and JWT_AUDIENCE";
    Err(Error::Internal(cause.into()))
}
