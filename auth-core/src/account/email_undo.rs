//! Undoes a change of the e-mail address, by a link to the old one.

use core::time::Duration;

use serde::{Deserialize, Serialize};

use crate::access::USER;
use crate::account::Accounts;
use crate::account::change::{Change, change_user};
use crate::account::deletion::delete_user;
use crate::account::find::find_account;
use crate::account::password_reset::send_reset;
use crate::audit::event::{Event, EventKind};
use crate::audit::record::audit_event;
use crate::client::Client;
use crate::context::Context;
use crate::credential::{CredentialKind, SECOND_FACTOR};
use crate::error::{Error, Result};
use crate::identifier::email_key;
use crate::mail::kind::MailKind;
use crate::mail::outbox::notify_user;
use crate::mfa::second_factor::{is_undoable, recovery_codes_since, second_factor_since};
use crate::one_time_secret::{Purpose, create_secret, peek_of_user};
use crate::platform::Platform;
use crate::secret::SecretToken;
use crate::storage::{InvalidatedSecrets, LoginName, User, Users as _};
use crate::time::Timestamp;

/// Lifetime of a link that undoes a change of the address.
pub(super) const UNDO_LIFE: Duration = Duration::from_secs(7 * 86_400);

/// The data stored with a link that undoes a change.
#[derive(Serialize, Deserialize)]
struct OldAddress {
    email: String,
    /// Time of the change, in milliseconds. A second factor that was added later is removed as well.
    changed_at: u64,
}

impl<P: Platform> Accounts<'_, P> {
    /// Undoes a change of the address by the link that was sent to the old one. The person who made the change may know
    /// the password or have linked an identity, so all sessions end, all identities are unlinked, and a new password must
    /// be set by a link to the old address.
    ///
    /// # Errors
    /// [`Error::Link`], [`Error::EmailTaken`], or a failure of the platform.
    pub async fn undo_email(self, token: &str, client: &Client) -> Result<User> {
        let context = self.context;
        let usable = peek_of_user::<OldAddress, _>(context, Purpose::UndoEmail, token).await?;
        take_from_newcomer(context, &usable.user_id, &usable.payload, client).await?;
        let now = context.now();
        let mut removes_factor = false;
        let undone = Event::of_user(EventKind::EmailChangeUndone, &usable.user_id);
        let undone = audit_event(context, undone, client);
        let disabled = Event::of_user(EventKind::MfaDisabled, &usable.user_id);
        let disabled = audit_event(context, disabled.because("email_change_undone"), client);
        let user = change_user(context, &usable.user_id, |account| {
            let changed_at = Timestamp::from_millis(usable.payload.changed_at);
            let mut deletes = vec![CredentialKind::Password, CredentialKind::TotpPending];
            // Factors added since belong to the person who changed the address; earlier ones belong to the owner, unless the
            // change took away their time to undo it.
            removes_factor = second_factor_since(&account).is_some_and(|since| since >= changed_at)
                || is_undoable(&account, changed_at);
            if removes_factor {
                deletes.extend(SECOND_FACTOR);
            } else if recovery_codes_since(&account).is_some_and(|since| since >= changed_at) {
                deletes.push(CredentialKind::RecoveryCode);
            }
            let mut events = vec![undone.clone()];
            if removes_factor {
                events.push(disabled.clone());
            }
            let mut user = account.user;
            user.email = Some(usable.payload.email.clone());
            user.email_verified_at = Some(now);
            let mut change = Change {
                consumes: Some(usable.digest.clone()),
                // A person who changed the address twice could undo this undo.
                invalidates: Some(InvalidatedSecrets {
                    purpose: Purpose::UndoEmail.as_str().to_owned(),
                    since: changed_at,
                }),
                deletes,
                unlinks_all: true,
                events,
                ..Change::of(user)
            };
            change.end_sessions(None, "email_change_undone");
            Ok(change)
        })
        .await?;
        let account = find_account(context, &user.id).await?;
        if removes_factor {
            notify_user(context, &user, MailKind::MfaDisabled, client);
        }
        send_reset(
            context,
            account.as_ref(),
            &usable.payload.email,
            MailKind::ResetPassword,
        )
        .await?;
        Ok(user)
    }
}

/// Deletes an account that was registered with the address since the change, without proving it. The owner who gets the
/// address back has proved it. An older account has got the address from an administrator, and keeps it.
async fn take_from_newcomer<P: Platform>(
    context: &Context<P>,
    user_id: &str,
    old: &OldAddress,
    client: &Client,
) -> Result<()> {
    let storage = context.storage();
    let key = email_key(&old.email);
    let name = LoginName::Email(key.clone());
    let holder = storage
        .find_account(name)
        .await?
        .map(|account| account.user);
    let registered_it = |user: &User| {
        let has_it = user.email.as_deref().map(email_key).as_ref() == Some(&key);
        let is_newer = user.created_at.as_millis() >= old.changed_at;
        has_it && user.id != user_id && user.email_proved_at.is_none() && is_newer
    };
    let Some(newcomer) = holder.filter(&registered_it) else {
        return Ok(());
    };
    let event = Event::new(EventKind::AccountDeleted).on("user", &newcomer.id);
    let event = audit_event(context, event.because("email_change_undone"), client);
    let deleted = delete_user(context, &newcomer.id, event, |member| {
        if !registered_it(&member.account.user) {
            return Err(Error::NotFound("user"));
        }
        // No link deletes a user to whom an administrator has granted a role.
        if member.roles.iter().any(|role| role != USER) {
            return Err(Error::EmailTaken);
        }
        Ok(())
    });
    match deleted.await {
        Ok(_) | Err(Error::NotFound(_)) => Ok(()),
        Err(error) => Err(error),
    }
}

pub(super) async fn create_undo_secret<P: Platform>(
    context: &Context<P>,
    user_id: &str,
    old: &str,
) -> Result<SecretToken> {
    let payload = OldAddress {
        email: old.to_owned(),
        changed_at: context.now().as_millis(),
    };
    let purpose = Purpose::UndoEmail;
    create_secret(context, purpose, Some(user_id), &payload, UNDO_LIFE, false).await
}
