//! A user's own account.

pub(crate) mod change;
pub(crate) mod creation;
pub(crate) mod deletion;
pub(crate) mod email_change;
pub(crate) mod email_keys;
pub(crate) mod email_undo;
pub(crate) mod email_verification;
pub(crate) mod find;
pub(crate) mod password_change;
pub(crate) mod password_reset;
pub(crate) mod registration;
pub(crate) mod sign_in_methods;
pub(crate) mod update;

use crate::context::service;

service! {
    /// Users' own accounts: registration, reading, changes and deletion.
    Accounts
}
