//! Proving oneself once more, before something dangerous.

use crate::account::find::find_account;
use crate::audit::record::record_failed_login;
use crate::client::Client;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::password::comparison::matching_password;
use crate::platform::Platform;
use crate::rate_limits::quota::{SelfService, count_self_service};
use crate::rate_limits::sign_in::count_reauthentication;
use crate::storage::{ActiveSession, Credential};

/// How somebody shows that an account is his, beyond receiving its mail.
#[derive(Clone, Copy, Default)]
pub struct Proof<'a> {
    /// A session of the account.
    pub session: Option<&'a ActiveSession>,
    /// The account's password.
    pub password: Option<&'a str>,
}

/// Compares a password with an account's, as a login does: counted, and with equal work. Returns the credential.
///
/// # Errors
/// [`Error::WrongPassword`], [`Error::RateLimited`], or a failure of the platform.
pub(crate) async fn check_password<P: Platform>(
    context: &Context<P>,
    user_id: &str,
    password: &str,
    client: &Client,
) -> Result<Credential> {
    count_reauthentication(context, user_id, client).await?;
    count_self_service(context, user_id, SelfService::Password).await?;
    let account = find_account(context, user_id).await?;
    match matching_password(context, account, password).await? {
        Some((_, credential)) => Ok(credential),
        None => {
            record_failed_login(context, Some(user_id), "wrong_password", client);
            Err(Error::WrongPassword)
        }
    }
}

/// Whether somebody who receives an account's mail has shown that the account is his.
pub(crate) async fn prove<P: Platform>(
    context: &Context<P>,
    user_id: &str,
    proof: Proof<'_>,
    client: &Client,
) -> Result<()> {
    // Of his own: who acts as him proves nothing.
    let own =
        |active: &ActiveSession| active.user.id == user_id && active.session.actor_id.is_none();
    if context.config.verify_needs_password && !proof.session.is_some_and(own) {
        let password = proof.password.ok_or(Error::PasswordRequired)?;
        check_password(context, user_id, password, client).await?;
    }
    Ok(())
}
