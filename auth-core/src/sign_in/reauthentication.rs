//! Re-authentication before a sensitive action.

use core::time::Duration;

use crate::account::find::find_account;
use crate::audit::record::record_failed_login;
use crate::client::Client;
use crate::context::Context;
use crate::credential::password_id;
use crate::error::{Error, FieldError, FieldErrorCode, Result};
use crate::federation::code::{Presented, present};
use crate::federation::flow::FlowPurpose;
use crate::identities::identity::proof_of;
use crate::mfa::second_factor::has_second_factor;
use crate::mfa::verify_code::prove_second_factor;
use crate::password::comparison::verify_password;
use crate::platform::Platform;
use crate::rate_limits::quota::{SelfService, count_self_service};
use crate::rate_limits::sign_in::{CodeUse, count_reauthentication};
use crate::sessions::start::renew_session;
use crate::sessions::tokens::Tokens;
use crate::sign_in::SignIn;
use crate::sign_in::proof::{Proof, has_proved_mfa};
use crate::storage::{Account, ActiveSession, Users as _};

/// How long after proving their identity a user can act without re-authentication.
const RECENT: Duration = Duration::from_secs(600);

/// The evidence that a user presents to re-authenticate.
#[derive(Clone, Copy)]
pub struct Evidence<'a> {
    /// A session of the account.
    pub session: Option<&'a ActiveSession>,
    /// The account's password.
    pub password: Option<&'a str>,
    /// The name of the password's field in the request. The error for a missing password names it.
    pub password_field: &'static str,
    /// The code of a flow in which an identity of the account was proved. It takes the place of the password: with the
    /// purpose `reauthenticate` to re-authenticate and beside a mailed link, with `verify` only beside a link.
    pub identity: Option<Presented<'a>>,
    /// A code of the second factor.
    pub code: Option<&'a str>,
}

impl Default for Evidence<'_> {
    fn default() -> Self {
        Self {
            session: None,
            password: None,
            password_field: "password",
            identity: None,
            code: None,
        }
    }
}

impl<'a> Evidence<'a> {
    /// The account's password.
    pub fn password(password: &'a str) -> Self {
        Self {
            password: Some(password),
            ..Self::default()
        }
    }

    /// Adds the session in which the evidence is presented.
    pub(crate) fn within(self, active: &'a ActiveSession) -> Self {
        Self {
            session: Some(active),
            ..self
        }
    }
}

/// The proof that a sensitive action requires. If the account has no password, a recent sign-in in the user's own session
/// takes its place, except for `Everything` and `PasswordOrOwnSession`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Required {
    /// The password. If a second factor is in force, also a code, or recent proof of both factors in the session.
    Password,
    /// The password, or a recent sign-in.
    PasswordOrRecentSignIn,
    /// The password and a code of the second factor.
    PasswordAndSecondFactor,
    /// The password or an identity, and a code if a second factor is in force.
    Everything,
    /// The password, an identity, or the user's own session. Used together with a mailed link, which proves only access
    /// to the mailbox. How long ago the person signed in doesn't matter: the question is only whose account it is, and
    /// not every provider can say when that was.
    PasswordOrOwnSession,
}

impl<P: Platform> SignIn<'_, P> {
    /// Checks that the user has proved their identity within the last ten minutes, with both factors if a second one is
    /// in force.
    ///
    /// # Errors
    /// [`Error::ReauthenticationRequired`].
    pub fn require_recent(self, active: &ActiveSession) -> Result<()> {
        let proved = has_proved_mfa(&active.session) || !active.second_factor;
        if proved && is_just_now(self.context, active) {
            Ok(())
        } else {
            Err(Error::ReauthenticationRequired)
        }
    }

    /// Re-authenticates a session's user with the password or an identity, and with a code if a second factor is in
    /// force. Returns the tokens of a new session that replaces this one.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a missing field, [`Error::WrongPassword`], [`Error::OauthCodeInvalid`],
    /// [`Error::ReauthenticationRequired`] if the sign-in at the provider is too long ago, [`Error::InvalidCode`],
    /// [`Error::RateLimited`], [`Error::AccessToken`] if the session has ended in the meantime, or a failure of the
    /// platform.
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

