//! Changes users on behalf of an administrator.

use crate::account::change::{Change, TRIES, always_changing, try_change};
use crate::admin::actor::Actor;
use crate::admin::grounds::{grounds, renewed};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::platform::Platform;
use crate::storage::{Role, SeenStanding, User, UserDetails};

/// Changes a user whom the actor may administer. If the grounds of that have changed meanwhile, reads them again.
pub(crate) async fn administer<P: Platform>(
    context: &Context<P>,
    actor: &Actor,
    user_id: &str,
    mut decide: impl FnMut(&UserDetails) -> Result<Change>,
) -> Result<User> {
    let mut actor = actor.clone();
    for _ in 0..TRIES {
        let changed = try_administer(context, &actor, user_id, None, &mut decide);
        if let Some(user) = changed.await? {
            return Ok(user);
        }
        actor = renewed(context, &actor).await?;
    }
    Err(always_changing())
}

/// Tries [`administer`] once, for a decision that may rest on a role as well. Returns `None` if the grounds of the
/// decision have changed meanwhile.
pub(crate) async fn try_administer<P: Platform>(
    context: &Context<P>,
    actor: &Actor,
    user_id: &str,
    role: Option<&Role>,
    decide: impl FnOnce(&UserDetails) -> Result<Change>,
) -> Result<Option<User>> {
    let changed = try_change(context, user_id, |member| {
        actor.may_administer(&member)?;
        let seen = role.map(SeenStanding::from).into_iter();
        let grounds = grounds(context, actor, seen.chain([(&member).into()]));
        Ok(Change {
            grounds: Some(grounds),
            ..decide(&member)?
        })
    });
    changed.await.map_err(|error| match error {
        Error::AccountGone => Error::NotFound("user"),
        error => error,
    })
}
