//! Authenticates users by session tokens.

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

/// The maximum age of a session's stored last use before it is updated.
const COARSE: Duration = Duration::from_secs(60);

impl<P: Platform> Sessions<'_, P> {
    /// Returns the session and user of a JWT or an opaque token, with the current roles and permissions, in one storage
    /// query. Ends an impersonation whose conditions are no longer met.
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
                // Permanent: the session does not resume when the permission is granted again.
                let (id, reason) = (active.session.id, "impersonation_ended".to_owned());
                let sessions = storage.revoke_session(id, now, reason, vec![]).await?;
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

/// Returns the claims of an access token that this service issued, and its session, if there is one. Does not check
/// whether the session is active.
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
        // Issued for a session that was limited to setting up a second factor.
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
        // Another instance may just have rotated the keys.
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
    // Or it may have ended all of them.
    if !keys.know_of(active.keys_ended_at) {
        let keys = keys_after(context, now, keys, active.keys_ended_at).await?;
        verify(&keys)?;
    }
    Ok((claims, Some(active)))
}

pub(super) fn is_opaque(token: &str) -> bool {
    token.starts_with(OPAQUE)
}
