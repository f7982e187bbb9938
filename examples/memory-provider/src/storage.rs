//! Storage in memory: the contract in its plainest form, which the others are compared with.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use auth_core::Timestamp;
use auth_core::storage::{
    Account, ActiveSession, ChangeOutcome, CreateUserOutcome, Limit, LimitState, LoginName,
    NewSession, NewUser, OneTimeSecret, ReplayedRotation, Rotation, RotationOutcome, Session,
    SigningKey, StartSessionOutcome, StartedSession, Storage, StorageError, User, UserChange,
};

/// Everything under one lock, so that each function is atomic.
#[derive(Default)]
pub struct MemoryStorage(Mutex<State>);

#[derive(Default)]
struct State {
    users: BTreeMap<String, NewUser>,
    sessions: BTreeMap<String, Session>,
    tokens: BTreeMap<String, Token>,
    secrets: BTreeMap<String, OneTimeSecret>,
    keys: BTreeMap<String, SigningKey>,
    limits: BTreeMap<String, LimitState>,
}

struct Token {
    session_id: String,
    expires_at: Timestamp,
    consumed: Option<Consumed>,
}

struct Consumed {
    at: Timestamp,
    successor: String,
    sealed: String,
}

const ROLES: [&str; 6] = [
    "admin",
    "moderator",
    "premium",
    "superadmin",
    "user",
    "verified",
];

impl MemoryStorage {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn active(&self, session: &Session) -> ActiveSession {
        let owner = &self.users[&session.user_id];
        let mut roles = owner.roles.clone();
        roles.sort();
        let permissions = if roles.iter().any(|role| role == "superadmin") {
            vec!["*".to_owned()]
        } else {
            vec![]
        };
        ActiveSession {
            session: session.clone(),
            user: owner.user.clone(),
            roles,
            permissions,
        }
    }

    fn revoke(
        &mut self,
        now: Timestamp,
        reason: &str,
        which: impl Fn(&Session) -> bool,
    ) -> Vec<String> {
        let lasts = |session: &Session| session.revoked_at.is_none() && now < session.expires_at;
        let mut revoked = Vec::new();
        for session in self.sessions.values_mut() {
            if lasts(session) && which(session) {
                session.revoked_at = Some(now);
                session.revocation_reason = Some(reason.to_owned());
                revoked.push(session.id.clone());
            }
        }
        revoked
    }
}

impl Storage for MemoryStorage {
    async fn create_user(&self, mut new: NewUser) -> Result<CreateUserOutcome, StorageError> {
        let mut state = self.lock();
        let taken = |key: fn(&NewUser) -> &Option<String>| {
            key(&new).is_some() && state.users.values().any(|user| key(user) == key(&new))
        };
        if taken(|user| &user.email_key) {
            return Ok(CreateUserOutcome::EmailTaken);
        }
        if taken(|user| &user.username_key) {
            return Ok(CreateUserOutcome::UsernameTaken);
        }
        new.roles.retain(|role| ROLES.contains(&role.as_str()));
        state.users.insert(new.user.id.clone(), new);
        Ok(CreateUserOutcome::Created)
    }

    async fn find_account(&self, name: LoginName) -> Result<Option<Account>, StorageError> {
        let state = self.lock();
        let found = state.users.values().find(|user| match &name {
            LoginName::Email(key) => user.email_key.as_ref() == Some(key),
            LoginName::Username(key) => user.username_key.as_ref() == Some(key),
            LoginName::Id(id) => user.user.id == *id,
        });
        Ok(found.map(|user| Account {
            user: user.user.clone(),
            credentials: user.credentials.clone(),
        }))
    }

    async fn replace_credential_secret(
        &self,
        credential_id: String,
        expected: String,
        replacement: String,
        now: Timestamp,
    ) -> Result<bool, StorageError> {
        let mut state = self.lock();
        let credential = state
            .users
            .values_mut()
            .flat_map(|user| &mut user.credentials)
            .find(|credential| credential.id == credential_id && credential.secret == expected);
        Ok(credential.is_some_and(|credential| {
            credential.secret = replacement;
            credential.updated_at = now;
            true
        }))
    }

