//! The sign-in methods of an account.

use crate::account::Accounts;
use crate::account::find::find_account;
use crate::credential::password_id;
use crate::error::{Error, Result};
use crate::mfa::second_factor::{has_second_factor, recovery_codes_left};
use crate::platform::Platform;
use crate::storage::{Account, ActiveSession};

/// The sign-in methods of an account, as its owner may see them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignInMethods {
    /// Whether the account has a password.
    pub password: bool,
    /// Whether a second factor is enabled.
    pub second_factor: bool,
    /// Number of recovery codes that are left.
    pub recovery_codes_left: usize,
}

impl SignInMethods {
    /// Returns the sign-in methods of an account.
    pub fn of(account: &Account) -> Self {
        Self {
            password: password_id(account).is_some(),
            second_factor: has_second_factor(account),
            recovery_codes_left: recovery_codes_left(account),
        }
    }
}

impl<P: Platform> Accounts<'_, P> {
    /// Returns the sign-in methods of the account of a session.
    ///
    /// # Errors
    /// A failure of the platform.
    pub async fn sign_in_methods(self, active: &ActiveSession) -> Result<SignInMethods> {
        let context = self.context;
        let account = find_account(context, &active.user.id)
            .await?
            .ok_or(Error::AccountGone)?;
        Ok(SignInMethods::of(&account))
    }
}
