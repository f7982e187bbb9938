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
use crate::audit::record::record;
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
        administer(context, actor, user_id, |member| {
            let mut user = member.account.user.clone();
            user.disabled_at.get_or_insert(now);
            let mut change = Change::of(user);
            change.end_sessions(None, "disabled");
            Ok(change)
        })
        .await?;
        let event = actor.event(EventKind::UserDisabled).on("user", user_id);
        record(context, event, actor.client());
        Ok(())
    }

    /// Enables an account again.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::InsufficientRank`], or a failure of the platform.
    pub async fn enable(self, actor: &Actor, user_id: &str) -> Result<()> {
        let context = self.context;
        administer(context, actor, user_id, |member| {
            let mut user = member.account.user.clone();
            user.disabled_at = None;
            Ok(Change::of(user))
        })
        .await?;
        let event = actor.event(EventKind::UserEnabled).on("user", user_id);
        record(context, event, actor.client());
        Ok(())
    }

    /// Clears the failed attempts at an account, so that its owner can sign in again.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::InsufficientRank`], or a failure of the platform.
    pub async fn unlock(self, actor: &Actor, user_id: &str) -> Result<()> {
        let context = self.context;
        let user = administer(context, actor, user_id, |member| {
            let mut user = member.account.user.clone();
            user.locked_until = None;
            Ok(Change::of(user))
        })
        .await?
        .user;
        forget_attempts(context, &user).await?;
        let event = actor.event(EventKind::UserUnlocked).on("user", user_id);
        record(context, event, actor.client());
        Ok(())
    }

    /// Requires a password reset: deletes the password, ends the sessions, and e-mails a password reset link.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::InsufficientRank`], [`Error::NoEmail`], or a failure of the platform.
    pub async fn force_password_reset(self, actor: &Actor, user_id: &str) -> Result<()> {
        let context = self.context;
        let user = administer(context, actor, user_id, |member| {
            let user = member.account.user.clone();
            if user.email.is_none() {
                return Err(Error::NoEmail);
            }
            let mut change = Change {
                deletes: vec![CredentialKind::Password],
                ..Change::of(user)
            };
            change.end_sessions(None, "password_reset");
            Ok(change)
        })
        .await?
        .user;
        let event = actor.event(EventKind::PasswordResetForced);
        record(context, event.on("user", user_id), actor.client());
        let account = find_account(context, user_id).await?;
        let email = user.email.unwrap_or_default();
        send_reset(context, account.as_ref(), &email, MailKind::ResetRequired).await
    }

    /// Deletes a user and everything that belongs to them.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::InsufficientRank`], [`Error::LastSuperadmin`], or a failure of the platform.
    pub async fn delete(self, actor: &Actor, user_id: &str) -> Result<()> {
        let context = self.context;
        let mut acting = actor.clone();
        let mut tries = 0..TRIES;
        let user = loop {
            tries.next().ok_or_else(always_changing)?;
            let deleted = try_delete(context, user_id, |member| {
                acting.may_administer(member)?;
                Ok(Some(grounds(context, &acting, [member.into()])))
            });
            if let Some(user) = deleted.await? {
                break user;
            }
            acting = renewed(context, &acting).await?;
        };
        let event = actor.event(EventKind::UserDeleted).on("user", user_id);
        record(context, event, actor.client());
        notify_user(context, &user, MailKind::AccountDeleted, &Client::default());
        Ok(())
    }
}
