//! Pending sign-ups: accounts that a provider's person began where the address must be proved first. Nobody has proved it,
//! and nobody could ever use the account.
//!
//! To others they look the same as sign-ups that stored nothing because the address was taken. Otherwise anybody could
//! find out whether an address has an account.

use crate::account::deletion::delete_user;
use crate::audit::event::{Event, EventKind};
use crate::audit::record::audit_event;
use crate::client::Client;
use crate::context::Context;
use crate::credential::{CredentialKind, credential_of_kind, password_id};
use crate::error::{Error, Result};
use crate::federation::person::Person;
use crate::platform::Platform;
use crate::sign_in::verification::awaits_verification;
use crate::storage::{Account, Users as _};

/// Whether the account is a pending sign-up, which can be done again with another address. Otherwise a wrong address would
/// lock the person out, and the answer to a second sign-in would reveal whether the first address was taken.
///
/// Only the sign-up itself marks an account as one. An unproved address shows nothing: an administrator may have changed
/// it, or the operator may require proofs only now.
pub(crate) fn may_begin_again(account: &Account) -> bool {
    let user = &account.user;
    let proved = user.email_proved_at.is_some() || user.email_verified_at.is_some();
    let was_used = user.last_login_at.is_some() || password_id(account).is_some();
    let is_sign_up = credential_of_kind(account, CredentialKind::PendingSignUp).is_some();
    is_sign_up && !was_used && !proved && user.disabled_at.is_none()
}

/// Deletes the sign-up of this user, if it is still pending. Returns `false` if it must stay.
pub(crate) async fn delete_pending<P: Platform>(
    context: &Context<P>,
    user_id: &str,
    client: &Client,
) -> Result<bool> {
    let event = Event::of_user(EventKind::AccountDeleted, user_id);
    let event = audit_event(context, event.because("sign_up_replaced"), client);
    let deleted = delete_user(context, user_id, event, |member| {
        let pending = may_begin_again(&member.account);
        pending.then_some(()).ok_or(Error::AccountExists)
    });
    match deleted.await {
        Ok(_) | Err(Error::NotFound(_) | Error::AccountExists) => Ok(true),
        Err(Error::LastSuperadmin) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Deletes the pending sign-up that has this person's identity. Returns whether the identity may be free now.
pub(crate) async fn free_identity<P: Platform>(
    context: &Context<P>,
    person: &Person,
    client: &Client,
) -> Result<bool> {
    let storage = context.storage();
    let (issuer, subject) = (person.issuer.clone(), person.subject.clone());
    match storage.find_identity(issuer, subject).await? {
        None => Ok(true),
        Some(found)
            if awaits_verification(&context.config, &found.account)
                && may_begin_again(&found.account) =>
        {
            delete_pending(context, &found.account.user.id, client).await
        }
        Some(_) => Ok(false),
    }
}
