//! Ends sessions.

use crate::audit::event::{Event, EventKind};
use crate::audit::record::record;
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
    /// Ends the session of a token, a JWT or an opaque one. That it has ended already is no error: the person wanted it
    /// ended.
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

    /// Ends the session of a refresh token: who holds it may end it (RFC 7009). An unknown token is no error.
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

    /// Ends every session of a person.
    ///
    /// # Errors
    /// A failure of the platform.
    pub async fn logout_all(self, active: &ActiveSession, client: &Client) -> Result<()> {
        let context = self.context;
        end_sessions(context, active, None, "logout_all", client).await
    }

    /// Ends every session of a person but this one.
    ///
    /// # Errors
    /// A failure of the platform.
    pub async fn logout_others(self, active: &ActiveSession, client: &Client) -> Result<()> {
        let context = self.context;
        let this = active.session.id.clone();
        end_sessions(context, active, Some(this), "logout_others", client).await
    }

    /// Ends one session of a person.
    ///
    /// # Errors
    /// [`Error::NotFound`]: they have no such active session; or a failure of the platform.
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
    let ended = context
        .storage()
        .revoke_sessions(active.user.id.clone(), except, now, reason.to_owned())
        .await?;
    // Nothing has happened otherwise, and anybody who is signed in could fill the log with it.
    if !ended.is_empty() {
        let event = Event::own(EventKind::SessionRevoked, active)
            .because(reason)
            .with("sessions", ended.len());
        record(context, event, client);
    }
    context.announce_ended(ended, now);
    Ok(())
}

/// Ends a session with those that rest on it, and tells of it if it lasted.
pub(crate) async fn end_session<P: Platform>(
    context: &Context<P>,
    session_id: String,
    event: Event,
    client: &Client,
) -> Result<()> {
    let now = context.now();
    let ended = context
        .storage()
        .revoke_session(session_id.clone(), now, "logout".to_owned())
        .await?;
    if ended.contains(&session_id) {
        let event = event.with("ended_session", session_id);
        record(context, event, client);
    }
    context.announce_ended(ended, now);
    Ok(())
}
