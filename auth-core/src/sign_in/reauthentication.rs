//! Proving oneself once more, before something dangerous.

use core::time::Duration;

use crate::account::find::find_account;
use crate::audit::record::record_failed_login;
use crate::client::Client;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::mfa::second_factor::has_second_factor;
use crate::mfa::verify_code::prove_second_factor;
use crate::password::comparison::verify_password;
use crate::platform::Platform;
use crate::rate_limits::quota::{SelfService, count_self_service};
use crate::rate_limits::sign_in::count_reauthentication;
use crate::sign_in::proof::Proof;
use crate::storage::ActiveSession;

/// For how long after signing in a person need not prove who they are again where signing in just now suffices.
const RECENT: Duration = Duration::from_secs(600);

/// What a person presents to prove once more who they are.
#[derive(Clone, Copy, Default)]
pub struct Evidence<'a> {
    /// A session of the account.
    pub session: Option<&'a ActiveSession>,
    /// The account's password.
    pub password: Option<&'a str>,
    /// A code of the second factor.
    pub code: Option<&'a str>,
}

impl<'a> Evidence<'a> {
    /// The account's password.
    pub fn password(password: &'a str) -> Self {
        Self {
            password: Some(password),
            ..Self::default()
        }
    }
}

/// What a dangerous act takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Required {
    /// The password.
    Password,
    /// The password, or to have signed in just now.
    PasswordOrRecentSignIn,
    /// The password, and a code of the second factor.
    PasswordAndSecondFactor,
    /// The password, or a session of one's own: beside a link that was mailed, which shows only who reads the mail.
    PasswordOrOwnSession,
}

/// Proves once more that somebody is the user, by what a dangerous act takes.
///
/// # Errors
/// [`Error::PasswordRequired`], [`Error::ReauthenticationRequired`], [`Error::WrongPassword`], [`Error::MfaNotEnabled`],
/// [`Error::InvalidCode`], [`Error::RateLimited`], or a failure of the platform.
pub(crate) async fn reauthenticate<P: Platform>(
    context: &Context<P>,
    user_id: &str,
    required: Required,
    evidence: Evidence<'_>,
    client: &Client,
) -> Result<Proof> {
    if let Some(proof) = by_session(context, user_id, required, evidence) {
        return Ok(proof);
    }
    let password = evidence.password.ok_or(match required {
        Required::PasswordOrRecentSignIn => Error::ReauthenticationRequired,
        _ => Error::PasswordRequired,
    })?;
    let proof = by_password(context, user_id, password, client).await?;
    if required != Required::PasswordAndSecondFactor {
        return Ok(proof);
    }
    let account = find_account(context, user_id)
        .await?
        .ok_or(Error::AccountGone)?;
    if !has_second_factor(&account) {
        return Err(Error::MfaNotEnabled);
    }
    let code = evidence.code.ok_or(Error::InvalidCode)?;
    prove_second_factor(context, &account, proof, code, None, client).await
}

/// Proves beside a link that was mailed, which shows only who reads the mail, that somebody is the user. Asks for nothing
/// where `VERIFY_NEEDS_PASSWORD` is off.
///
/// # Errors
/// Those of [`reauthenticate`].
pub(crate) async fn reauthenticate_beside_link<P: Platform>(
    context: &Context<P>,
    user_id: &str,
    evidence: Evidence<'_>,
    client: &Client,
) -> Result<()> {
    if context.config.verify_needs_password {
        let required = Required::PasswordOrOwnSession;
        reauthenticate(context, user_id, required, evidence, client).await?;
    }
    Ok(())
}

/// The proof that a session alone is, where one suffices.
fn by_session<P: Platform>(
    context: &Context<P>,
    user_id: &str,
    required: Required,
    evidence: Evidence<'_>,
) -> Option<Proof> {
    let session = evidence.session.filter(|active| active.user.id == user_id);
    let suffices = match required {
        Required::Password | Required::PasswordAndSecondFactor => false,
        // A password that is presented is looked at.
        Required::PasswordOrRecentSignIn => {
            let recent = |active: &ActiveSession| {
                context.now().since(active.session.authenticated_at) < RECENT
            };
            evidence.password.is_none() && session.is_some_and(recent)
        }
        // Of their own: whoever acts as them proves nothing.
        Required::PasswordOrOwnSession => {
            session.is_some_and(|active| active.session.actor_id.is_none())
        }
    };
    suffices.then(|| Proof::by_session(user_id))
}

/// Compares a password with an account's, as a login does: counted, and with equal work.
async fn by_password<P: Platform>(
    context: &Context<P>,
    user_id: &str,
    password: &str,
    client: &Client,
) -> Result<Proof> {
    count_reauthentication(context, user_id, client).await?;
    count_self_service(context, user_id, SelfService::Password, client).await?;
    let account = find_account(context, user_id).await?;
    match verify_password(context, account, password).await? {
        Some(verified) => Ok(verified.proof),
        None => {
            record_failed_login(context, Some(user_id), "wrong_password", client);
            Err(Error::WrongPassword)
        }
    }
}
