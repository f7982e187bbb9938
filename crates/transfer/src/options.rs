//! Options of reading that the file does not contain.

use std::collections::BTreeMap;
use std::fmt;

/// Options of reading that the file does not contain.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The table with the users, if its name differs from the default of the system: `accounts_user` for a model
    /// `accounts.User` of Django. For fastapi-users, Django and better-auth.
    pub table: Option<String>,
    /// The password hash parameters of the Firebase project. Required if its users have passwords.
    pub firebase: Option<FirebaseHash>,
    /// The issuers of providers that are not presets, by the names that the system gives the providers.
    pub providers: BTreeMap<String, String>,
}

/// The password hash parameters of a Firebase project, as its console shows them.
#[derive(Clone)]
pub struct FirebaseHash {
    /// `base64_signer_key`
    pub signer_key: String,
    /// `base64_salt_separator`
    pub salt_separator: String,
    /// `rounds`
    pub rounds: u32,
    /// `mem_cost`
    pub mem_cost: u32,
}

/// Omits the key.
impl fmt::Debug for FirebaseHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FirebaseHash")
            .field("rounds", &self.rounds)
            .field("mem_cost", &self.mem_cost)
            .finish_non_exhaustive()
    }
}
