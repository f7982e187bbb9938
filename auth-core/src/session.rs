//! Sessions and their tokens: started by a login, continued by refreshing, ended by logging out.

use crate::auth::{Auth, Client, Freshness};
use crate::deferred::{Deferred, Work};
use crate::error::{AccessTokenError, Error, Result};
use crate::identifier::new_id;
use crate::jose::{Audience, Claims, Expectations, KeySet};
use crate::mail::{MailContext, MailKind};
use crate::platform::{Level, Platform};
use crate::secret::SecretToken;
use crate::storage::{
    ActiveSession, NewSession, RefreshToken, Rotation, RotationOutcome, Session,
    StartSessionOutcome, StartedSession, Storage as _,
};
use crate::time::Timestamp;

/// What a client holds to act for a person.
pub struct TokenPair {
    /// Access token: a JWT in the profile of RFC 9068.
    pub access_token: String,
    /// Seconds until the access token expires.
    pub expires_in: u64,
    /// Refresh token, for one use.
    pub refresh_token: SecretToken,
    /// The session they belong to.
    pub active: ActiveSession,
}

/// What a successor of a refresh token is encrypted for.
const SUCCESSOR_PURPOSE: &str = "gatewright refresh token successor v1";
/// How many rotations within one grace window a late copy of a token is led along.
const MAX_SUPERSEDED: usize = 8;
/// `client_id` of tokens for Gatewright's own API.
const OWN_CLIENT: &str = "gatewright";

impl<P: Platform> Auth<P> {
    /// Starts a session of a user who has proved himself by the methods `amr` (RFC 8176).
    ///
    /// # Errors
    /// [`Error::InvalidCredentials`] when the user was deleted or disabled meanwhile, or a failure of the platform.
    pub(crate) async fn start_session(
        &self,
        user_id: &str,
        amr: &[&str],
        client: &Client,
    ) -> Result<TokenPair> {
        let now = self.platform.now();
        // First: without a key to sign with nothing must be stored.
        let keys = self.keys(now, Freshness::Usual).await?;
        let refresh_token = SecretToken::generate(&self.platform);
        let expires_at = now + self.config.session_life;
        let session = Session {
            id: new_id(&self.platform),
            user_id: user_id.to_owned(),
            client_id: None,
            actor_id: None,
            amr: amr.iter().map(|method| (*method).to_owned()).collect(),
            authenticated_at: now,
            created_at: now,
            last_seen_at: now,
            expires_at,
            ip: client.ip.map(|ip| ip.to_canonical().to_string()),
            user_agent: client.user_agent.clone(),
            revoked_at: None,
            revocation_reason: None,
        };
        let outcome = self
            .platform
            .storage()
            .start_session(NewSession {
                session,
                refresh_token: Some(RefreshToken {
                    digest: refresh_token.digest(),
                    expires_at: expires_at.min(now + self.config.refresh_token_life),
                }),
                ends_others: self.config.single_session,
            })
            .await?;
        match outcome {
            StartSessionOutcome::Started(StartedSession { active, ended }) => {
                self.announce_ended(ended, now);
                self.token_pair(&keys, now, active, refresh_token)
            }
            StartSessionOutcome::UserInactive => Err(Error::InvalidCredentials),
        }
    }

    /// Exchanges a refresh token for a new pair.
    ///
    /// A token is exchanged once. Presented again within the grace window it gets the same successor, so that two
    /// tabs of one person don't sign him out; presented later it is in two hands, and the session ends.
    ///
    /// # Errors
    /// [`Error::RefreshToken`], or a failure of the platform.
    pub async fn refresh(&self, presented: &str) -> Result<TokenPair> {
        let mut token = SecretToken::parse(presented).ok_or(Error::RefreshToken)?;
        // One time for the whole way, so that it doesn't leave the grace window half-way.
        let now = self.platform.now();
        // First: without a key to sign with no token must be used up.
        let keys = self.keys(now, Freshness::Usual).await?;
        for _ in 0..MAX_SUPERSEDED {
            let digest = token.digest();
            let successor = SecretToken::generate(&self.platform);
            let sealed = self.config.secret_key.seal(
                &self.platform,
                SUCCESSOR_PURPOSE,
                &digest,
                token.expose(),
                successor.expose().as_bytes(),
            );
            let outcome = self
                .platform
                .storage()
                .rotate_refresh_token(Rotation {
                    presented: digest.clone(),
                    successor: RefreshToken {
                        digest: successor.digest(),
                        expires_at: now + self.config.refresh_token_life,
                    },
                    sealed,
                    now,
                    grace: self.config.refresh_token_grace,
                })
                .await?;
            match outcome {
                RotationOutcome::Rotated(active) => {
                    return self.token_pair(&keys, now, active, successor);
                }
                RotationOutcome::Replayed(replayed) => {
                    let successor = self
                        .config
                        .secret_key
                        .open(SUCCESSOR_PURPOSE, &digest, token.expose(), &replayed.sealed)
                        .and_then(|plain| {
                            core::str::from_utf8(&plain)
                                .ok()
                                .and_then(SecretToken::parse)
                        })
                        .ok_or_else(|| {
                            Error::Internal("SECRET_KEY does not open a stored successor".into())
                        })?;
                    if !replayed.superseded {
                        return self.token_pair(&keys, now, replayed.active, successor);
                    }
                    // The other tab has refreshed again already: its token is the one to continue from.
                    token = successor;
                }
                RotationOutcome::Reused(active) => {
                    self.report_reuse(&active);
                    self.announce_ended(vec![active.session.id], now);
                    return Err(Error::RefreshToken);
                }
                RotationOutcome::Expired | RotationOutcome::Revoked | RotationOutcome::Unknown => {
                    break;
                }
            }
        }
        Err(Error::RefreshToken)
    }