/// Re-authenticates a user with the proof that a sensitive action requires.
///
/// # Errors
/// [`Error::PasswordRequired`], [`Error::ReauthenticationRequired`], [`Error::Invalid`], [`Error::WrongPassword`],
/// [`Error::OauthCodeInvalid`], [`Error::MfaNotEnabled`], [`Error::InvalidCode`], [`Error::RateLimited`], or a failure
/// of the platform.
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
    let (account, proof) = match (required, evidence.identity, evidence.password) {
        (Required::Everything | Required::PasswordOrOwnSession, Some(presented), _) => {
            by_identity(context, user_id, required, presented, client).await?
        }
        (.., Some(password)) => by_password(context, user_id, password, client).await?,
        (Required::PasswordOrRecentSignIn, ..) => return Err(Error::ReauthenticationRequired),
        (Required::PasswordOrOwnSession, ..) => return Err(Error::PasswordRequired),
        _ => without_password(context, user_id, required, evidence).await?,
    };
    match (required, has_second_factor(&account), evidence.code) {
        (Required::PasswordAndSecondFactor, false, _) => Err(Error::MfaNotEnabled),
        (Required::PasswordOrRecentSignIn | Required::PasswordOrOwnSession, ..) | (_, false, _) => {
            Ok(proof)
        }
        (_, true, Some(code)) => {
            prove_second_factor(
                context,
                &account,
                proof,
                code,
                CodeUse::Session,
                None,
                client,
            )
            .await
        }
        (Required::Password, true, None) => {
            let session = own_session(user_id, evidence);
            // Not by what the session knew of the factor: it may have come into force since.
            let both = |active: &ActiveSession| {
                has_proved_mfa(&active.session) && is_just_now(context, active)
            };
            if session.is_some_and(both) {
                Ok(proof)
            } else {
                Err(Error::ReauthenticationRequired)
            }
        }
        (Required::Everything, true, None) => Err(missing("code")),
        (Required::PasswordAndSecondFactor, true, None) => Err(Error::InvalidCode),
    }
}

/// Re-authenticates a user who presents a mailed link, which proves only access to the mailbox. Requires nothing if
/// `VERIFY_NEEDS_PASSWORD` is off.
///
/// # Errors
/// The errors of [`reauthenticate`].
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
    let message = "This is required to confirm your identity.";
    let rule = FieldError::new(field, FieldErrorCode::Required, message);
    Error::Invalid(vec![rule])
}

fn is_just_now<P: Platform>(context: &Context<P>, active: &ActiveSession) -> bool {
    context.now().since(active.session.authenticated_at) < RECENT
}

/// Returns the session of the evidence if it belongs to the account.
fn own_session<'a>(user_id: &str, evidence: Evidence<'a>) -> Option<&'a ActiveSession> {
    evidence.session.filter(|active| active.user.id == user_id)
}

/// Returns a proof by the session alone, if that is sufficient.
fn by_session<P: Platform>(
    context: &Context<P>,
    user_id: &str,
    required: Required,
    evidence: Evidence<'_>,
) -> Option<Proof> {
    let session = own_session(user_id, evidence);
    let suffices = match required {
        Required::Password | Required::PasswordAndSecondFactor | Required::Everything => false,
        // If a password is presented, it is verified.
        Required::PasswordOrRecentSignIn => {
            let recent = |active| is_just_now(context, active);
            evidence.password.is_none() && session.is_some_and(recent)
        }
        // Must be the user's own session: impersonation proves nothing.
        Required::PasswordOrOwnSession => {
            session.is_some_and(|active| active.session.actor_id.is_none())
        }
    };
    suffices.then(|| Proof::by_session(user_id))
}

/// Returns a proof by a recent sign-in, which takes the place of the password of an account that has none.
async fn without_password<P: Platform>(
    context: &Context<P>,
    user_id: &str,
    required: Required,
    evidence: Evidence<'_>,
) -> Result<(Account, Proof)> {
    let account = find_account(context, user_id).await?;
    let account = account.ok_or(Error::AccountGone)?;
    match (required, password_id(&account)) {
        (_, Some(_)) => Err(missing(evidence.password_field)),
        // The session alone must not make itself last longer.
        (Required::Everything, None) => Err(missing("oauth_code")),
        (_, None) => {
            // Must be the user's own session: impersonation proves nothing.
            let recent = own_session(user_id, evidence)
                .filter(|active| active.session.actor_id.is_none() && is_just_now(context, active));
            recent.ok_or(Error::ReauthenticationRequired)?;
            Ok((account, Proof::by_session(user_id)))
        }
    }
}

/// Verifies that a provider has named a person whose identity the account has, and just now unless that is not required.
async fn by_identity<P: Platform>(
    context: &Context<P>,
    user_id: &str,
    required: Required,
    presented: Presented<'_>,
    client: &Client,
) -> Result<(Account, Proof)> {
    count_self_service(context, user_id, SelfService::Password, client).await?;
    let beside_link = required == Required::PasswordOrOwnSession;
    let purposes: &[FlowPurpose] = if beside_link {
        &[FlowPurpose::Reauthenticate, FlowPurpose::Verify]
    } else {
        &[FlowPurpose::Reauthenticate]
    };
    let person = present(context, presented, purposes).await?;
    let storage = context.storage();
    let found = storage.find_identity(person.issuer.clone(), person.subject.clone());
    let found = found.await?;
    let Some(found) = found.filter(|found| found.account.user.id == user_id) else {
        record_failed_login(context, Some(user_id), "wrong_identity", client);
        return Err(Error::OauthCodeInvalid);
    };
    let proof = proof_of(&person, user_id);
    let now = context.now();
    if !beside_link && now.since(proof.proved_at(now)) >= RECENT {
        record_failed_login(context, Some(user_id), "old_sign_in", client);
        return Err(Error::ReauthenticationRequired);
    }
    Ok((found.account, proof))
}

/// Compares a password with an account's as a login does: counted, and with equal work.
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
