//! Users.

mod change;
mod list;

use std::collections::BTreeSet;

use gatewright_storage::{
    Account, AuditEvent, ChangeOutcome, CreateUserOutcome, DeleteUserOutcome, Grounds,
    IdentifiedAccount, LoginName, NewUser, StorageError, Timestamp, UserChange, UserDetails,
    UserPage, UserQuery, Users,
};

use crate::ended::belongs_to;
use crate::identities::key;
use crate::state::{MemoryStorage, State};

fn account(user: &NewUser) -> Account {
    Account {
        user: user.user.clone(),
        credentials: user.credentials.clone(),
    }
}

impl State {
    /// Stores a user, or returns why the user was refused. With `repeats`, an identity of the user is taken in any case.
    fn create(&mut self, mut new: NewUser, repeats: bool) -> CreateUserOutcome {
        if !self.grounds_hold(new.grounds.take().as_ref()) {
            return CreateUserOutcome::Conflict;
        }
        if let Some(role) = &new.unless_role_assigned
            && let [role] = &self.role_ids(&[role])[..]
            && self.users.values().any(|user| user.roles.contains(role))
        {
            return CreateUserOutcome::RoleAssigned;
        }
        if self.users.contains_key(&new.user.id) {
            return CreateUserOutcome::IdTaken;
        }
        let taken = |key: fn(&NewUser) -> &Option<String>| {
            key(&new).is_some() && self.users.values().any(|user| key(user) == key(&new))
        };
        if taken(|user| &user.email_key) {
            return CreateUserOutcome::EmailTaken;
        }
        if taken(|user| &user.username_key) {
            return CreateUserOutcome::UsernameTaken;
        }
        if repeats || self.identity_taken(&new.identities) {
            return CreateUserOutcome::IdentityTaken;
        }
        new.roles = self.role_ids(&new.roles);
        self.append_all(std::mem::take(&mut new.events));
        self.users.insert(new.user.id.clone(), new);
        CreateUserOutcome::Created
    }

    /// Returns whether this user is the only one who has a role and is not disabled.
    pub(crate) fn is_last_holder(&self, user_id: &str, role: Option<&String>) -> bool {
        let roles = self.role_ids(role.as_slice());
        let [role] = &roles[..] else { return false };
        let mut holders = self
            .users
            .values()
            .filter(|user| user.user.disabled_at.is_none() && user.roles.contains(role));
        let first = holders.next();
        first.is_some_and(|first| first.user.id == user_id) && holders.next().is_none()
    }
}

impl Users for MemoryStorage {
    async fn create_user(&self, new: NewUser) -> Result<CreateUserOutcome, StorageError> {
        Ok(self.lock().create(new, false))
    }

    async fn create_users(
        &self,
        _change: String,
        users: Vec<NewUser>,
        grounds: Option<Grounds>,
    ) -> Result<Vec<CreateUserOutcome>, StorageError> {
        let mut state = self.lock();
        if !state.grounds_hold(grounds.as_ref()) {
            return Ok(vec![CreateUserOutcome::Conflict; users.len()]);
        }
        let users = users.into_iter().map(|new| NewUser {
            unless_role_assigned: None,
            grounds: None,
            ..new
        });
        let mut seen = BTreeSet::new();
        let outcomes = users.map(|new| {
            let keys = new.identities.iter().map(key);
            let keys: Vec<_> = keys.map(|(a, b)| (a.to_owned(), b.to_owned())).collect();
            let repeats = keys.iter().any(|key| seen.contains(key));
            seen.extend(keys);
            state.create(new, repeats)
        });
        Ok(outcomes.collect())
    }

    async fn find_user(&self, user_id: String) -> Result<Option<UserDetails>, StorageError> {
        let state = self.lock();
        let found = state.users.get(&user_id);
        Ok(found.map(|user| state.member(user)))
    }

    async fn find_account(&self, name: LoginName) -> Result<Option<Account>, StorageError> {
        let state = self.lock();
        let found = state.users.values().find(|user| match &name {
            LoginName::Email(key) => user.email_key.as_ref() == Some(key),
            LoginName::Username(key) => user.username_key.as_ref() == Some(key),
            LoginName::Id(id) => user.user.id == *id,
        });
        Ok(found.map(account))
    }

    async fn find_identity(
        &self,
        issuer: String,
        subject: String,
    ) -> Result<Option<IdentifiedAccount>, StorageError> {
        let state = self.lock();
        Ok(state.users.values().find_map(|user| {
            let mut theirs = user.identities.iter();
            let identity = theirs.find(|one| key(one) == (&issuer, &subject))?;
            Some(IdentifiedAccount {
                account: account(user),
                identity: identity.clone(),
            })
        }))
    }

    async fn list_users(&self, query: UserQuery) -> Result<UserPage, StorageError> {
        self.lock().list(&query)
    }

    async fn change_user(&self, change: UserChange) -> Result<ChangeOutcome, StorageError> {
        Ok(self.lock().change(change))
    }

    async fn delete_user(
        &self,
        user_id: String,
        expected_updated_at: Timestamp,
        now: Timestamp,
        require_remaining_holder: Option<String>,
        grounds: Option<Grounds>,
        events: Vec<AuditEvent>,
    ) -> Result<DeleteUserOutcome, StorageError> {
        let mut state = self.lock();
        let Some(stored) = state.users.get(&user_id) else {
            return Ok(DeleteUserOutcome::Unknown);
        };
        if stored.user.updated_at != expected_updated_at || !state.grounds_hold(grounds.as_ref()) {
            return Ok(DeleteUserOutcome::Conflict);
        }
        if state.is_last_holder(&user_id, require_remaining_holder.as_ref()) {
            return Ok(DeleteUserOutcome::LastHolder);
        }
        state.append_all(events);
        state.users.remove(&user_id);
        let ended = state.revoke(now, "deleted", |session| belongs_to(session, &user_id));
        let State {
            sessions,
            tokens,
            secrets,
            ..
        } = &mut *state;
        sessions.retain(|_, session| !belongs_to(session, &user_id));
        tokens.retain(|_, token| sessions.contains_key(&token.session_id));
        secrets.retain(|_, secret| secret.user_id.as_ref() != Some(&user_id));
        Ok(DeleteUserOutcome::Deleted(ended))
    }
}
