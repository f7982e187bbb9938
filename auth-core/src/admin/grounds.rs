//! The grounds of an administrator's decision. Storage checks them again in the operation that carries out the
//! decision, so that nobody uses a rank, a permission or a session that they have lost in the meantime.

use crate::access::{Holder, SUPERADMIN};
use crate::admin::actor::Actor;
use crate::context::Context;
use crate::error::{AccessTokenError, Error, Result};
use crate::platform::Platform;
use crate::sessions::active::is_live;
use crate::storage::{Grounds, Roles as _, SeenStanding, Sessions as _, Subject};

/// Returns the grounds of a decision: the actor's session and standing, and the standings of others.
pub(crate) fn grounds<P: Platform>(
    context: &Context<P>,
    actor: &Actor,
    others: impl IntoIterator<Item = SeenStanding>,
) -> Grounds {
    Grounds {
        session: actor.session_id().map(str::to_owned),
        now: context.now(),
        standings: actor.seen().into_iter().chain(others).collect(),
    }
}

/// Returns the standing of all users with a role or a permission, if the actor outranks each of them; `None` for a
/// superadmin, who needs no such check. A change of the role or the permission administers all of them.
///
/// # Errors
/// [`Error::InsufficientRank`], or a failure of the platform.
pub(crate) async fn seen_below<P: Platform>(
    context: &Context<P>,
    actor: &Actor,
    subject: Subject,
) -> Result<Option<SeenStanding>> {
    if actor.holder().has_role(SUPERADMIN) {
        return Ok(None);
    }
    let standing = context.storage().find_standing(subject.clone());
    let standing = standing.await?;
    if actor.holder().outranks(&Holder::from(&standing)) {
        Ok(Some(SeenStanding { subject, standing }))
    } else {
        Err(Error::InsufficientRank)
    }
}

/// Reads the actor again, for a decision whose grounds have changed.
///
/// # Errors
/// [`Error::AccessToken`] if the session has ended, [`Error::PermissionNeeded`] if the actor has lost the permission of
/// the route, or a failure of the platform.
pub(crate) async fn renewed<P: Platform>(context: &Context<P>, actor: &Actor) -> Result<Actor> {
    let Some(id) = actor.session_id() else {
        return Ok(actor.clone());
    };
    let found = context.storage().find_session(id.to_owned()).await?;
    let active = found
        .filter(|active| is_live(context, active, context.now()))
        .ok_or(Error::AccessToken(AccessTokenError::SessionEnded))?;
    let needed = actor.needed();
    if let Some(lost) = needed.filter(|name| !Holder::from(&active).has_permission(name)) {
        return Err(Error::PermissionNeeded(lost));
    }
    Ok(Actor::of(&active, needed, actor.client().clone()))
}
