//! Sessions and their tokens: started by a login, continued by refreshing, ended by logging out.

use core::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use crate::access::{Holder, IMPERSONATE};
use crate::audit::{Event, EventKind};
use crate::auth::{Auth, Client, Freshness};
use crate::deferred::{Deferred, Work};
use crate::error::{AccessTokenError, Error, Result};
use crate::identifier::new_id;
use crate::jose::{Actor, Audience, Claims, Expectations, KeySet};
use crate::known_device::DeviceToken;
use crate::mail::MailKind;
use crate::platform::{Level, Platform};
use crate::refresh_token::{self, PresentedToken};
use crate::secret::{SecretToken, digest};
use crate::storage::{
    ActiveSession, NewSession, RefreshToken, Rotation, RotationOutcome, Session, Sessions as _,
    StartSessionOutcome, StartedSession,
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
    /// For a device that has just signed in, to keep.
    pub device: Option<DeviceToken>,
}

/// What a client of the service carries to act for a person.
pub enum Tokens {
    /// An access token and a refresh token.
    Jwt(TokenPair),
    /// One opaque token.
    Opaque(OpaqueToken),
}

impl Tokens {
    /// The session they belong to.
    pub fn active(&self) -> &ActiveSession {
        match self {
            Self::Jwt(pair) => &pair.active,
            Self::Opaque(token) => &token.active,
        }
    }

    /// What the device keeps to be known by at its next login; none: it has not signed in with these.
    pub fn device(&self) -> Option<&DeviceToken> {
        match self {
            Self::Jwt(pair) => pair.device.as_ref(),
            Self::Opaque(token) => token.device.as_ref(),
        }
    }
}

/// An opaque token, which says nothing by itself.
pub struct OpaqueToken {
    /// `s_` and 86 characters of base64url.
    pub token: Zeroizing<String>,
    /// Seconds until the session ends, however it is used.
    pub expires_in: u64,
    /// The session it stands for.
    pub active: ActiveSession,
    /// For a device that has just signed in, to keep.
    pub device: Option<DeviceToken>,
}

/// What carries a session between client and service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Carrier {
    /// JWTs.
    Jwt,
    /// An opaque token.
    Opaque,
}

/// How a client wants to carry a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// JWTs in the body of the answer.
    Jwt,
    /// An opaque token in the body of the answer.
    Session,
    /// An opaque token in a cookie.
    Cookie,
    /// JWTs in cookies.
    JwtCookie,
}

impl Transport {
    /// The names in settings and requests.
    pub const NAMES: [&str; 4] = ["jwt", "session", "cookie", "jwt_cookie"];

    /// The transport of that name.
    pub fn parse(name: &str) -> Option<Self> {
        let all = [Self::Jwt, Self::Session, Self::Cookie, Self::JwtCookie];
        let at = Self::NAMES.iter().position(|known| *known == name)?;
        Some(all[at])
    }

    /// What it carries.
    pub fn carrier(self) -> Carrier {
        match self {
            Self::Jwt | Self::JwtCookie => Carrier::Jwt,
            Self::Session | Self::Cookie => Carrier::Opaque,
        }
    }

    /// Whether it is a cookie.
    pub fn is_cookie(self) -> bool {
        matches!(self, Self::Cookie | Self::JwtCookie)
    }
}

/// What an opaque token begins with.
const OPAQUE: &str = "s_";
/// Random bytes of an opaque token.
const OPAQUE_LEN: usize = 64;
/// How old the stored time of a session's last use may be before it is stored anew.
const COARSE: Duration = Duration::from_secs(60);

/// What a successor of a refresh token is encrypted for.
const SUCCESSOR_PURPOSE: &str = "gatewright refresh token successor v1";
/// How many rotations within one grace window a late copy of a token is led along.
const MAX_SUPERSEDED: usize = 8;
/// `client_id` of tokens for Gatewright's own API.
const OWN_CLIENT: &str = "gatewright";

