//! Storage in memory: the contract in its plainest form, which the others are compared with.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use auth_core::Timestamp;
use auth_core::storage::{
    Account, Acting, ActiveSession, AuditEvent, AuditQuery, ChangeOutcome, CreateUserOutcome,
    DeleteUserOutcome, EventCount, Grounds, Limit, LimitState, LoginName, Member, NewSession,
    NewUser, OneTimeSecret, PasswordCost, Permission, Place, ReplayedRotation, Role, Rotation,
    RotationOutcome, Session, SigningKey, Standing, StartSessionOutcome, StartedSession, Storage,
    StorageError, StoreOutcome, Subject, TimeRange, User, UserChange, UserOrder, UserPage,
    UserQuery,
};

/// Everything under one lock, so that each function is atomic.
#[derive(Default)]
pub struct MemoryStorage(Mutex<State>);

struct State {
    /// Their `roles` are identifiers here, as names change.
    users: BTreeMap<String, NewUser>,
    /// Their `permissions` are identifiers here, as names change.
    roles: BTreeMap<String, Role>,
    permissions: BTreeMap<String, Permission>,
    sessions: BTreeMap<String, Session>,
    tokens: BTreeMap<String, Token>,
    secrets: BTreeMap<String, OneTimeSecret>,
    costs: BTreeMap<String, PasswordCost>,
    keys: BTreeMap<String, SigningKey>,
    limits: BTreeMap<String, LimitState>,
    events: BTreeMap<String, AuditEvent>,
    /// How often an event has happened, by kind and reason.
    counts: BTreeMap<(String, String), u64>,
}

struct Token {
    session_id: String,
    expires_at: Timestamp,
    names_session: bool,
    consumed: Option<Consumed>,
}

struct Consumed {
    at: Timestamp,
    successor: String,
    sealed: String,
}

/// Name, rank, description and permissions of the roles that are there from the first.
const ROLES: [(&str, u64, &str, &[&str]); 6] = [
    ("superadmin", 1000, "May do everything.", &["*"]),
    (
        "admin",
        500,
        "Administers users and roles.",
        &[
            "users:read",
            "users:write",
            "users:delete",
            "users:impersonate",
            "roles:read",
            "roles:write",
            "audit:read",
            "keys:read",
        ],
    ),
    ("moderator", 100, "Looks after users.", &["users:read"]),
    ("premium", 0, "Pays.", &[]),
    (
        "verified",
        0,
        "Has proved to receive mail at the stored address.",
        &[],
    ),
    ("user", 0, "Everybody who registered.", &[]),
];

/// Name and description of the permissions that are there from the first.
const PERMISSIONS: [(&str, &str); 12] = [
    ("*", "Everything."),
    ("users:read", "Read users."),
    ("users:write", "Create and change users."),
    ("users:delete", "Delete users."),
    ("users:impersonate", "Act as a user."),
    ("users:import", "Import users."),
    ("users:export", "Export users."),
    ("roles:read", "Read roles and permissions."),
    ("roles:write", "Change roles and permissions."),
    ("audit:read", "Read the audit log."),
    ("keys:read", "List signing keys."),
    ("keys:write", "Rotate signing keys."),
];

impl Default for State {
    fn default() -> Self {
        let id = |number| format!("018bcfe5-6800-7000-8000-{number:012}");
        let updated_at = Timestamp::from_millis(1_700_000_000_000);
        let permissions = PERMISSIONS.iter().zip(101..);
        let permissions = permissions.map(|((name, description), number)| Permission {
            id: id(number),
            name: (*name).to_owned(),
            description: (*description).to_owned(),
            built_in: true,
            updated_at,
        });
        let mut state = Self {
            users: BTreeMap::new(),
            roles: BTreeMap::new(),
            permissions: permissions.map(|one| (one.id.clone(), one)).collect(),
            sessions: BTreeMap::new(),
            tokens: BTreeMap::new(),
            secrets: BTreeMap::new(),
            costs: BTreeMap::new(),
            keys: BTreeMap::new(),
            limits: BTreeMap::new(),
            events: BTreeMap::new(),
            counts: BTreeMap::new(),
        };
        for ((name, rank, description, permissions), number) in ROLES.into_iter().zip(1..) {
            let role = Role {
                id: id(number),
                name: name.to_owned(),
                description: description.to_owned(),
                built_in: true,
                rank,
                permissions: state.permission_ids(permissions),
                updated_at,
            };
            state.roles.insert(role.id.clone(), role);
        }
        state
    }
}

