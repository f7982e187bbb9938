//! What signing in tells where addresses have to be verified first: nothing of whether one is.

use crate::config::Config;
use crate::error::Error;
use crate::storage::Account;

/// Whether nobody may sign in before the address is verified.
pub(crate) fn awaits_verification(config: &Config, account: &Account) -> bool {
    let user = &account.user;
    let unverified = user.email.is_some() && user.email_verified_at.is_none();
    config.require_email_verification && unverified
}

/// The one answer to a login that does not say why it is refused.
pub(crate) fn invalid_credentials(config: &Config) -> Error {
    if config.require_email_verification {
        Error::InvalidOrUnverified
    } else {
        Error::InvalidCredentials
    }
}
