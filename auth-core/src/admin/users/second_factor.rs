//! Removes the second factor of a user.

use crate::account::change::Change;
use crate::admin::actor::Actor;
use crate::admin::administer::administer;
use crate::admin::users::Users;
use crate::audit::event::EventKind;
use crate::audit::record::audit_event;
use crate::client::Client;
use crate::credential::SECOND_FACTOR;
use crate::error::{Error, Result};
use crate::mail::kind::MailKind;
use crate::mail::outbox::notify_user;
use crate::mfa::second_factor::has_second_factor;
use crate::platform::Platform;

impl<P: Platform> Users<'_, P> {
    /// Removes a user's second factor and recovery codes and ends their sessions, because the user has lost them or they belong to somebody
    /// else. The user is notified by mail.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::InsufficientRank`], also for the actor's own factor, whose removal requires both
    /// factors; [`Error::MfaNotEnabled`], or a failure of the platform.
    pub async fn remove_second_factor(self, actor: &Actor, user_id: &str) -> Result<()> {
        let context = self.context;
        let event = actor.event(EventKind::SecondFactorRemoved);
        let event = audit_event(context, event.on("user", user_id), actor.client());
        let user = administer(context, actor, user_id, |member| {
            actor.must_be_another(user_id)?;
            if !has_second_factor(&member.account) {
                return Err(Error::MfaNotEnabled);
            }
            let mut change = Change {
                deletes: SECOND_FACTOR.to_vec(),
                events: vec![event.clone()],
                ..Change::of(member.account.user.clone())
            };
            // They have proved this factor, and must not count as having proved a later one.
            change.end_sessions(None, "second_factor_removed");
            Ok(change)
        })
        .await?;
        notify_user(context, &user, MailKind::MfaDisabled, &Client::default());
        Ok(())
    }
}