    async fn start_session(&self, new: NewSession) -> Result<StartSessionOutcome, StorageError> {
        let mut state = self.lock();
        let session = new.session;
        match state.users.get_mut(&session.user_id) {
            Some(owner)
                if owner.user.disabled_at.is_none()
                    && new.credential.as_ref().is_none_or(|id| {
                        owner
                            .credentials
                            .iter()
                            .any(|credential| credential.id == *id)
                    }) =>
            {
                owner.user.last_login_at = Some(session.created_at)
            }
            _ => return Ok(StartSessionOutcome::UserInactive),
        }
        let ended = if new.ends_others {
            state.revoke(session.created_at, "single_session", |other| {
                other.user_id == session.user_id
            })
        } else {
            Vec::new()
        };
        if let Some(token) = new.refresh_token {
            let expires_at = token.expires_at.min(session.expires_at);
            let token_of = Token {
                session_id: session.id.clone(),
                expires_at,
                consumed: None,
            };
            state.tokens.insert(token.digest, token_of);
        }
        state.sessions.insert(session.id.clone(), session.clone());
        let active = state.active(&session);
        Ok(StartSessionOutcome::Started(StartedSession {
            active,
            ended,
        }))
    }

    async fn find_session(
        &self,
        session_id: String,
    ) -> Result<Option<ActiveSession>, StorageError> {
        let state = self.lock();
        Ok(state
            .sessions
            .get(&session_id)
            .map(|session| state.active(session)))
    }

    async fn rotate_refresh_token(
        &self,
        rotation: Rotation,
    ) -> Result<RotationOutcome, StorageError> {
        let mut state = self.lock();
        let Rotation {
            presented,
            successor,
            sealed,
            now,
            grace,
        } = rotation;
        let Some(token) = state.tokens.get(&presented) else {
            return Ok(RotationOutcome::Unknown);
        };
        let active = state.active(&state.sessions[&token.session_id]);
        if active.session.revoked_at.is_some() || active.user.disabled_at.is_some() {
            return Ok(RotationOutcome::Revoked);
        }
        if active.session.expires_at <= now {
            return Ok(RotationOutcome::Expired);
        }
        if let Some(consumed) = &token.consumed {
            if !grace.is_zero() && now < consumed.at + grace {
                let superseded = state
                    .tokens
                    .get(&consumed.successor)
                    .is_none_or(|next| next.consumed.is_some());
                return Ok(RotationOutcome::Replayed(ReplayedRotation {
                    sealed: consumed.sealed.clone(),
                    superseded,
                    active,
                }));
            }
            state.revoke(now, "refresh_token_reuse", |session| {
                session.id == active.session.id
            });
            return Ok(RotationOutcome::Reused(active));
        }
        if token.expires_at <= now {
            return Ok(RotationOutcome::Expired);
        }
        let session_id = active.session.id.clone();
        let expires_at = successor.expires_at.min(active.session.expires_at);
        let next = Token {
            session_id: session_id.clone(),
            expires_at,
            consumed: None,
        };
        state.tokens.insert(successor.digest.clone(), next);
        state
            .tokens
            .get_mut(&presented)
            .expect("found above")
            .consumed = Some(Consumed {
            at: now,
            successor: successor.digest,
            sealed,
        });
        let session = state.sessions.get_mut(&session_id).expect("found above");
        session.last_seen_at = now;
        let session = session.clone();
        Ok(RotationOutcome::Rotated(state.active(&session)))
    }

    async fn find_refresh_token_session(
        &self,
        token: String,
    ) -> Result<Option<String>, StorageError> {
        Ok(self
            .lock()
            .tokens
            .get(&token)
            .map(|token| token.session_id.clone()))
    }

    async fn revoke_session(
        &self,
        session_id: String,
        now: Timestamp,
        reason: String,
    ) -> Result<bool, StorageError> {
        let revoked = self
            .lock()
            .revoke(now, &reason, |session| session.id == session_id);
        Ok(!revoked.is_empty())
    }

    async fn revoke_sessions(
        &self,
        user_id: String,
        except: Option<String>,
        now: Timestamp,
        reason: String,
    ) -> Result<Vec<String>, StorageError> {
        let which =
            |session: &Session| session.user_id == user_id && Some(&session.id) != except.as_ref();
        Ok(self.lock().revoke(now, &reason, which))
    }

    async fn find_session_by_token(
        &self,
        token: String,
    ) -> Result<Option<ActiveSession>, StorageError> {
        let state = self.lock();
        let mut sessions = state.sessions.values();
        let found = sessions.find(|session| session.token.as_ref() == Some(&token));
        Ok(found.map(|session| state.active(session)))
    }