    /// The person whom an access token stands for, with roles and permissions, and the session, all as of now:
    /// one query of storage.
    ///
    /// # Errors
    /// [`Error::AccessToken`], or a failure of the platform.
    pub async fn authenticate(&self, access_token: &str) -> Result<ActiveSession> {
        let now = self.platform.now();
        let claims = self.verify_access_token(access_token, now).await?;
        self.platform
            .storage()
            .find_session(claims.sid)
            .await?
            .filter(|active| active.user.id == claims.sub && is_active(active, now))
            .ok_or(Error::AccessToken(AccessTokenError::SessionEnded))
    }

    /// The claims of an access token of ours. Says nothing of whether its session still lasts.
    async fn verify_access_token(&self, access_token: &str, now: Timestamp) -> Result<Claims> {
        let expected = Expectations {
            issuer: self.config.issuer(),
            audience: self.config.audience(),
            now,
            clock_tolerance: 0,
        };
        match self
            .keys(now, Freshness::Usual)
            .await?
            .verify(access_token, &expected)
        {
            // Another instance may have rotated the keys a moment ago.
            Err(AccessTokenError::KeyUnknown) => Ok(self
                .keys(now, Freshness::Newest)
                .await?
                .verify(access_token, &expected)?),
            verified => Ok(verified?),
        }
    }

    /// Ends the session of an access token. That it has ended already is no error: the person wanted it ended.
    ///
    /// # Errors
    /// [`Error::AccessToken`], or a failure of the platform.
    pub async fn logout(&self, access_token: &str) -> Result<()> {
        let claims = self
            .verify_access_token(access_token, self.platform.now())
            .await?;
        self.end_session(claims.sid).await
    }

    /// Ends the session of a refresh token: who holds it may end it (RFC 7009). An unknown token is no error.
    ///
    /// # Errors
    /// A failure of the platform.
    pub async fn logout_by_refresh_token(&self, refresh_token: &str) -> Result<()> {
        let Some(token) = SecretToken::parse(refresh_token) else {
            return Ok(());
        };
        match self
            .platform
            .storage()
            .find_refresh_token_session(token.digest())
            .await?
        {
            Some(session_id) => self.end_session(session_id).await,
            None => Ok(()),
        }
    }

    /// Ends every session of the person whom an access token stands for.
    ///
    /// # Errors
    /// [`Error::AccessToken`], or a failure of the platform.
    pub async fn logout_all(&self, access_token: &str) -> Result<()> {
        let active = self.authenticate(access_token).await?;
        let now = self.platform.now();
        let ended = self
            .platform
            .storage()
            .revoke_sessions(active.user.id, None, now, "logout_all".to_owned())
            .await?;
        self.announce_ended(ended, now);
        Ok(())
    }

    async fn end_session(&self, session_id: String) -> Result<()> {
        let now = self.platform.now();
        let ended = self
            .platform
            .storage()
            .revoke_session(session_id.clone(), now, "logout".to_owned())
            .await?;
        if ended {
            self.announce_ended(vec![session_id], now);
        }
        Ok(())
    }

    /// Tells the platform of sessions that storage has just ended.
    fn announce_ended(&self, sessions: Vec<String>, now: Timestamp) {
        if !sessions.is_empty() {
            let until = now + self.config.access_token_life;
            self.platform.sessions_ended(sessions, until);
        }
    }

    fn token_pair(
        &self,
        keys: &KeySet,
        now: Timestamp,
        active: ActiveSession,
        refresh_token: SecretToken,
    ) -> Result<TokenPair> {
        let expires_at = active
            .session
            .expires_at
            .min(now + self.config.access_token_life);
        let claims = Claims {
            iss: self.config.issuer().to_owned(),
            sub: active.user.id.clone(),
            aud: Audience::One(self.config.audience().to_owned()),
            exp: expires_at.as_secs(),
            nbf: None,
            iat: now.as_secs(),
            jti: new_id(&self.platform),
            client_id: active
                .session
                .client_id
                .clone()
                .unwrap_or_else(|| OWN_CLIENT.to_owned()),
            sid: active.session.id.clone(),
            auth_time: active.session.authenticated_at.as_secs(),
            amr: active.session.amr.clone(),
            roles: active.roles.clone(),
            permissions: active.permissions.clone(),
        };
        let access_token = keys
            .issue(&claims)
            .ok_or_else(|| Error::Internal("the signing key does not sign".into()))?;
        Ok(TokenPair {
            access_token,
            expires_in: claims.exp.saturating_sub(claims.iat),
            refresh_token,
            active,
        })
    }

    fn report_reuse(&self, active: &ActiveSession) {
        let fields = [
            ("user", active.user.id.as_str()),
            ("session", active.session.id.as_str()),
        ];
        self.platform.log(
            Level::Warn,
            "a refresh token was used twice; its session is ended",
            &fields,
        );
        let Some(email) = &active.user.email else {
            return;
        };
        let context = MailContext {
            name: active.user.display_name.as_deref(),
            device: active.session.user_agent.as_deref(),
            ..MailContext::default()
        };
        let message = self.message(MailKind::RefreshTokenReuse, email, &context);
        self.platform.defer(Deferred(Work::Notice(message)));
    }
}

fn is_active(active: &ActiveSession, now: Timestamp) -> bool {
    active.session.revoked_at.is_none()
        && now < active.session.expires_at
        && active.user.disabled_at.is_none()
}
