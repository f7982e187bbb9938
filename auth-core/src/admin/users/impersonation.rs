//! Impersonation: acting as a user.

use crate::account::find::find_user;
use crate::admin::actor::Actor;
use crate::admin::users::Users;
use crate::audit::event::EventKind;
use crate::audit::record::{audit_event, log_events};
use crate::error::{Error, Result};
use crate::new_id::new_id;
use crate::platform::Platform;
use crate::sessions::active::is_live;
use crate::sessions::tokens::access_token;
use crate::signing_keys::cache::Freshness;
use crate::signing_keys::current::current_keys;
use crate::storage::{NewSession, Session, Sessions as _, StartSessionOutcome, UserDetails};

/// The access of an administrator who impersonates a user.
pub struct Impersonation {
    /// Access token. There is no refresh token, because the session is short.
    pub access_token: String,
    /// Seconds until the token expires.
    pub expires_in: u64,
    /// The impersonated user.
    pub member: UserDetails,
}

impl<P: Platform> Users<'_, P> {
    /// Starts a short session in which an administrator acts as a user whom they outrank. It ends with the session, the
    /// rank and the permission that it rests on:
    /// [`Sessions::authenticate`](crate::Sessions::authenticate) checks them with each request.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::InsufficientRank`], [`Error::AccountDisabled`], or a failure of the platform.
    pub async fn impersonate(
        self,
        actor: &Actor,
        user_id: &str,
        why: Option<&str>,
    ) -> Result<Impersonation> {
        let context = self.context;
        let member = find_user(context, user_id).await?;
        // Neither a peer nor the actor's own account.
        if !actor.holder().outranks(&(&member).into()) {
            return Err(Error::InsufficientRank);
        }
        let by = actor
            .user_id()
            .map(str::to_owned)
            .ok_or(Error::InsufficientRank)?;
        let now = context.now();
        // Read first, so that nothing is stored if there is no key to sign with.
        let keys = current_keys(context, now, Freshness::Usual).await?;
        let id = new_id(&context.platform);
        let mut event = actor.event(EventKind::UserImpersonated).on("user", user_id);
        event = event.with("started_session", id.as_str());
        if let Some(why) = why {
            event = event.with("reason", why);
        }
        let events = vec![audit_event(context, event, actor.client())];
        let new = NewSession {
            session: Session {
                id,
                user_id: user_id.to_owned(),
                client_id: None,
                actor_id: Some(by),
                parent_id: actor.session_id().map(str::to_owned),
                amr: Vec::new(),
                authenticated_at: now,
                created_at: now,
                last_seen_at: now,
                expires_at: now + context.config.impersonation_life,
                ip: actor.client().ip.map(|ip| ip.to_canonical().to_string()),
                token: None,
                user_agent: actor.client().user_agent.clone(),
                revoked_at: None,
                revocation_reason: None,
            },
            refresh_token: None,
            credential: None,
            identity: None,
            ends_others: false,
            continues: None,
            replaces: Vec::new(),
            events: events.clone(),
        };
        let active = match context.storage().start_session(new).await? {
            StartSessionOutcome::Started(started) => {
                log_events(context, &events);
                started.active
            }
            StartSessionOutcome::UserInactive => return Err(Error::AccountDisabled),
        };
        // The user may have gained rank meanwhile, or the administrator may have lost the rights.
        if !is_live(context, &active, now) {
            let (id, reason) = (active.session.id, "insufficient_rank".to_owned());
            let storage = context.storage();
            storage.revoke_session(id, now, reason, vec![]).await?;
            return Err(Error::InsufficientRank);
        }
        let (access_token, expires_in) = access_token(context, keys, now, &active).await?;
        Ok(Impersonation {
            access_token,
            expires_in,
            member,
        })
    }
}
