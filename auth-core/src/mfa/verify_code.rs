//! Uses up a code of the second factor.

use crate::audit::event::{Event, EventKind};
use crate::audit::record::{record, record_failed_login};
use crate::client::Client;
use crate::context::Context;
use crate::credential::{CredentialKind, credential_of_kind, credentials_of_kind};
use crate::error::{Error, Result};
use crate::mail::kind::MailKind;
use crate::mail::outbox::notify_user;
use crate::mfa::recovery_code::digest_of_recovery_code;
use crate::mfa::second_factor::decrypt_totp_key;
use crate::mfa::totp;
use crate::platform::Platform;
use crate::rate_limits::sign_in::count_code;
use crate::sign_in::proof::{Method, Proof};
use crate::storage::{Account, Credentials as _};

/// Uses up a code of TOTP or a recovery code, which proves the second factor. Attempts are counted for the account, whatever
/// way they come.
///
/// # Errors
/// [`Error::InvalidCode`], [`Error::RateLimited`], or a failure of the platform.
pub(crate) async fn prove_second_factor<P: Platform>(
    context: &Context<P>,
    account: &Account,
    proof: Proof,
    presented: &str,
    client: &Client,
) -> Result<Proof> {
    count_code(context, &account.user.id, client).await?;
    let used = use_counted_code(context, account, presented, client).await;
    if matches!(used, Err(Error::InvalidCode)) {
        record_failed_login(context, Some(&account.user.id), "wrong_code", client);
    }
    used.map(|()| proof.and(Method::SecondFactor))
}

async fn use_counted_code<P: Platform>(
    context: &Context<P>,
    account: &Account,
    presented: &str,
    client: &Client,
) -> Result<()> {
    let storage = context.storage();
    let now = context.now();
    let presented = without_blanks(presented);
    if presented.len() == 6 {
        let credential =
            credential_of_kind(account, CredentialKind::Totp).ok_or(Error::InvalidCode)?;
        let step = totp::step_of(&decrypt_totp_key(context, credential)?, &presented, now)
            .ok_or(Error::InvalidCode)?;
        let first = storage.accept_counter(credential.id.clone(), step, now);
        return first.await?.then_some(()).ok_or(Error::InvalidCode);
    }
    let secret = digest_of_recovery_code(&presented);
    let credential = credentials_of_kind(account, CredentialKind::RecoveryCode)
        .find(|credential| credential.secret == secret)
        .ok_or(Error::InvalidCode)?;
    if !storage.delete_credential(credential.id.clone()).await? {
        return Err(Error::InvalidCode);
    }
    let event = Event::of_user(EventKind::RecoveryCodeUsed, &account.user.id);
    record(context, event, client);
    notify_user(context, &account.user, MailKind::RecoveryCodeUsed, client);
    Ok(())
}

/// A code without the blanks that apps show in its middle.
pub(crate) fn without_blanks(presented: &str) -> String {
    presented.chars().filter(|c| !c.is_whitespace()).collect()
}
