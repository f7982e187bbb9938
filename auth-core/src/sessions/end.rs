//! Logout and the end of sessions.

use crate::audit::event::{Event, EventKind};
use crate::audit::record::{audit_event, log_events};
use crate::client::Client;
use crate::context::Context;
use crate::error::{AccessTokenError, Error, Result};
use crate::platform::Platform;
use crate::secret::digest;
use crate::sessions::Sessions;
use crate::sessions::active::active_session;
use crate::sessions::authenticate::{is_opaque, verify_access_token};
use crate::sessions::refresh_token::PresentedToken;
use crate::storage::{ActiveSession, Sessions as _};

impl<P: Platform> Sessions<'_, P> {
    /// Ends the session of a JWT or an opaque token. A session that has already ended is not an error, because the user
    /// wanted it to end.
    ///
    /// # Errors
    /// [`Error::AccessToken`], or a failure of the platform.
    pub async fn logout(self, token: &str, client: &Client) -> Result<()> {
        let context = self.context;
        let (session_id, user_id, actor) = if is_opaque(token) {
            let found = context.storage().find_session_by_token(digest(token));
            let ended = Error::AccessToken(AccessTokenError::SessionEnded);
            let session = found.await?.ok_or(ended)?.session;
            (session.id, session.user_id, session.actor_id)
        } else {
            let now = context.now();
            let (claims, _) = verify_access_token(context, token, now).await?;
            (claims.sid, claims.sub, claims.act.map(|actor| actor.sub))
        };
        let event = Event::new(EventKind::Logout)
            .by(Some(actor.as_ref().unwrap_or(&user_id)))
            .on("user", &user_id)
            .during(Some(&session_id));
        end_session(context, session_id, event, client).await
    }

    /// Ends the session of a refresh token. Possession of the token is sufficient (RFC 7009). An unknown token is not
    /// an error.
    ///
    /// # Errors
    /// A failure of the platform.
    pub async fn logout_by_refresh_token(self, refresh_token: &str, client: &Client) -> Result<()> {
        let context = self.context;
        let presented = PresentedToken::parse(&context.config.secret_key, refresh_token);
        let Some(PresentedToken { token, session }) = presented else {
            return Ok(());
        };
        let storage = context.storage();
        let session = match session {
            Some(named) => Some(named),
            None => storage.find_refresh_token_session(token.digest()).await?,
        };
        match session {
            Some(session_id) => {
                let event = Event::new(EventKind::Logout);
                end_session(context, session_id, event, client).await
            }
            None => Ok(()),
        }
    }

    /// Ends all of the user's sessions.
    ///
    /// # Errors
    /// A failure of the platform.
    pub async fn logout_all(self, active: &ActiveSession, client: &Client) -> Result<()> {
        let context = self.context;
        end_sessions(context, active, None, "logout_all", client).await
    }

    /// Ends all of the user's sessions except the current one.
    ///
    /// # Errors
    /// A failure of the platform.
    pub async fn logout_others(self, active: &ActiveSession, client: &Client) -> Result<()> {
        let context = self.context;
        let this = active.session.id.clone();
        end_sessions(context, active, Some(this), "logout_others", client).await
    }

    /// Ends one of the user's sessions.
    ///
    /// # Errors
    /// [`Error::NotFound`] if the user has no such active session, or a failure of the platform.
    pub async fn end(
        self,
        active: &ActiveSession,
        session_id: &str,
        client: &Client,
    ) -> Result<()> {
        let context = self.context;
        let id = active_session(context, &active.user.id, session_id).await?;
        let event = Event::own(EventKind::SessionRevoked, active);
        end_session(context, id, event, client).await
    }
}

async fn end_sessions<P: Platform>(
    context: &Context<P>,
    active: &ActiveSession,
    except: Option<String>,
    reason: &'static str,
    client: &Client,
) -> Result<()> {
    let now = context.now();
    let event = Event::own(EventKind::SessionRevoked, active).because(reason);
    let events = vec![audit_event(context, event, client)];
    let user_id = active.user.id.clone();
    let ended = context
        .storage()
        .revoke_sessions(user_id, except, now, reason.to_owned(), events.clone())
        .await?;
    // If no session ended, nothing is recorded. Otherwise any signed-in user could fill the audit log.
    if !ended.is_empty() {
        log_events(context, &events);
    }
    context.announce_ended(ended, now);
    Ok(())
}

/// Ends a session and the sessions that depend on it. Records and announces the end if the session was active.
pub(crate) async fn end_session<P: Platform>(
    context: &Context<P>,
    session_id: String,
    event: Event,
    client: &Client,
) -> Result<()> {
    let now = context.now();
    let event = event.with("ended_session", session_id.clone());
    let events = vec![audit_event(context, event, client)];
    let reason = "logout".to_owned();
    let ended = context
        .storage()
        .revoke_session(session_id.clone(), now, reason, events.clone())
        .await?;
    if ended.contains(&session_id) {
        log_events(context, &events);
    }
    context.announce_ended(ended, now);
    Ok(())
}
