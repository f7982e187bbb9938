//! Whether a person who has proved who they are may have a session.

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

/// What the policy says of a proof.
pub(crate) enum Admission {
    /// A session may start.
    Granted(Admitted),
    /// A second factor is in force, and is not proved yet.
    SecondFactorMissing(Incomplete),
}

/// A proof that waits for the second factor.
pub(crate) struct Incomplete(Proof);

impl Incomplete {
    /// The proof so far.
    pub(crate) fn proof(&self) -> &Proof {
        &self.0
    }

    /// Completes the proof by a code of the second factor, and uses up the challenge that it answers, if it does.
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

/// A proof by which a session may start. Only the policy gives one.
pub(crate) struct Admitted(Proof);

impl Admitted {
    /// The proof.
    pub(crate) fn proof(&self) -> &Proof {
        &self.0
    }
}

/// Decides whether a person who has proved to be the user of an account may have a session.
///
/// # Errors
/// Those of [`check_sign_in_allowed`].
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

/// Checks that the state of an account allows signing in.
///
/// # Errors
/// [`Error::AccountDisabled`], [`Error::InvalidOrUnverified`].
fn check_sign_in_allowed<P: Platform>(
    context: &Context<P>,
    account: &Account,
    client: &Client,
) -> Result<()> {
    let id = Some(account.user.id.as_str());
    // First: somebody who registered with the address of another must not hear more of the account.
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
