//! Whether a person who has proved who they are may have a session.

use crate::audit::record::record_failed_login;
use crate::client::Client;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::platform::Platform;
use crate::storage::Account;

/// Whether a person who has proved himself may have a session.
pub(crate) fn check_sign_in_allowed<P: Platform>(
    context: &Context<P>,
    account: &Account,
    client: &Client,
) -> Result<()> {
    let id = Some(account.user.id.as_str());
    if account.user.disabled_at.is_some() {
        record_failed_login(context, id, "disabled", client);
        return Err(Error::AccountDisabled);
    }
    let unverified = account.user.email.is_some() && account.user.email_verified_at.is_none();
    if context.config.require_email_verification && unverified {
        record_failed_login(context, id, "email_not_verified", client);
        return Err(Error::EmailNotVerified);
    }
    Ok(())
}
