//! The sign-in methods of an account.

use crate::account::Accounts;
use crate::credential::password_id;
use crate::error::{Error, Result};
use crate::mfa::second_factor::{has_second_factor, recovery_codes_left};
use crate::platform::Platform;
use crate::storage::{ActiveSession, UserDetails, Users as _};

/// The sign-in methods of an account, as its owner may see them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignInMethods {
    /// Whether the account has a password.
    pub password: bool,
    /// Whether a second factor is enabled.
    pub second_factor: bool,
    /// Number of recovery codes that are left.
    pub recovery_codes_left: usize,
    /// Number of identities at sign-in providers.
    pub identities: usize,
}

impl SignInMethods {
    /// Returns the sign-in methods of an account.
    pub fn of(member: &UserDetails) -> Self {
        let account = &member.account;
        Self {
            password: password_id(account).is_some(),
            second_factor: has_second_factor(account),
            recovery_codes_left: recovery_codes_left(account),
            identities: member.identities.len(),
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
        let found = context.storage().find_user(active.user.id.clone());
        let member = found.await?.ok_or(Error::AccountGone)?;
        Ok(SignInMethods::of(&member))
    }
}
