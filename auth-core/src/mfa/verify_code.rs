//! Verification of second-factor codes.

use crate::audit::event::{Event, EventKind};
use crate::audit::record::{audit_event, log_events, record_failed_login};
use crate::client::Client;
use crate::context::Context;
use crate::credential::{CredentialKind, credential_of_kind, credentials_of_kind};
use crate::error::{Error, LinkError, Result};
use crate::mail::kind::MailKind;
use crate::mail::outbox::notify_user;
use crate::mfa::recovery_code::digest_of_recovery_code;
use crate::mfa::second_factor::decrypt_totp_key;
use crate::mfa::totp;
use crate::one_time_secret::Purpose;
use crate::platform::Platform;
use crate::rate_limits::sign_in::{CodeUse, count_code};
use crate::sign_in::proof::{Method, Proof};
use crate::storage::{Account, Credential, Credentials as _, OneTimeSecrets as _};
use crate::time::Timestamp;

/// Verifies and consumes a TOTP code or a recovery code, which proves the second factor. Attempts are counted for the
/// account, by `used`. `challenge` is the digest of the one-time secret that the code answers.
/// A correct code consumes the challenge first; a wrong code leaves it unchanged. If several correct codes arrive at
/// once, one is consumed.
///
/// # Errors
/// [`Error::InvalidCode`], [`Error::RateLimited`], [`Error::Link`] for the challenge, or a failure of the platform.
pub(crate) async fn prove_second_factor<P: Platform>(
    context: &Context<P>,
    account: &Account,
    proof: Proof,
    presented: &str,
    used: CodeUse,
    challenge: Option<String>,
    client: &Client,
) -> Result<Proof> {
    count_code(context, &account.user.id, used, client).await?;
    let used = use_counted_code(context, account, presented, challenge, client).await;
    if matches!(used, Err(Error::InvalidCode)) {
        record_failed_login(context, Some(&account.user.id), "wrong_code", client);
    }
    used.map(|()| proof.and(Method::SecondFactor))
}

async fn use_counted_code<P: Platform>(
    context: &Context<P>,
    account: &Account,
    presented: &str,
    challenge: Option<String>,
    client: &Client,
) -> Result<()> {
    let storage = context.storage();
    let now = context.now();
    let code = right_code(context, account, presented, now)?;
    if let Some(challenge) = challenge {
        let purpose = Purpose::Mfa.as_str().to_owned();
        let used = storage.consume_one_time_secret(challenge, purpose, now);
        used.await?.ok_or(Error::Link(LinkError::Used))?;
    }
    let first = match code {
        RightCode::Totp(key, step) => storage.accept_counter(key.id.clone(), step, now).await?,
        RightCode::Recovery(code) => use_recovery_code(context, account, code, client).await?,
    };
    if first {
        Ok(())
    } else {
        Err(Error::InvalidCode)
    }
}

/// Deletes a recovery code, and tells its user. Returns false if it is already used.
async fn use_recovery_code<P: Platform>(
    context: &Context<P>,
    account: &Account,
    code: &Credential,
    client: &Client,
) -> Result<bool> {
    let event = Event::of_user(EventKind::RecoveryCodeUsed, &account.user.id);
    let events = vec![audit_event(context, event, client)];
    let used = context
        .storage()
        .delete_credential(code.id.clone(), events.clone())
        .await?;
    if used {
        log_events(context, &events);
        notify_user(context, &account.user, MailKind::RecoveryCodeUsed, client);
    }
    Ok(used)
}

/// A code that can be consumed.
enum RightCode<'a> {
    /// A code of this key at this time step.
    Totp(&'a Credential, u64),
    /// This recovery code.
    Recovery(&'a Credential),
}

/// Returns the matching code if it is correct and, as far as the account shows, not used yet.
fn right_code<'a, P: Platform>(
    context: &Context<P>,
    account: &'a Account,
    presented: &str,
    now: Timestamp,
) -> Result<RightCode<'a>> {
    let presented = without_blanks(presented);
    let code = if presented.len() == 6 {
        let key = credential_of_kind(account, CredentialKind::Totp).ok_or(Error::InvalidCode)?;
        let secret = decrypt_totp_key(context, key)?;
        totp::step_of(&secret, &presented, now, context.config.totp_skew)
            .filter(|step| key.counter < Some(*step))
            .map(|step| RightCode::Totp(key, step))
    } else {
        let secret = digest_of_recovery_code(&presented);
        credentials_of_kind(account, CredentialKind::RecoveryCode)
            .find(|credential| credential.secret == secret)
            .map(RightCode::Recovery)
    };
    code.ok_or(Error::InvalidCode)
}

/// Removes the blanks that apps show in the middle of a code.
pub(crate) fn without_blanks(presented: &str) -> String {
    presented.chars().filter(|c| !c.is_whitespace()).collect()
}
