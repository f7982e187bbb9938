//! Disables, enables, unlocks and deletes users.

use crate::account::change::{Change, TRIES, always_changing};
use crate::account::deletion::try_delete;
use crate::account::find::find_account;
use crate::account::password_reset::send_reset;
use crate::admin::actor::Actor;
use crate::admin::administer::administer;
use crate::admin::grounds::{grounds, renewed};
use crate::admin::users::Users;
use crate::audit::event::EventKind;
use crate::audit::record::audit_event;
use crate::client::Client;
use crate::credential::CredentialKind;
use crate::error::{Error, Result};
use crate::mail::kind::MailKind;
use crate::mail::outbox::notify_user;
use crate::platform::Platform;
use crate::rate_limits::forget::forget_attempts;

impl<P: Platform> Users<'_, P> {
    /// Disables an account, and ends its sessions. An account that is disabled stays as it is.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::InsufficientRank`], [`Error::LastSuperadmin`], or a failure of the platform.
    pub async fn disable(self, actor: &Actor, user_id: &str) -> Result<()> {
        let context = self.context;
        let now = context.now();
        let event = actor.event(EventKind::UserDisabled).on("user", user_id);
        let event = audit_event(context, event, actor.client());
        administer(context, actor, user_id, |member| {
            let mut user = member.account.user.clone();
            user.disabled_at.get_or_insert(now);
            let mut change = Change::of(user);
            change.end_sessions(None, "disabled");
            change.events = vec![event.clone()];
            Ok(change)
        })
        .await?;
        Ok(())
    }

    /// Enables an account again.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::InsufficientRank`], or a failure of the platform.
    pub async fn enable(self, actor: &Actor, user_id: &str) -> Result<()> {
        let context = self.context;
        let event = actor.event(EventKind::UserEnabled).on("user", user_id);
        let event = audit_event(context, event, actor.client());
        administer(context, actor, user_id, |member| {
            let mut user = member.account.user.clone();
            user.disabled_at = None;
            Ok(Change {
                events: vec![event.clone()],
                ..Change::of(user)
            })
        })
        .await?;
        Ok(())
    }

    /// Clears the failed attempts at an account, so that its owner can sign in again.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::InsufficientRank`], or a failure of the platform.
    pub async fn unlock(self, actor: &Actor, user_id: &str) -> Result<()> {
        let context = self.context;
        let event = actor.event(EventKind::UserUnlocked).on("user", user_id);
        let event = audit_event(context, event, actor.client());
        let user = administer(context, actor, user_id, |member| {
            let mut user = member.account.user.clone();
            user.locked_until = None;
            Ok(Change {
                events: vec![event.clone()],
                ..Change::of(user)
            })
        })
        .await?;
        forget_attempts(context, &user).await?;
        Ok(())
    }

    /// Requires a password reset: deletes the password, ends the sessions, and e-mails a password reset link.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::InsufficientRank`], also for the actor's own account; [`Error::NoEmail`], or a failure of the platform.
    pub async fn force_password_reset(self, actor: &Actor, user_id: &str) -> Result<()> {
        let context = self.context;
        let event = actor.event(EventKind::PasswordResetForced);
        let event = audit_event(context, event.on("user", user_id), actor.client());
        let user = administer(context, actor, user_id, |member| {
            actor.must_be_another(user_id)?;
            let user = member.account.user.clone();
            if user.email.is_none() {
                return Err(Error::NoEmail);
            }
            let mut change = Change {
                deletes: vec![CredentialKind::Password],
                events: vec![event.clone()],
                ..Change::of(user)
            };
            change.end_sessions(None, "password_reset");
            Ok(change)
        })
        .await?;
        let account = find_account(context, user_id).await?;
        let email = user.email.unwrap_or_default();
        send_reset(context, account.as_ref(), &email, MailKind::ResetRequired).await
    }

    /// Deletes a user and everything that belongs to them.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::InsufficientRank`], also for the actor's own account, whose deletion requires the password;
    /// [`Error::LastSuperadmin`], or a failure of the platform.
    pub async fn delete(self, actor: &Actor, user_id: &str) -> Result<()> {
        let context = self.context;
        let event = actor.event(EventKind::UserDeleted).on("user", user_id);
        let event = audit_event(context, event, actor.client());
        let mut acting = actor.clone();
        let mut tries = 0..TRIES;
        let user = loop {
            tries.next().ok_or_else(always_changing)?;
            let deleted = try_delete(context, user_id, &event, |member| {
                acting.may_administer(member)?;
                acting.must_be_another(user_id)?;
                Ok(Some(grounds(context, &acting, [member.into()])))
            });
            if let Some(user) = deleted.await? {
                break user;
            }
            acting = renewed(context, &acting).await?;
        };
        notify_user(context, &user, MailKind::AccountDeleted, &Client::default());
        Ok(())
    }
}