impl<P: Platform> Auth<P> {
    /// Starts a session of a user who has proved himself by the methods `amr` (RFC 8176) with this password.
    ///
    /// # Errors
    /// [`Error::InvalidCredentials`] when the user was deleted or disabled or the password changed meanwhile, or a
    /// failure of the platform.
    pub(crate) async fn start_session(
        &self,
        user_id: &str,
        credential: &str,
        amr: &[&str],
        client: &Client,
        carrier: Carrier,
    ) -> Result<Tokens> {
        let now = self.platform.now();
        let expires_at = now + self.config.session_life;
        let mut session = Session {
            id: new_id(&self.platform),
            user_id: user_id.to_owned(),
            client_id: None,
            actor_id: None,
            parent_id: None,
            amr: amr.iter().map(|method| (*method).to_owned()).collect(),
            authenticated_at: now,
            created_at: now,
            last_seen_at: now,
            expires_at,
            ip: client.ip.map(|ip| ip.to_canonical().to_string()),
            token: None,
            user_agent: client.user_agent.clone(),
            revoked_at: None,
            revocation_reason: None,
        };
        match carrier {
            Carrier::Jwt => {
                // First: without a key to sign with nothing must be stored.
                let keys = self.keys(now, Freshness::Usual).await?;
                let token = self.new_refresh_token(&session.id)?;
                let refresh_token = RefreshToken {
                    digest: token.digest(),
                    expires_at: expires_at.min(now + self.config.refresh_token_life),
                    names_session: true,
                };
                let active = self
                    .store_session(session, credential, Some(refresh_token), client)
                    .await?;
                Ok(Tokens::Jwt(TokenPair {
                    device: Some(self.device_token(credential, client)),
                    ..self.token_pair(&keys, now, active, token)?
                }))
            }
            Carrier::Opaque => {
                let mut bytes = Zeroizing::new([0; OPAQUE_LEN]);
                self.platform.fill_random(bytes.as_mut());
                let token = Zeroizing::new(format!(
                    "{OPAQUE}{}",
                    URL_SAFE_NO_PAD.encode(bytes.as_ref())
                ));
                session.token = Some(digest(&token));
                let active = self
                    .store_session(session, credential, None, client)
                    .await?;
                Ok(Tokens::Opaque(OpaqueToken {
                    token,
                    expires_in: active.session.expires_at.since(now).as_secs(),
                    active,
                    device: Some(self.device_token(credential, client)),
                }))
            }
        }
    }

