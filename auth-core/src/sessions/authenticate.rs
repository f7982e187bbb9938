//! Recognises a person by a token of a session.

use core::time::Duration;

use crate::context::Context;
use crate::deferred::task::{Deferred, Task};
use crate::error::{AccessTokenError, Error, Result};
use crate::jose::{Claims, Expectations, KeySet};
use crate::platform::Platform;
use crate::secret::digest;
use crate::sessions::Sessions;
use crate::sessions::active::{actor_may, is_active, is_live};
use crate::sessions::transport::OPAQUE;
use crate::signing_keys::cache::Freshness;
use crate::signing_keys::current::{current_keys, keys_after};
use crate::storage::{ActiveSession, Sessions as _};
use crate::time::Timestamp;

/// How old the stored time of a session's last use may be before it is stored anew.
const COARSE: Duration = Duration::from_secs(60);

impl<P: Platform> Sessions<'_, P> {
    /// The person whom a token stands for, a JWT or an opaque one, with roles and permissions, and the session, all as of
    /// now: one query of storage. An impersonation whose grounds are lost is ended.
    ///
    /// # Errors
    /// [`Error::AccessToken`], or a failure of the platform.
    pub async fn authenticate(self, token: &str) -> Result<ActiveSession> {
        let context = self.context;
        let now = context.now();
        let storage = context.storage();
        let active = if is_opaque(token) {
            storage.find_session_by_token(digest(token)).await?
        } else {
            let (claims, found) = verify_access_token(context, token, now).await?;
            found.filter(|active| active.user.id == claims.sub && active.session.token.is_none())
        };
        let ended = Error::AccessToken(AccessTokenError::SessionEnded);
        let active = match active {
            Some(active) if is_live(context, &active, now) => active,
            Some(active)
                if is_active(context, &active.session, now)
                    && !actor_may(context, &active, now) =>
            {
                // For good: it does not come back with the permission.
                let (id, reason) = (active.session.id, "impersonation_ended".to_owned());
                let sessions = storage.revoke_session(id, now, reason).await?;
                context.announce_ended(sessions, now);
                return Err(ended);
            }
            _ => return Err(ended),
        };
        if now.since(active.session.last_seen_at) >= COARSE {
            let touch = Task::Touch(active.session.id.clone());
            context.platform.defer(Deferred(touch));
        }
        Ok(active)
    }
}

/// The claims of an access token of ours, and its session, if there is one. Says nothing of whether that lasts.
pub(super) async fn verify_access_token<P: Platform>(
    context: &Context<P>,
    access_token: &str,
    now: Timestamp,
) -> Result<(Claims, Option<ActiveSession>)> {
    let expected = Expectations {
        issuer: context.config.issuer(),
        audience: context.config.audience(),
        now,
        clock_tolerance: context.config.clock_tolerance.as_secs(),
    };
    let enrolment = context.config.enrolment_audience();
    let verify = |keys: &KeySet| match keys.verify(access_token, &expected) {
        // Of a session that was good for setting up a second factor alone when it was issued.
        Err(AccessTokenError::AudienceMismatch) => {
            let audience = &enrolment;
            keys.verify(
                access_token,
                &Expectations {
                    audience,
                    ..expected
                },
            )
        }
        verified => verified,
    };
    let mut keys = current_keys(context, now, Freshness::Usual).await?;
    let claims = match verify(&keys) {
        // Another instance may have rotated the keys a moment ago.
        Err(AccessTokenError::KeyUnknown) => {
            keys = current_keys(context, now, Freshness::Newest).await?;
            verify(&keys)?
        }
        verified => verified?,
    };
    let found = context.storage().find_session(claims.sid.clone()).await?;
    let Some(active) = found else {
        return Ok((claims, None));
    };
    // Or have ended them all.
    if !keys.know_of(active.keys_ended_at) {
        let keys = keys_after(context, now, keys, active.keys_ended_at).await?;
        verify(&keys)?;
    }
    Ok((claims, Some(active)))
}

pub(super) fn is_opaque(token: &str) -> bool {
    token.starts_with(OPAQUE)
}
