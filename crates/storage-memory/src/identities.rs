//! Identities: accounts at sign-in providers.

use gatewright_storage::{Identities, Identity, NewUser, StorageError, Timestamp};

use crate::state::{MemoryStorage, State};

/// Returns the issuer and the subject, which identify an identity.
pub(crate) fn key(identity: &Identity) -> (&str, &str) {
    (&identity.issuer, &identity.subject)
}

/// Returns the identities of a user in the order of their lists.
pub(crate) fn sorted(user: &NewUser) -> Vec<Identity> {
    let mut identities = user.identities.clone();
    identities.sort_by(|a, b| (a.created_at, key(a)).cmp(&(b.created_at, key(b))));
    identities
}

impl State {
    /// Returns whether a user has one of these identities.
    pub(crate) fn identity_taken(&self, identities: &[Identity]) -> bool {
        let mut stored = self.users.values().flat_map(|user| &user.identities);
        stored.any(|stored| identities.iter().any(|one| key(one) == key(stored)))
    }

    fn identity_mut(&mut self, issuer: &str, subject: &str) -> Option<&mut Identity> {
        let mut stored = self
            .users
            .values_mut()
            .flat_map(|user| &mut user.identities);
        stored.find(|stored| key(stored) == (issuer, subject))
    }
}

impl Identities for MemoryStorage {
    async fn list_identities(&self, user_id: String) -> Result<Vec<Identity>, StorageError> {
        Ok(self
            .lock()
            .users
            .get(&user_id)
            .map(sorted)
            .unwrap_or_default())
    }

    async fn use_identity(
        &self,
        issuer: String,
        subject: String,
        email: Option<String>,
        now: Timestamp,
    ) -> Result<bool, StorageError> {
        let mut state = self.lock();
        let stored = state.identity_mut(&issuer, &subject);
        Ok(stored.is_some_and(|identity| {
            identity.email = email;
            identity.last_used_at = Some(now);
            true
        }))
    }

    async fn replace_identity_tokens(
        &self,
        issuer: String,
        subject: String,
        expected: Option<String>,
        replacement: Option<String>,
    ) -> Result<bool, StorageError> {
        let mut state = self.lock();
        let stored = state.identity_mut(&issuer, &subject);
        let unchanged = stored.filter(|identity| identity.tokens == expected);
        Ok(unchanged.is_some_and(|identity| {
            identity.tokens = replacement;
            true
        }))
    }
}