impl MemoryStorage {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn role_ids(&self, names: &[impl AsRef<str>]) -> Vec<String> {
        let is_named = |role: &&Role| names.iter().any(|name| name.as_ref() == role.name);
        let named = self.roles.values().filter(is_named);
        named.map(|role| role.id.clone()).collect()
    }

    fn permission_ids(&self, names: &[impl AsRef<str>]) -> Vec<String> {
        let is_named = |one: &&Permission| names.iter().any(|name| name.as_ref() == one.name);
        let named = self.permissions.values().filter(is_named);
        named.map(|one| one.id.clone()).collect()
    }

    fn permission_names<'a>(&self, ids: impl Iterator<Item = &'a String>) -> Vec<String> {
        let names: BTreeSet<_> = ids.map(|id| &self.permissions[id].name).collect();
        names.into_iter().cloned().collect()
    }

    fn member(&self, user: &NewUser) -> Member {
        let Standing {
            rank,
            roles,
            permissions,
        } = self.standing_of(user.roles.iter().map(|id| &self.roles[id]));
        Member {
            account: Account {
                user: user.user.clone(),
                credentials: user.credentials.clone(),
            },
            roles,
            permissions,
            rank,
        }
    }

    fn standing_of<'a>(&self, held: impl Iterator<Item = &'a Role> + Clone) -> Standing {
        let names: BTreeSet<_> = held.clone().map(|role| role.name.clone()).collect();
        Standing {
            rank: held.clone().map(|role| role.rank).max().unwrap_or(0),
            roles: names.into_iter().collect(),
            permissions: self.permission_names(held.flat_map(|role| &role.permissions)),
        }
    }

    fn standing(&self, subject: &Subject) -> Standing {
        let holds = |user: &NewUser, given: &dyn Fn(&Role) -> bool| {
            user.roles.iter().any(|id| given(&self.roles[id]))
        };
        // The roles themselves, and all roles of those who have one of them.
        let with_holders = |given: &dyn Fn(&Role) -> bool| {
            let holders = self.users.values().filter(|user| holds(user, given));
            let held: BTreeSet<_> = holders.flat_map(|user| &user.roles).collect();
            let roles = self.roles.values();
            let all = roles.filter(|role| given(role) || held.contains(&role.id));
            self.standing_of(all)
        };
        match subject {
            Subject::User(id) => {
                let roles = self.users.get(id).map(|user| &user.roles);
                self.standing_of(roles.into_iter().flatten().map(|id| &self.roles[id]))
            }
            Subject::Role(id) => self.standing_of(self.roles.get(id).into_iter()),
            Subject::RoleHolders(id) => with_holders(&|role| role.id == *id),
            Subject::PermissionHolders(id) => with_holders(&|role| role.permissions.contains(id)),
        }
    }

    /// Whether everything is still as it was when somebody decided.
    fn grounds_hold(&self, grounds: Option<&Grounds>) -> bool {
        grounds.is_none_or(|grounds| {
            let lasts = |id: &String| {
                let session = self.sessions.get(id);
                session.is_some_and(|session| {
                    session.revoked_at.is_none() && grounds.now < session.expires_at
                })
            };
            grounds.session.as_ref().is_none_or(lasts)
                && grounds
                    .standings
                    .iter()
                    .all(|seen| self.standing(&seen.subject) == seen.standing)
        })
    }

    fn active(&self, session: &Session) -> ActiveSession {
        let owner = self.member(&self.users[&session.user_id]);
        let parent = session.parent_id.as_ref();
        let parent = parent.and_then(|id| self.sessions.get(id));
        let parent = parent.filter(|parent| Some(&parent.user_id) == session.actor_id.as_ref());
        let acting = parent.map(|parent| Acting {
            opaque: parent.token.is_some(),
            last_seen_at: parent.last_seen_at,
            expires_at: parent.expires_at,
            revoked_at: parent.revoked_at,
            disabled_at: self.users[&parent.user_id].user.disabled_at,
            standing: self.standing(&Subject::User(parent.user_id.clone())),
        });
        ActiveSession {
            session: session.clone(),
            user: owner.account.user,
            roles: owner.roles,
            permissions: owner.permissions,
            rank: owner.rank,
            acting,
        }
    }

    fn create(&mut self, mut new: NewUser) -> CreateUserOutcome {
        if !self.grounds_hold(new.grounds.take().as_ref()) {
            return CreateUserOutcome::Conflict;
        }
        if let Some(role) = &new.unless_held
            && let [role] = &self.role_ids(&[role])[..]
            && self.users.values().any(|user| user.roles.contains(role))
        {
            return CreateUserOutcome::RoleHeld;
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
        new.roles = self.role_ids(&new.roles);
        self.users.insert(new.user.id.clone(), new);
        CreateUserOutcome::Created
    }

    /// Whether this user is the only one who is not disabled and has the role of that name.
    fn is_last_holder(&self, user_id: &str, role: Option<&String>) -> bool {
        let roles = self.role_ids(role.as_slice());
        let [role] = &roles[..] else { return false };
        let mut holders = self
            .users
            .values()
            .filter(|user| user.user.disabled_at.is_none() && user.roles.contains(role));
        let first = holders.next();
        first.is_some_and(|first| first.user.id == user_id) && holders.next().is_none()
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

/// Whether a user signed in to a session, or acts as another in it.
fn is_his(session: &Session, user_id: &str) -> bool {
    session.user_id == user_id || session.actor_id.as_deref() == Some(user_id)
}

/// Where a user stands in a list: the part of a search, the number or the text that he is listed by, his identifier.
type Position = (u64, Option<u64>, String, String);

/// None: the search does not find the user.
fn position(query: &UserQuery, user: &NewUser) -> Option<Position> {
    let text = |key: &Option<String>| (0, None, key.clone().unwrap_or_default());
    let time = |time: Option<Timestamp>| (0, time.map(Timestamp::as_millis), String::new());
    let (part, number, text) = match (&query.search, query.order) {
        (Some(search), _) => {
            let begins = |key: &&String| key.starts_with(search);
            let address = user.email_key.iter().find(begins).map(|key| (0, key));
            let name = || user.username_key.iter().find(begins).map(|key| (1, key));
            let term = || user.terms.iter().filter(begins).min().map(|key| (2, key));
            let (part, key) = address.or_else(name).or_else(term)?;
            (part, None, key.clone())
        }
        (None, UserOrder::CreatedAt) => time(Some(user.user.created_at)),
        (None, UserOrder::LastLoginAt) => time(user.user.last_login_at),
        (None, UserOrder::Email) => text(&user.email_key),
        (None, UserOrder::Username) => text(&user.username_key),
    };
    Some((part, number, text, user.user.id.clone()))
}

fn place((part, number, text, id): &Position) -> Place {
    Place {
        part: *part,
        key: number.map_or_else(|| text.clone(), |number| number.to_string()),
        tie_break: id.clone(),
    }
}

fn position_of(query: &UserQuery, place: &Place) -> Position {
    let Place {
        part,
        key,
        tie_break: id,
    } = place.clone();
    match (&query.search, query.order) {
        (None, UserOrder::CreatedAt | UserOrder::LastLoginAt) => {
            (part, key.parse().ok(), String::new(), id)
        }
        _ => (part, None, key, id),
    }
}

fn within(range: TimeRange, time: Timestamp) -> bool {
    range.begin.is_none_or(|begin| begin <= time) && range.end.is_none_or(|end| time < end)
}

/// Whether a user passes every filter but that of the role.
fn passes(query: &UserQuery, user: &User) -> bool {
    let is = |wanted: Option<bool>, what: bool| wanted.is_none_or(|wanted| wanted == what);
    is(query.verified, user.email_verified_at.is_some())
        && is(query.disabled, user.disabled_at.is_some())
        && is(query.locked, user.locked_until > Some(query.now))
        && within(query.created, user.created_at)
        && match user.last_login_at {
            Some(time) => within(query.last_login, time),
            None => query.last_login == TimeRange::default(),
        }
}

impl Storage for MemoryStorage {
    async fn create_user(&self, new: NewUser) -> Result<CreateUserOutcome, StorageError> {
        Ok(self.lock().create(new))
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
            unless_held: None,
            grounds: None,
            ..new
        });
        Ok(users.map(|new| state.create(new)).collect())
    }

    async fn find_member(&self, user_id: String) -> Result<Option<Member>, StorageError> {
        let state = self.lock();
        let found = state.users.get(&user_id);
        Ok(found.map(|user| state.member(user)))
    }

    async fn list_users(&self, query: UserQuery) -> Result<UserPage, StorageError> {
        let state = self.lock();
        let role = query.role.as_ref().map(|role| state.role_ids(&[role]));
        let users = state.users.values().filter(|user| {
            let has_role = |wanted: &Vec<String>| wanted.iter().any(|id| user.roles.contains(id));
            role.as_ref().is_none_or(has_role) && passes(&query, &user.user)
        });
        let mut found: Vec<_> = users
            .filter_map(|user| Some((position(&query, user)?, user)))
            .collect();
        found.sort_by(|(a, _), (b, _)| a.cmp(b));
        let descending = query.descending && query.search.is_none();
        if descending {
            found.reverse();
        }
        if let Some(place) = &query.after {
            let after = position_of(&query, place);
            found.retain(|(position, _)| match descending {
                true => *position < after,
                false => *position > after,
            });
        }
        let limit = query.limit as usize;
        let next = match found.get(limit) {
            Some(_) => found[..limit].last().map(|(position, _)| place(position)),
            None => None,
        };
        found.truncate(limit);
        let members = found.iter().map(|(_, user)| state.member(user)).collect();
        Ok(UserPage { members, next })
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

    async fn list_password_costs(&self) -> Result<Vec<PasswordCost>, StorageError> {
        Ok(self.lock().costs.values().cloned().collect())
    }

    async fn raise_password_costs(&self, costs: Vec<PasswordCost>) -> Result<(), StorageError> {
        let known = &mut self.lock().costs;
        for cost in costs {
            let less = |known: &PasswordCost| known.work < cost.work;
            if known.get(&cost.kind).is_none_or(less) {
                known.insert(cost.kind.clone(), cost);
            }
        }
        Ok(())
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
                if session.actor_id.is_none() {
                    owner.user.last_login_at = Some(session.created_at);
                }
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
                names_session: token.names_session,
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
            session,
            successor,
            sealed,
            now,
            grace,
        } = rotation;
        let token = state.tokens.get(&presented);
        let session = token.map(|token| &token.session_id).or(session.as_ref());
        let Some(session) = session.and_then(|id| state.sessions.get(id)) else {
            return Ok(RotationOutcome::Unknown);
        };
        let active = state.active(session);
        if active.session.revoked_at.is_some() || active.user.disabled_at.is_some() {
            return Ok(RotationOutcome::Revoked);
        }
        if active.session.expires_at <= now {
            return Ok(RotationOutcome::Expired);
        }
        let Some(token) = token else {
            let goes_on = |token: &Token| {
                let of_session = token.session_id == active.session.id;
                of_session && token.consumed.is_none() && now < token.expires_at
            };
            if !state.tokens.values().any(goes_on) {
                return Ok(RotationOutcome::Expired);
            }
            state.revoke(now, "refresh_token_reuse", |session| {
                session.id == active.session.id
            });
            return Ok(RotationOutcome::Reused(active));
        };
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
            names_session: successor.names_session,
            consumed: None,
        };
        state.tokens.retain(|_, token| {
            let past = |consumed: &Consumed| consumed.at + grace <= now;
            let used_up = token.consumed.as_ref().is_some_and(past);
            token.session_id != session_id || !token.names_session || !used_up
        });
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
    ) -> Result<Vec<String>, StorageError> {
        Ok(self.lock().revoke(now, &reason, |session| {
            session.id == session_id || session.parent_id.as_ref() == Some(&session_id)
        }))
    }

    async fn revoke_sessions(
        &self,
        user_id: String,
        except: Option<String>,
        now: Timestamp,
        reason: String,
    ) -> Result<Vec<String>, StorageError> {
        let which =
            |session: &Session| is_his(session, &user_id) && Some(&session.id) != except.as_ref();
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
        if !state.users.get(id).is_some_and(seen) || !state.grounds_hold(change.grounds.as_ref()) {
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
        let removed = state.role_ids(&change.removes_roles);
        if state.is_last_holder(id, change.keeps_holder.as_ref()) {
            let removes = |role| change.removes_roles.contains(role);
            if change.user.disabled_at.is_some()
                || change.keeps_holder.as_ref().is_some_and(removes)
            {
                return Ok(ChangeOutcome::LastHolder);
            }
        }
        let added = state.role_ids(&change.adds_roles);
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
                let acting = session.actor_id.as_ref() == Some(id);
                let his = if ending.only_acting {
                    acting
                } else {
                    is_his(session, id)
                };
                let only = ending.only.as_ref();
                his && Some(&session.id) != ending.except.as_ref()
                    && only.is_none_or(|only| {
                        session.id == *only || session.parent_id.as_ref() == Some(only)
                    })
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
            for role in added {
                if !stored.roles.contains(&role) {
                    stored.roles.push(role);
                }
            }
            stored.roles.retain(|role| !removed.contains(role));
            stored.terms = change.terms;
        }
        Ok(ChangeOutcome::Changed(ended))
    }

    async fn delete_user(
        &self,
        user_id: String,
        expected_updated_at: Timestamp,
        now: Timestamp,
        keeps_holder: Option<String>,
        grounds: Option<Grounds>,
    ) -> Result<DeleteUserOutcome, StorageError> {
        let mut state = self.lock();
        let Some(stored) = state.users.get(&user_id) else {
            return Ok(DeleteUserOutcome::Unknown);
        };
        if stored.user.updated_at != expected_updated_at || !state.grounds_hold(grounds.as_ref()) {
            return Ok(DeleteUserOutcome::Conflict);
        }
        if state.is_last_holder(&user_id, keeps_holder.as_ref()) {
            return Ok(DeleteUserOutcome::LastHolder);
        }
        state.users.remove(&user_id);
        let ended = state.revoke(now, "deleted", |session| is_his(session, &user_id));
        let State {
            sessions,
            tokens,
            secrets,
            ..
        } = &mut *state;
        sessions.retain(|_, session| !is_his(session, &user_id));
        tokens.retain(|_, token| sessions.contains_key(&token.session_id));
        secrets.retain(|_, secret| secret.user_id.as_ref() != Some(&user_id));
        Ok(DeleteUserOutcome::Deleted(ended))
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

    async fn find_standing(&self, subject: Subject) -> Result<Standing, StorageError> {
        Ok(self.lock().standing(&subject))
    }

    async fn list_roles(&self) -> Result<Vec<Role>, StorageError> {
        let state = self.lock();
        let roles = state.roles.values().map(|role| Role {
            permissions: state.permission_names(role.permissions.iter()),
            ..role.clone()
        });
        let mut roles: Vec<_> = roles.collect();
        roles.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(roles)
    }

    async fn store_role(
        &self,
        mut role: Role,
        expected_updated_at: Option<Timestamp>,
        grounds: Option<Grounds>,
    ) -> Result<StoreOutcome, StorageError> {
        let mut state = self.lock();
        let stored = state.roles.get(&role.id);
        if stored.map(|stored| stored.updated_at) != expected_updated_at
            || !state.grounds_hold(grounds.as_ref())
        {
            return Ok(StoreOutcome::Conflict);
        }
        if let Some(stored) = stored {
            role.built_in = stored.built_in;
            if stored.built_in {
                role.name = stored.name.clone();
                role.rank = stored.rank;
            }
        }
        let mut others = state.roles.values().filter(|other| other.id != role.id);
        if others.any(|other| other.name == role.name) {
            return Ok(StoreOutcome::NameTaken);
        }
        role.permissions = state.permission_ids(&role.permissions);
        state.roles.insert(role.id.clone(), role);
        Ok(StoreOutcome::Stored)
    }

    async fn delete_role(
        &self,
        role_id: String,
        grounds: Option<Grounds>,
    ) -> Result<bool, StorageError> {
        let mut state = self.lock();
        if !state.grounds_hold(grounds.as_ref())
            || state.roles.get(&role_id).is_none_or(|role| role.built_in)
        {
            return Ok(false);
        }
        state.roles.remove(&role_id);
        for user in state.users.values_mut() {
            user.roles.retain(|role| *role != role_id);
        }
        Ok(true)
    }

    async fn list_permissions(&self) -> Result<Vec<Permission>, StorageError> {
        let mut permissions: Vec<_> = self.lock().permissions.values().cloned().collect();
        permissions.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(permissions)
    }

    async fn store_permission(
        &self,
        mut permission: Permission,
        expected_updated_at: Option<Timestamp>,
        grounds: Option<Grounds>,
    ) -> Result<StoreOutcome, StorageError> {
        let mut state = self.lock();
        if !state.grounds_hold(grounds.as_ref()) {
            return Ok(StoreOutcome::Conflict);
        }
        let permissions = &mut state.permissions;
        let stored = permissions.get(&permission.id);
        if stored.map(|stored| stored.updated_at) != expected_updated_at {
            return Ok(StoreOutcome::Conflict);
        }
        if let Some(stored) = stored {
            permission.built_in = stored.built_in;
            if stored.built_in {
                permission.name = stored.name.clone();
            }
        }
        let mut others = permissions
            .values()
            .filter(|other| other.id != permission.id);
        if others.any(|other| other.name == permission.name) {
            return Ok(StoreOutcome::NameTaken);
        }
        permissions.insert(permission.id.clone(), permission);
        Ok(StoreOutcome::Stored)
    }

    async fn delete_permission(
        &self,
        permission_id: String,
        grounds: Option<Grounds>,
    ) -> Result<bool, StorageError> {
        let mut state = self.lock();
        let stored = state.permissions.get(&permission_id);
        if !state.grounds_hold(grounds.as_ref())
            || stored.is_none_or(|permission| permission.built_in)
        {
            return Ok(false);
        }
        state.permissions.remove(&permission_id);
        for role in state.roles.values_mut() {
            role.permissions.retain(|held| *held != permission_id);
        }
        Ok(true)
    }

    async fn append_audit(&self, event: AuditEvent) -> Result<bool, StorageError> {
        let mut state = self.lock();
        if state.events.contains_key(&event.id) {
            return Ok(false);
        }
        let what = (event.kind.clone(), event.reason.clone().unwrap_or_default());
        *state.counts.entry(what).or_default() += 1;
        state.events.insert(event.id.clone(), event);
        Ok(true)
    }

    async fn list_audit(&self, query: AuditQuery) -> Result<Vec<AuditEvent>, StorageError> {
        let state = self.lock();
        let mut events: Vec<_> = state
            .events
            .values()
            .filter(|event| {
                let kind = |kind: &String| {
                    event.kind == *kind || kind.ends_with('.') && event.kind.starts_with(kind)
                };
                query.kind.as_ref().is_none_or(kind)
                    && (query.actor_id.is_none() || query.actor_id == event.actor_id)
                    && (query.target_id.is_none() || query.target_id == event.target_id)
                    && within(query.at, event.at)
                    && query
                        .after
                        .as_ref()
                        .is_none_or(|after| (event.at, &event.id) < (after.at, &after.id))
            })
            .collect();
        events.sort_by_key(|event| std::cmp::Reverse((event.at, &event.id)));
        Ok(events
            .into_iter()
            .take(query.limit as usize)
            .cloned()
            .collect())
    }

    async fn count_events(&self) -> Result<Vec<EventCount>, StorageError> {
        let state = self.lock();
        let counts = state.counts.iter();
        let counts = counts.map(|((kind, reason), count)| EventCount {
            kind: kind.clone(),
            reason: reason.clone(),
            count: *count,
        });
        Ok(counts.collect())
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

    async fn clear_limits(&self, prefixes: Vec<String>) -> Result<(), StorageError> {
        self.lock()
            .limits
            .retain(|key, _| !prefixes.iter().any(|prefix| key.starts_with(prefix)));
        Ok(())
    }

    async fn purge(
        &self,
        now: Timestamp,
        before: Timestamp,
        audited_before: Option<Timestamp>,
    ) -> Result<u64, StorageError> {
        let mut state = self.lock();
        let rows = |state: &State| {
            let secrets = state.secrets.len() + state.tokens.len();
            let sessions = state.sessions.len() + secrets;
            (sessions + state.limits.len() + state.events.len()) as u64
        };
        let had = rows(&state);
        state.tokens.retain(|_, token| token.expires_at >= before);
        state
            .secrets
            .retain(|_, secret| secret.expires_at >= before);
        state.sessions.retain(|_, session| {
            session.expires_at >= before && session.revoked_at.is_none_or(|at| at >= before)
        });
        state.limits.retain(|_, counter| counter.resets_at > now);
        state
            .events
            .retain(|_, event| audited_before.is_none_or(|before| event.at >= before));
        let purged = had - rows(&state);
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
