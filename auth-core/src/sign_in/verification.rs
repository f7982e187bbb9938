//! Sign-in where e-mail verification is required. The answer doesn't reveal whether an address is verified.

use crate::config::Config;
use crate::error::Error;
use crate::storage::Account;

/// Whether the account can't sign in until its address is verified.
pub(crate) fn awaits_verification(config: &Config, account: &Account) -> bool {
    let user = &account.user;
    let unverified = user.email.is_some() && user.email_verified_at.is_none();
    config.require_email_verification && unverified
}

/// Returns the single error for a refused login, which doesn't reveal the reason.
pub(crate) fn invalid_credentials(config: &Config) -> Error {
    if config.require_email_verification {
        Error::InvalidOrUnverified
    } else {
        Error::InvalidCredentials
    }
}
