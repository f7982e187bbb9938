//! What a file doesn't say itself.

use std::fmt;

/// Options for what a file doesn't say itself.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The table with the users, if it has another name than the system gives it: `accounts_user` for a model
    /// `accounts.User` of Django. For fastapi-users, Django and better-auth.
    pub table: Option<String>,
    /// How Firebase hashes the passwords of the project. Needed if its users have any.
    pub firebase: Option<FirebaseHash>,
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

/// Without the key.
impl fmt::Debug for FirebaseHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FirebaseHash")
            .field("rounds", &self.rounds)
            .field("mem_cost", &self.mem_cost)
            .finish_non_exhaustive()
    }
}