    async fn list_sessions(
        &self,
        user_id: String,
        now: Timestamp,
    ) -> Result<Vec<Session>, StorageError> {
        let lasts = |session: &&Session| {
            session.user_id == user_id && session.revoked_at.is_none() && now < session.expires_at
        };
        let mut sessions: Vec<_> = self
            .lock()
            .sessions
            .values()
            .filter(lasts)
            .cloned()
            .collect();
        sessions.sort_by(|a, b| (b.last_seen_at, &b.id).cmp(&(a.last_seen_at, &a.id)));
        Ok(sessions)
    }

    async fn touch_session(&self, session_id: String, now: Timestamp) -> Result<(), StorageError> {
        if let Some(session) = self.lock().sessions.get_mut(&session_id) {
            session.last_seen_at = session.last_seen_at.max(now);
        }
        Ok(())
    }

    async fn store_one_time_secret(
        &self,
        secret: OneTimeSecret,
        replaces: bool,
    ) -> Result<(), StorageError> {
        let secrets = &mut self.lock().secrets;
        if replaces {
            secrets.retain(|_, other| {
                other.purpose != secret.purpose
                    || other.user_id != secret.user_id
                    || other.consumed_at.is_some()
            });
        }
        secrets.insert(secret.digest.clone(), secret);
        Ok(())
    }

    async fn find_one_time_secret(
        &self,
        secret: String,
    ) -> Result<Option<OneTimeSecret>, StorageError> {
        Ok(self.lock().secrets.get(&secret).cloned())
    }

    async fn consume_one_time_secret(
        &self,
        secret: String,
        now: Timestamp,
    ) -> Result<bool, StorageError> {
        let mut state = self.lock();
        let usable = state
            .secrets
            .get_mut(&secret)
            .filter(|secret| secret.consumed_at.is_none() && now < secret.expires_at);
        Ok(usable.is_some_and(|secret| {
            secret.consumed_at = Some(now);
            true
        }))
    }

    async fn change_user(&self, change: UserChange) -> Result<ChangeOutcome, StorageError> {
        let mut state = self.lock();
        let id = &change.user.id;
        let now = change.user.updated_at;
        let seen = |user: &NewUser| user.user.updated_at == change.expected_updated_at;
        if !state.users.get(id).is_some_and(seen) {
            return Ok(ChangeOutcome::Conflict);
        }
        let secret = match &change.consumes {
            Some(digest) => match state.secrets.get(digest) {
                Some(secret)
                    if secret.user_id.as_ref() == Some(id)
                        && secret.consumed_at.is_none()
                        && now < secret.expires_at =>
                {
                    Some(digest)
                }
                _ => return Ok(ChangeOutcome::SecretRefused),
            },
            None => None,
        };
        let taken = |key: fn(&NewUser) -> &Option<String>, wanted: &Option<String>| {
            let mut others = state.users.values().filter(|user| user.user.id != *id);
            wanted.is_some() && others.any(|user| key(user) == wanted)
        };
        if taken(|user| &user.email_key, &change.email_key) {
            return Ok(ChangeOutcome::EmailTaken);
        }
        if taken(|user| &user.username_key, &change.username_key) {
            return Ok(ChangeOutcome::UsernameTaken);
        }
        if let Some(secret) = secret.and_then(|digest| state.secrets.get_mut(digest)) {
            secret.consumed_at = Some(now);
        }
        if let Some(voided) = &change.voids {
            state.secrets.retain(|_, secret| {
                secret.user_id.as_ref() != Some(id)
                    || secret.purpose != voided.purpose
                    || secret.created_at < voided.since
                    || secret.consumed_at.is_some()
            });
        }
        let ended = match &change.ends_sessions {
            Some(ending) => state.revoke(now, &ending.reason, |session| {
                session.user_id == *id && Some(&session.id) != ending.except.as_ref()
            }),
            None => Vec::new(),
        };
        if let Some(stored) = state.users.get_mut(id) {
            stored.user = User {
                created_at: stored.user.created_at,
                last_login_at: stored.user.last_login_at,
                ..change.user
            };
            stored.email_key = change.email_key;
            stored.username_key = change.username_key;
            let stays = |kind: &String| !change.deletes_credentials.contains(kind);
            stored
                .credentials
                .retain(|credential| stays(&credential.kind));
            stored.credentials.extend(change.credentials);
            for role in change.adds_roles {
                if ROLES.contains(&role.as_str()) && !stored.roles.contains(&role) {
                    stored.roles.push(role);
                }
            }
            stored
                .roles
                .retain(|role| !change.removes_roles.contains(role));
        }
        Ok(ChangeOutcome::Changed(ended))
    }