    async fn store_session(
        &self,
        session: Session,
        credential: &str,
        refresh_token: Option<RefreshToken>,
        client: &Client,
    ) -> Result<ActiveSession> {
        let now = session.created_at;
        let new = NewSession {
            session,
            refresh_token,
            credential: Some(credential.to_owned()),
            ends_others: self.config.single_session,
        };
        match self.platform.storage().start_session(new).await? {
            StartSessionOutcome::Started(StartedSession { active, ended }) => {
                self.announce_ended(ended, now);
                let event = Event::own(EventKind::LoginSucceeded, &active)
                    .with("amr", active.session.amr.as_slice());
                self.record(event, client);
                Ok(active)
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
    pub async fn refresh(&self, presented: &str, client: &Client) -> Result<TokenPair> {
        let presented = PresentedToken::parse(&self.config.secret_key, presented);
        let PresentedToken { mut token, session } = presented.ok_or(Error::RefreshToken)?;
        let storage = self.platform.storage();
        let session_id = match &session {
            Some(named) => named.clone(),
            None => storage
                .find_refresh_token_session(token.digest())
                .await?
                .ok_or(Error::RefreshToken)?,
        };
        self.count_refresh(&session_id).await?;
        // One time for the whole way, so that it doesn't leave the grace window half-way.
        let now = self.platform.now();
        // First: without a key to sign with no token must be used up.
        let keys = self.keys(now, Freshness::Usual).await?;
        for _ in 0..MAX_SUPERSEDED {
            let digest = token.digest();
            let successor = self.new_refresh_token(&session_id)?;
            let sealed = self.config.secret_key.seal(
                &self.platform,
                SUCCESSOR_PURPOSE,
                &digest,
                token.expose(),
                successor.expose().as_bytes(),
            );
            let outcome = storage
                .rotate_refresh_token(Rotation {
                    presented: digest.clone(),
                    session: session.clone(),
                    successor: RefreshToken {
                        digest: successor.digest(),
                        expires_at: now + self.config.refresh_token_life,
                        names_session: true,
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
                            let plain = core::str::from_utf8(&plain).ok()?;
                            PresentedToken::parse(&self.config.secret_key, plain)
                        })
                        .map(|successor| successor.token)
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
                    self.report_reuse(&active, client);
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

    /// As [`refresh`](Self::refresh), if the token belongs to one of these sessions. A token of another session is refused and
    /// not used up: whoever put it there must not choose the account that a person goes on with.
    ///
    /// # Errors
    /// [`Error::RefreshToken`], or a failure of the platform.
    pub async fn refresh_within(
        &self,
        presented: &str,
        session_ids: &[&str],
        client: &Client,
    ) -> Result<TokenPair> {
        let token = PresentedToken::parse(&self.config.secret_key, presented);
        let PresentedToken { token, session } = token.ok_or(Error::RefreshToken)?;
        let storage = self.platform.storage();
        let is_one = |id: &String| session_ids.contains(&id.as_str());
        let found = match session {
            Some(named) => Some(named),
            None => storage.find_refresh_token_session(token.digest()).await?,
        };
        if found.is_some_and(|id| !is_one(&id)) {
            return Err(Error::RefreshToken);
        }
        // An unknown token is refused here, and the reuse of a forgotten one reported.
        let pair = self.refresh(presented, client).await?;
        if is_one(&pair.active.session.id) {
            Ok(pair)
        } else {
            Err(Error::RefreshToken)
        }
    }

    /// The person whom a token stands for, a JWT or an opaque one, with roles and permissions, and the session, all as of
    /// now: one query of storage. An impersonation whose grounds are lost is ended.
    ///
    /// # Errors
    /// [`Error::AccessToken`], or a failure of the platform.
    pub async fn authenticate(&self, token: &str) -> Result<ActiveSession> {
        let now = self.platform.now();
        let storage = self.platform.storage();
        let active = if is_opaque(token) {
            storage.find_session_by_token(digest(token)).await?
        } else {
            let claims = self.verify_access_token(token, now).await?;
            let found = storage.find_session(claims.sid).await?;
            found.filter(|active| active.user.id == claims.sub && active.session.token.is_none())
        };
        let ended = Error::AccessToken(AccessTokenError::SessionEnded);
        let active = match active {
            Some(active) if self.is_live(&active, now) => active,
            Some(active) if self.lasts(&active.session, now) && !self.actor_may(&active, now) => {
                // For good: it does not come back with the permission.
                let (id, reason) = (active.session.id, "impersonation_ended".to_owned());
                let sessions = storage.revoke_session(id, now, reason).await?;
                self.announce_ended(sessions, now);
                return Err(ended);
            }
            _ => return Err(ended),
        };
        if now.since(active.session.last_seen_at) >= COARSE {
            let touch = Work::Touch(active.session.id.clone());
            self.platform.defer(Deferred(touch));
        }
        Ok(active)
    }

    /// Whether a session lasts, of a user who is not disabled, and whoever acts as the user in it still may.
    pub(crate) fn is_live(&self, active: &ActiveSession, now: Timestamp) -> bool {
        self.lasts(&active.session, now)
            && active.user.disabled_at.is_none()
            && self.actor_may(active, now)
    }

    /// Whether everything holds that an impersonation rests on: the administrator's own session, the permission, and the
    /// rank over the person. The sessions of others rest on nothing.
    fn actor_may(&self, active: &ActiveSession, now: Timestamp) -> bool {
        if active.session.actor_id.is_none() {
            return true;
        }
        let Some(acting) = &active.acting else {
            return false;
        };
        let holder = Holder::from(&acting.standing);
        let idle = self.idles_at(acting.opaque, acting.last_seen_at) <= now;
        let lasts = acting.revoked_at.is_none() && now < acting.expires_at && !idle;
        lasts
            && acting.disabled_at.is_none()
            && holder.has_permission(IMPERSONATE)
            && holder.outranks(&Holder::from(active))
    }

    /// Whether a session has neither been ended nor come to its end, by its time or by not being used.
    fn lasts(&self, session: &Session, now: Timestamp) -> bool {
        let idle = self.idles_at(session.token.is_some(), session.last_seen_at) <= now;
        session.revoked_at.is_none() && now < session.expires_at && !idle
    }

    /// When a session ends by not being used.
    fn idles_at(&self, opaque: bool, last_seen_at: Timestamp) -> Timestamp {
        last_seen_at
            + if opaque {
                self.config.session_idle
            } else {
                // Its last refresh token has expired by then.
                self.config.refresh_token_life
            }
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

    /// Ends the session of a token, a JWT or an opaque one. That it has ended already is no error: the person wanted it
    /// ended.
    ///
    /// # Errors
    /// [`Error::AccessToken`], or a failure of the platform.
    pub async fn logout(&self, token: &str, client: &Client) -> Result<()> {
        let (session_id, user_id, actor) = if is_opaque(token) {
            let found = self.platform.storage().find_session_by_token(digest(token));
            let ended = Error::AccessToken(AccessTokenError::SessionEnded);
            let session = found.await?.ok_or(ended)?.session;
            (session.id, session.user_id, session.actor_id)
        } else {
            let now = self.platform.now();
            let claims = self.verify_access_token(token, now).await?;
            (claims.sid, claims.sub, claims.act.map(|actor| actor.sub))
        };
        let event = Event::new(EventKind::Logout)
            .by(Some(actor.as_ref().unwrap_or(&user_id)))
            .on("user", &user_id)
            .during(Some(&session_id));
        self.end_session(session_id, event, client).await
    }

    /// Ends the session of a refresh token: who holds it may end it (RFC 7009). An unknown token is no error.
    ///
    /// # Errors
    /// A failure of the platform.
    pub async fn logout_by_refresh_token(
        &self,
        refresh_token: &str,
        client: &Client,
    ) -> Result<()> {
        let presented = PresentedToken::parse(&self.config.secret_key, refresh_token);
        let Some(PresentedToken { token, session }) = presented else {
            return Ok(());
        };
        let storage = self.platform.storage();
        let session = match session {
            Some(named) => Some(named),
            None => storage.find_refresh_token_session(token.digest()).await?,
        };
        match session {
            Some(session_id) => {
                let event = Event::new(EventKind::Logout);
                self.end_session(session_id, event, client).await
            }
            None => Ok(()),
        }
    }

    /// Ends every session of a person.
    ///
    /// # Errors
    /// A failure of the platform.
    pub async fn logout_all(&self, active: &ActiveSession, client: &Client) -> Result<()> {
        self.end_sessions(active, None, "logout_all", client).await
    }

    /// Ends every session of a person but this one.
    ///
    /// # Errors
    /// A failure of the platform.
    pub async fn logout_others(&self, active: &ActiveSession, client: &Client) -> Result<()> {
        let this = active.session.id.clone();
        self.end_sessions(active, Some(this), "logout_others", client)
            .await
    }

    async fn end_sessions(
        &self,
        active: &ActiveSession,
        except: Option<String>,
        reason: &'static str,
        client: &Client,
    ) -> Result<()> {
        let now = self.platform.now();
        let ended = self
            .platform
            .storage()
            .revoke_sessions(active.user.id.clone(), except, now, reason.to_owned())
            .await?;
        // Nothing has happened otherwise, and anybody who is signed in could fill the log with it.
        if !ended.is_empty() {
            let event = Event::own(EventKind::SessionRevoked, active)
                .because(reason)
                .with("sessions", ended.len());
            self.record(event, client);
        }
        self.announce_ended(ended, now);
        Ok(())
    }

    /// The sessions of a person that last, the one seen last first.
    ///
    /// # Errors
    /// A failure of the platform.
    pub async fn sessions(&self, active: &ActiveSession) -> Result<Vec<Session>> {
        self.lasting_sessions(&active.user.id).await
    }

    pub(crate) async fn lasting_sessions(&self, user_id: &str) -> Result<Vec<Session>> {
        let now = self.platform.now();
        let storage = self.platform.storage();
        let listed = storage.list_sessions(user_id.to_owned(), now).await?;
        let lasts = |session: &Session| self.lasts(session, now);
        Ok(listed.into_iter().filter(lasts).collect())
    }

    /// The identifier of a session of a user that lasts.
    pub(crate) async fn lasting_session(&self, user_id: &str, id: &str) -> Result<String> {
        let mut sessions = self.lasting_sessions(user_id).await?.into_iter();
        let found = sessions.find(|session| session.id == id);
        Ok(found.ok_or(Error::NotFound("session"))?.id)
    }

    /// Ends one session of a person.
    ///
    /// # Errors
    /// [`Error::NotFound`]: he has no such session that lasts; or a failure of the platform.
    pub async fn end_own_session(
        &self,
        active: &ActiveSession,
        session_id: &str,
        client: &Client,
    ) -> Result<()> {
        let id = self.lasting_session(&active.user.id, session_id).await?;
        let event = Event::own(EventKind::SessionRevoked, active);
        self.end_session(id, event, client).await
    }

    /// Ends a session with those that rest on it, and tells of it if it lasted.
    pub(crate) async fn end_session(
        &self,
        session_id: String,
        event: Event,
        client: &Client,
    ) -> Result<()> {
        let now = self.platform.now();
        let ended = self
            .platform
            .storage()
            .revoke_session(session_id.clone(), now, "logout".to_owned())
            .await?;
        if ended.contains(&session_id) {
            let event = event.with("ended_session", session_id);
            self.record(event, client);
        }
        self.announce_ended(ended, now);
        Ok(())
    }

    /// Tells the platform of sessions that storage has just ended.
    pub(crate) fn announce_ended(&self, sessions: Vec<String>, now: Timestamp) {
        if !sessions.is_empty() {
            let until = now + self.config.access_token_life;
            self.platform.sessions_ended(sessions, until);
        }
    }

    fn new_refresh_token(&self, session_id: &str) -> Result<SecretToken> {
        refresh_token::generate(&self.platform, &self.config.secret_key, session_id)
            .ok_or_else(|| Error::Internal("the identifier of a session is no UUID".into()))
    }

    fn token_pair(
        &self,
        keys: &KeySet,
        now: Timestamp,
        active: ActiveSession,
        refresh_token: SecretToken,
    ) -> Result<TokenPair> {
        let (access_token, expires_in) = self.access_token(keys, now, &active)?;
        Ok(TokenPair {
            access_token,
            expires_in,
            refresh_token,
            active,
            device: None,
        })
    }

    /// An access token of a session, and for how many seconds it works.
    pub(crate) fn access_token(
        &self,
        keys: &KeySet,
        now: Timestamp,
        active: &ActiveSession,
    ) -> Result<(String, u64)> {
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
            act: active.session.actor_id.clone().map(|sub| Actor { sub }),
        };
        let access_token = keys
            .issue(&claims)
            .ok_or_else(|| Error::Internal("the signing key does not sign".into()))?;
        Ok((access_token, claims.exp.saturating_sub(claims.iat)))
    }

    fn report_reuse(&self, active: &ActiveSession, client: &Client) {
        let fields = [
            ("user", active.user.id.as_str()),
            ("session", active.session.id.as_str()),
        ];
        self.platform.log(
            Level::Warn,
            "a refresh token was used twice; its session is ended",
            &fields,
        );
        let event = Event::new(EventKind::TokenReused)
            .on("user", &active.user.id)
            .during(Some(&active.session.id));
        self.record(event, client);
        // The device of the session, and not who came with the token now: he may be the thief.
        let device = Client {
            user_agent: active.session.user_agent.clone(),
            ..Client::default()
        };
        self.notify_user(&active.user, MailKind::RefreshTokenReuse, &device);
    }
}

fn is_opaque(token: &str) -> bool {
    token.starts_with(OPAQUE)
}
