//! The sign-in policy: decides whether a proof of identity is enough for a session.

use crate::audit::record::record_failed_login;
use crate::client::Client;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::mfa::second_factor::has_second_factor;
use crate::mfa::verify_code::prove_second_factor;
use crate::platform::Platform;
use crate::sign_in::proof::{Method, Proof};
use crate::sign_in::verification::{awaits_verification, invalid_credentials};
use crate::storage::Account;

/// The policy's decision about a proof.
pub(crate) enum Admission {
    /// A session can start.
    Granted(Admitted),
    /// A second factor is in force and has not been proved yet.
    SecondFactorMissing(Incomplete),
}

/// A proof that waits for the second factor.
pub(crate) struct Incomplete(Proof);

impl Incomplete {
    /// Returns the proof so far.
    pub(crate) fn proof(&self) -> &Proof {
        &self.0
    }

    /// Completes the proof with a code of the second factor. A correct code also consumes the challenge that it
    /// answers, if there is one.
    ///
    /// # Errors
    /// [`Error::InvalidCode`], [`Error::RateLimited`], [`Error::Link`] for the challenge, or a failure of the platform.
    pub(crate) async fn complete<P: Platform>(
        self,
        context: &Context<P>,
        account: &Account,
        code: &str,
        challenge: Option<String>,
        client: &Client,
    ) -> Result<Admitted> {
        let proof = prove_second_factor(context, account, self.0, code, challenge, client).await?;
        Ok(Admitted(proof))
    }
}

/// A proof that allows a session to start. Only the policy creates one.
pub(crate) struct Admitted(Proof);

impl Admitted {
    /// Returns the proof.
    pub(crate) fn proof(&self) -> &Proof {
        &self.0
    }
}

/// Decides whether a user who has proved their identity can have a session.
///
/// # Errors
/// The errors of [`check_sign_in_allowed`].
pub(crate) fn admit<P: Platform>(
    context: &Context<P>,
    account: &Account,
    proof: Proof,
    client: &Client,
) -> Result<Admission> {
    check_sign_in_allowed(context, account, client)?;
    if has_second_factor(account) && !proof.has(Method::SecondFactor) {
        return Ok(Admission::SecondFactorMissing(Incomplete(proof)));
    }
    Ok(Admission::Granted(Admitted(proof)))
}

/// Checks that the account's state allows signing in.
///
/// # Errors
/// [`Error::AccountDisabled`], [`Error::InvalidOrUnverified`].
fn check_sign_in_allowed<P: Platform>(
    context: &Context<P>,
    account: &Account,
    client: &Client,
) -> Result<()> {
    let id = Some(account.user.id.as_str());
    // Checked first: someone who registered with another person's address must not learn more about the account.
    if awaits_verification(&context.config, account) {
        record_failed_login(context, id, "email_not_verified", client);
        return Err(invalid_credentials(&context.config));
    }
    if account.user.disabled_at.is_some() {
        record_failed_login(context, id, "disabled", client);
        return Err(Error::AccountDisabled);
    }
    Ok(())
}
