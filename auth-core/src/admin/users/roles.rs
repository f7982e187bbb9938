//! Grants and revokes roles of users.

use crate::account::change::{Change, TRIES, always_changing};
use crate::admin::actor::Actor;
use crate::admin::administer::try_administer;
use crate::admin::catalog::find_role;
use crate::admin::grounds::renewed;
use crate::admin::users::Users;
use crate::audit::event::EventKind;
use crate::audit::record::audit_event;
use crate::error::Result;
use crate::platform::Platform;
use crate::storage::UserDetails;

impl<P: Platform> Users<'_, P> {
    /// Grants a user a role, or revokes it.
    ///
    /// # Errors
    /// [`Error::NotFound`](crate::Error::NotFound), [`Error::InsufficientRank`](crate::Error::InsufficientRank),
    /// [`Error::GrantNotHeld`](crate::Error::GrantNotHeld), [`Error::LastSuperadmin`](crate::Error::LastSuperadmin), or
    /// a failure of the platform.
    pub async fn set_role(
        self,
        actor: &Actor,
        user_id: &str,
        role: &str,
        held: bool,
    ) -> Result<()> {
        let context = self.context;
        let kind = if held {
            EventKind::RoleAdded
        } else {
            EventKind::RoleRemoved
        };
        let mut acting = actor.clone();
        for _ in 0..TRIES {
            let role = find_role(context, role).await?;
            // An actor who can't grant a role can't revoke it either.
            acting.may_grant(&role)?;
            let decide = |member: &UserDetails| {
                let mut change = Change::of(member.account.user.clone());
                let names = vec![role.name.clone()];
                if held {
                    change.adds_roles = names;
                } else {
                    change.remove_roles(names);
                }
                let event = actor.event(kind).on("user", user_id);
                let event = event.with("role", role.name.as_str());
                change.events = vec![audit_event(context, event, actor.client())];
                Ok(change)
            };
            let changed = try_administer(context, &acting, user_id, Some(&role), decide);
            if changed.await?.is_some() {
                return Ok(());
            }
            acting = renewed(context, &acting).await?;
        }
        Err(always_changing())
    }
}
