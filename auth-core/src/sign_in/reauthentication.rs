//! Proving oneself once more, before something dangerous.

use core::time::Duration;

use crate::account::find::find_account;
use crate::audit::record::record_failed_login;
use crate::client::Client;
use crate::context::Context;
use crate::error::{Error, FieldError, FieldErrorCode, Result};
use crate::mfa::second_factor::has_second_factor;
use crate::mfa::verify_code::prove_second_factor;
use crate::password::comparison::verify_password;
use crate::platform::Platform;
use crate::rate_limits::quota::{SelfService, count_self_service};
use crate::rate_limits::sign_in::count_reauthentication;
use crate::sessions::start::renew_session;
use crate::sessions::tokens::Tokens;
use crate::sign_in::SignIn;
use crate::sign_in::proof::{MFA, Proof};
use crate::storage::{Account, ActiveSession};

/// For how long after a person has proved who they are they need not do it again.
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

    /// The same, and the session in which it is presented.
    pub(crate) fn within(self, active: &'a ActiveSession) -> Self {
        Self {
            session: Some(active),
            ..self
        }
    }
}

/// What a dangerous act takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Required {
    /// The password. Where a second factor is in force also a code of it, or to have proved both just now in the session.
    Password,
    /// The password, or to have signed in just now.
    PasswordOrRecentSignIn,
    /// The password, and a code of the second factor.
    PasswordAndSecondFactor,
    /// The password, and a code where a second factor is in force.
    Everything,
    /// The password, or a session of one's own: beside a link that was mailed, which shows only who reads the mail.
    PasswordOrOwnSession,
}

impl<P: Platform> SignIn<'_, P> {
    /// Lets only those go on who have proved within ten minutes who they are, by both factors where a second one is in force.
    ///
    /// # Errors
    /// [`Error::ReauthenticationRequired`], or a failure of the platform.
    pub async fn require_recent(self, active: &ActiveSession) -> Result<()> {
        let context = self.context;
        let account = find_account(context, &active.user.id)
            .await?
            .ok_or(Error::AccountGone)?;
        if is_recent(context, active, &account) {
            Ok(())
        } else {
            Err(Error::ReauthenticationRequired)
        }
    }

    /// Has the person of a session prove once more who they are: by the password, and by a code where a second factor is in
    /// force. The tokens are of a session that takes the place of this one.
    ///
    /// # Errors
    /// [`Error::Invalid`] for what is missing, [`Error::WrongPassword`], [`Error::InvalidCode`], [`Error::RateLimited`],
    /// [`Error::AccessToken`] when the session ended meanwhile, or a failure of the platform.
    pub async fn reauthenticate(
        self,
        active: &ActiveSession,
        evidence: Evidence<'_>,
        client: &Client,
    ) -> Result<Tokens> {
        let context = self.context;
        let required = Required::Everything;
        let proof = reauthenticate(context, &active.user.id, required, evidence, client).await?;
        renew_session(context, active, &proof, "reauthenticated", client).await
    }
}

/// Proves once more that somebody is the user, by what a dangerous act takes.
///
/// # Errors
/// [`Error::PasswordRequired`], [`Error::ReauthenticationRequired`], [`Error::Invalid`], [`Error::WrongPassword`],
/// [`Error::MfaNotEnabled`], [`Error::InvalidCode`], [`Error::RateLimited`], or a failure of the platform.
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
    let password = evidence.password.ok_or_else(|| match required {
        Required::PasswordOrRecentSignIn => Error::ReauthenticationRequired,
        Required::Everything => missing("password"),
        _ => Error::PasswordRequired,
    })?;
    let (account, proof) = by_password(context, user_id, password, client).await?;
    match (required, has_second_factor(&account), evidence.code) {
        (Required::PasswordAndSecondFactor, false, _) => Err(Error::MfaNotEnabled),
        (Required::PasswordOrRecentSignIn | Required::PasswordOrOwnSession, ..) | (_, false, _) => {
            Ok(proof)
        }
        (_, true, Some(code)) => {
            prove_second_factor(context, &account, proof, code, None, client).await
        }
        (Required::Password, true, None) => {
            let session = own_session(user_id, evidence);
            if session.is_some_and(|active| is_recent(context, active, &account)) {
                Ok(proof)
            } else {
                Err(Error::ReauthenticationRequired)
            }
        }
        (Required::Everything, true, None) => Err(missing("code")),
        (Required::PasswordAndSecondFactor, true, None) => Err(Error::InvalidCode),
    }
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

fn missing(field: &'static str) -> Error {
    let message = "This is needed to prove who you are.";
    let rule = FieldError::new(field, FieldErrorCode::Required, message);
    Error::Invalid(vec![rule])
}

/// Whether a person has proved just now who they are, by both factors where a second one is in force.
fn is_recent<P: Platform>(context: &Context<P>, active: &ActiveSession, account: &Account) -> bool {
    let both = active.session.amr.iter().any(|name| name == MFA);
    is_just_now(context, active) && (both || !has_second_factor(account))
}

fn is_just_now<P: Platform>(context: &Context<P>, active: &ActiveSession) -> bool {
    context.now().since(active.session.authenticated_at) < RECENT
}

/// The session in which somebody proves themself, if it is one of the account.
fn own_session<'a>(user_id: &str, evidence: Evidence<'a>) -> Option<&'a ActiveSession> {
    evidence.session.filter(|active| active.user.id == user_id)
}

/// The proof that a session alone is, where one suffices.
fn by_session<P: Platform>(
    context: &Context<P>,
    user_id: &str,
    required: Required,
    evidence: Evidence<'_>,
) -> Option<Proof> {
    let session = own_session(user_id, evidence);
    let suffices = match required {
        Required::Password | Required::PasswordAndSecondFactor | Required::Everything => false,
        // A password that is presented is looked at.
        Required::PasswordOrRecentSignIn => {
            let recent = |active| is_just_now(context, active);
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
) -> Result<(Account, Proof)> {
    count_reauthentication(context, user_id, client).await?;
    count_self_service(context, user_id, SelfService::Password, client).await?;
    let account = find_account(context, user_id).await?;
    match verify_password(context, account, password).await? {
        Some(verified) => Ok((verified.account, verified.proof)),
        None => {
            record_failed_login(context, Some(user_id), "wrong_password", client);
            Err(Error::WrongPassword)
        }
    }
}
