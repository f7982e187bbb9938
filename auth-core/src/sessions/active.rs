//! Active sessions.

use crate::access::{Holder, IMPERSONATE};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::platform::Platform;
use crate::sessions::Sessions;
use crate::storage::{ActiveSession, Session, Sessions as _};
use crate::time::Timestamp;

impl<P: Platform> Sessions<'_, P> {
    /// Returns the user's active sessions, the most recently seen first.
    ///
    /// # Errors
    /// A failure of the platform.
    pub async fn list(self, active: &ActiveSession) -> Result<Vec<Session>> {
        let context = self.context;
        active_sessions(context, &active.user.id).await
    }
}

/// Whether a session is active, its user is not disabled, and its impersonator, if any, is still allowed to act.
pub(crate) fn is_live<P: Platform>(
    context: &Context<P>,
    active: &ActiveSession,
    now: Timestamp,
) -> bool {
    is_active(context, &active.session, now)
        && active.user.disabled_at.is_none()
        && actor_may(context, active, now)
}

/// Whether all conditions of an impersonation are still met: the administrator's own session, the permission, and the
/// rank above the user. Other sessions have no such conditions.
pub(super) fn actor_may<P: Platform>(
    context: &Context<P>,
    active: &ActiveSession,
    now: Timestamp,
) -> bool {
    if active.session.actor_id.is_none() {
        return true;
    }
    let Some(acting) = &active.acting else {
        return false;
    };
    let holder = Holder::from(&acting.standing);
    let idle = idles_at(context, acting.opaque, acting.last_seen_at) <= now;
    let active_itself = acting.revoked_at.is_none() && now < acting.expires_at && !idle;
    active_itself
        && acting.disabled_at.is_none()
        && holder.has_permission(IMPERSONATE)
        && holder.outranks(&Holder::from(active))
}

/// Whether a session has not been revoked, has not expired and is not idle for too long.
pub(super) fn is_active<P: Platform>(
    context: &Context<P>,
    session: &Session,
    now: Timestamp,
) -> bool {
    let idle = idles_at(context, session.token.is_some(), session.last_seen_at) <= now;
    session.revoked_at.is_none() && now < session.expires_at && !idle
}

/// Returns the time at which an unused session ends.
fn idles_at<P: Platform>(context: &Context<P>, opaque: bool, last_seen_at: Timestamp) -> Timestamp {
    last_seen_at
        + if opaque {
            context.config.session_idle
        } else {
            // The last refresh token has expired by then.
            context.config.refresh_token_life
        }
}

pub(crate) async fn active_sessions<P: Platform>(
    context: &Context<P>,
    user_id: &str,
) -> Result<Vec<Session>> {
    let now = context.now();
    let storage = context.storage();
    let listed = storage.list_sessions(user_id.to_owned(), now).await?;
    let active = |session: &Session| is_active(context, session, now);
    Ok(listed.into_iter().filter(active).collect())
}

/// Returns the ID of a user's active session.
pub(crate) async fn active_session<P: Platform>(
    context: &Context<P>,
    user_id: &str,
    id: &str,
) -> Result<String> {
    let mut sessions = active_sessions(context, user_id).await?.into_iter();
    let found = sessions.find(|session| session.id == id);
    Ok(found.ok_or(Error::NotFound("session"))?.id)
}