    async fn delete_user(&self, user_id: String) -> Result<bool, StorageError> {
        let mut state = self.lock();
        let deleted = state.users.remove(&user_id).is_some();
        let State {
            sessions,
            tokens,
            secrets,
            ..
        } = &mut *state;
        sessions.retain(|_, session| session.user_id != user_id);
        tokens.retain(|_, token| sessions.contains_key(&token.session_id));
        secrets.retain(|_, secret| secret.user_id.as_ref() != Some(&user_id));
        Ok(deleted)
    }

    async fn accept_counter(
        &self,
        credential_id: String,
        counter: u64,
        now: Timestamp,
    ) -> Result<bool, StorageError> {
        let mut state = self.lock();
        let credential = state
            .users
            .values_mut()
            .flat_map(|user| &mut user.credentials)
            .find(|credential| {
                credential.id == credential_id && credential.counter < Some(counter)
            });
        Ok(credential.is_some_and(|credential| {
            credential.counter = Some(counter);
            credential.last_used_at = Some(now);
            true
        }))
    }

    async fn delete_credential(&self, credential_id: String) -> Result<bool, StorageError> {
        for user in self.lock().users.values_mut() {
            let had = user.credentials.len();
            user.credentials
                .retain(|credential| credential.id != credential_id);
            if user.credentials.len() < had {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn list_signing_keys(&self) -> Result<Vec<SigningKey>, StorageError> {
        let mut keys: Vec<_> = self.lock().keys.values().cloned().collect();
        keys.sort_by_key(|key| (key.created_at, key.kid.clone()));
        Ok(keys)
    }

    async fn add_signing_key(
        &self,
        key: SigningKey,
        replaces: Option<String>,
        replaced_expires_at: Timestamp,
    ) -> Result<bool, StorageError> {
        let mut state = self.lock();
        let signs = |other: &&mut SigningKey| {
            other.algorithm == key.algorithm && other.retired_at.is_none()
        };
        let current = state.keys.values_mut().find(signs);
        if current.as_ref().map(|current| &current.kid) != replaces.as_ref() {
            return Ok(false);
        }
        if let Some(current) = current {
            current.retired_at = Some(key.created_at);
            current.expires_at = Some(replaced_expires_at);
        }
        state.keys.insert(key.kid.clone(), key);
        Ok(true)
    }

    async fn count(
        &self,
        limits: Vec<Limit>,
        now: Timestamp,
    ) -> Result<Vec<LimitState>, StorageError> {
        let mut state = self.lock();
        let mut states = Vec::new();
        for limit in limits {
            let fresh = LimitState {
                count: 0,
                resets_at: now + limit.window,
            };
            let counter = state.limits.entry(limit.key).or_insert(fresh);
            if counter.resets_at <= now {
                *counter = fresh;
            }
            counter.count += 1;
            states.push(*counter);
            if counter.count > limit.most {
                break;
            }
        }
        Ok(states)
    }

    async fn purge(&self, now: Timestamp, before: Timestamp) -> Result<u64, StorageError> {
        let mut state = self.lock();
        let rows = |state: &State| {
            let secrets = state.secrets.len() + state.tokens.len();
            (state.sessions.len() + secrets + state.limits.len()) as u64
        };
        let had = rows(&state);
        state.tokens.retain(|_, token| token.expires_at >= before);
        state
            .secrets
            .retain(|_, secret| secret.expires_at >= before);
        let tokens = rows(&state);
        state.sessions.retain(|_, session| {
            session.expires_at >= before && session.revoked_at.is_none_or(|at| at >= before)
        });
        state.limits.retain(|_, counter| counter.resets_at > now);
        let purged = tokens - rows(&state) + (had - tokens);
        let State {
            sessions, tokens, ..
        } = &mut *state;
        // Tokens of a deleted session go with it and are not counted: they are no thing of their own.
        tokens.retain(|_, token| sessions.contains_key(&token.session_id));
        Ok(purged)
    }

    async fn check(&self) -> Result<(), StorageError> {
        Ok(())
    }
}
