//! The ways to sign in to an account.

use crate::account::Accounts;
use crate::account::find::find_account;
use crate::credential::password_id;
use crate::error::{Error, Result};
use crate::mfa::second_factor::{has_second_factor, recovery_codes_left};
use crate::platform::Platform;
use crate::storage::{Account, ActiveSession};

/// What a person may know of the ways to sign in to their account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignInMethods {
    /// Whether there is a password.
    pub password: bool,
    /// Whether a second factor is in force.
    pub second_factor: bool,
    /// How many recovery codes are left.
    pub recovery_codes_left: usize,
}

impl SignInMethods {
    /// Those of an account.
    pub fn of(account: &Account) -> Self {
        Self {
            password: password_id(account).is_some(),
            second_factor: has_second_factor(account),
            recovery_codes_left: recovery_codes_left(account),
        }
    }
}

impl<P: Platform> Accounts<'_, P> {
    /// The ways to sign in to the account of a session.
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
