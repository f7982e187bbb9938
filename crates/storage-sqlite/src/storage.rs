//! [`auth_core::storage::Storage`] over an [`Executor`]: each function is in the file of its noun.

use auth_core::Timestamp;
use auth_core::storage::{
    Account, ActiveSession, AuditEvent, AuditQuery, ChangeOutcome, CreateUserOutcome,
    DeleteUserOutcome, EventCount, Grounds, Limit, LimitState, LoginName, Member, NewSession,
    NewUser, OneTimeSecret, PasswordCost, Permission, Role, Rotation, RotationOutcome, Session,
    SigningKey, Standing, StartSessionOutcome, Storage, StorageError, StoreOutcome, Subject,
    UserChange, UserPage, UserQuery,
};

use crate::executor::Executor;
use crate::{
    accounts, audit, changes, costs, grounds, keys, limits, members, migrations, purge, roles,
    secrets, sessions,
};

/// The storage contract in SQL.
#[derive(Debug, Clone)]
pub struct SqlStorage<E> {
    executor: E,
}

impl<E: Executor> SqlStorage<E> {
    /// Storage in a database that [`migrate`](crate::migrate) has prepared.
    pub fn new(executor: E) -> Self {
        Self { executor }
    }

    /// The executor it was made with.
    pub fn executor(&self) -> &E {
        &self.executor
    }
}

impl<E: Executor> Storage for SqlStorage<E> {
    async fn create_user(&self, user: NewUser) -> Result<CreateUserOutcome, StorageError> {
        accounts::create_user(&self.executor, user).await
    }

    async fn create_users(
        &self,
        change: String,
        users: Vec<NewUser>,
        grounds: Option<Grounds>,
    ) -> Result<Vec<CreateUserOutcome>, StorageError> {
        accounts::create_users(&self.executor, change, users, grounds).await
    }

    async fn find_member(&self, user_id: String) -> Result<Option<Member>, StorageError> {
        members::find(&self.executor, user_id).await
    }

    async fn list_users(&self, query: UserQuery) -> Result<UserPage, StorageError> {
        members::list(&self.executor, query).await
    }

    async fn find_account(&self, name: LoginName) -> Result<Option<Account>, StorageError> {
        accounts::find_account(&self.executor, name).await
    }

    async fn replace_credential_secret(
        &self,
        credential_id: String,
        expected: String,
        replacement: String,
        now: Timestamp,
    ) -> Result<bool, StorageError> {
        accounts::replace_credential_secret(
            &self.executor,
            credential_id,
            expected,
            replacement,
            now,
        )
        .await
    }

    async fn list_password_costs(&self) -> Result<Vec<PasswordCost>, StorageError> {
        costs::list(&self.executor).await
    }

    async fn raise_password_costs(&self, costs: Vec<PasswordCost>) -> Result<(), StorageError> {
        costs::raise(&self.executor, costs).await
    }

    async fn start_session(
        &self,
        session: NewSession,
    ) -> Result<StartSessionOutcome, StorageError> {
        sessions::start(&self.executor, session).await
    }

    async fn find_session(
        &self,
        session_id: String,
    ) -> Result<Option<ActiveSession>, StorageError> {
        sessions::find(&self.executor, session_id).await
    }

    async fn rotate_refresh_token(
        &self,
        rotation: Rotation,
    ) -> Result<RotationOutcome, StorageError> {
        sessions::rotate(&self.executor, rotation).await
    }

    async fn find_refresh_token_session(
        &self,
        token: String,
    ) -> Result<Option<String>, StorageError> {
        sessions::find_by_refresh_token(&self.executor, token).await
    }

    async fn revoke_session(
        &self,
        session_id: String,
        now: Timestamp,
        reason: String,
    ) -> Result<Vec<String>, StorageError> {
        sessions::revoke(&self.executor, session_id, now, reason).await
    }

    async fn revoke_sessions(
        &self,
        user_id: String,
        except: Option<String>,
        now: Timestamp,
        reason: String,
    ) -> Result<Vec<String>, StorageError> {
        sessions::revoke_all(&self.executor, user_id, except, now, reason).await
    }

    async fn find_session_by_token(
        &self,
        token: String,
    ) -> Result<Option<ActiveSession>, StorageError> {
        sessions::find_by_token(&self.executor, token).await
    }

    async fn list_sessions(
        &self,
        user_id: String,
        now: Timestamp,
    ) -> Result<Vec<Session>, StorageError> {
        sessions::list(&self.executor, user_id, now).await
    }

    async fn touch_session(&self, session_id: String, now: Timestamp) -> Result<(), StorageError> {
        sessions::touch(&self.executor, session_id, now).await
    }

    async fn store_one_time_secret(
        &self,
        secret: OneTimeSecret,
        replaces: bool,
    ) -> Result<(), StorageError> {
        secrets::store(&self.executor, secret, replaces).await
    }

    async fn find_one_time_secret(
        &self,
        secret: String,
    ) -> Result<Option<OneTimeSecret>, StorageError> {
        secrets::find(&self.executor, secret).await
    }

    async fn consume_one_time_secret(
        &self,
        secret: String,
        now: Timestamp,
    ) -> Result<bool, StorageError> {
        secrets::consume(&self.executor, secret, now).await
    }

    async fn change_user(&self, change: UserChange) -> Result<ChangeOutcome, StorageError> {
        changes::change_user(&self.executor, change).await
    }

    async fn delete_user(
        &self,
        user_id: String,
        expected_updated_at: Timestamp,
        now: Timestamp,
        keeps_holder: Option<String>,
        grounds: Option<Grounds>,
    ) -> Result<DeleteUserOutcome, StorageError> {
        accounts::delete_user(
            &self.executor,
            user_id,
            expected_updated_at,
            now,
            keeps_holder,
            grounds,
        )
        .await
    }

    async fn accept_counter(
        &self,
        credential_id: String,
        counter: u64,
        now: Timestamp,
    ) -> Result<bool, StorageError> {
        accounts::accept_counter(&self.executor, credential_id, counter, now).await
    }

    async fn delete_credential(&self, credential_id: String) -> Result<bool, StorageError> {
        accounts::delete_credential(&self.executor, credential_id).await
    }

    async fn find_standing(&self, subject: Subject) -> Result<Standing, StorageError> {
        grounds::find_standing(&self.executor, subject).await
    }

    async fn list_roles(&self) -> Result<Vec<Role>, StorageError> {
        roles::list(&self.executor).await
    }

    async fn store_role(
        &self,
        role: Role,
        expected_updated_at: Option<Timestamp>,
        grounds: Option<Grounds>,
    ) -> Result<StoreOutcome, StorageError> {
        roles::store(&self.executor, role, expected_updated_at, grounds).await
    }

    async fn delete_role(
        &self,
        role_id: String,
        grounds: Option<Grounds>,
    ) -> Result<bool, StorageError> {
        roles::delete(&self.executor, role_id, grounds).await
    }

    async fn list_permissions(&self) -> Result<Vec<Permission>, StorageError> {
        roles::list_permissions(&self.executor).await
    }

    async fn store_permission(
        &self,
        permission: Permission,
        expected_updated_at: Option<Timestamp>,
        grounds: Option<Grounds>,
    ) -> Result<StoreOutcome, StorageError> {
        roles::store_permission(&self.executor, permission, expected_updated_at, grounds).await
    }

    async fn delete_permission(
        &self,
        permission_id: String,
        grounds: Option<Grounds>,
    ) -> Result<bool, StorageError> {
        roles::delete_permission(&self.executor, permission_id, grounds).await
    }

    async fn append_audit(&self, event: AuditEvent) -> Result<bool, StorageError> {
        audit::append(&self.executor, event).await
    }

    async fn list_audit(&self, query: AuditQuery) -> Result<Vec<AuditEvent>, StorageError> {
        audit::list(&self.executor, query).await
    }

    async fn count_events(&self) -> Result<Vec<EventCount>, StorageError> {
        audit::count(&self.executor).await
    }

    async fn list_signing_keys(&self) -> Result<Vec<SigningKey>, StorageError> {
        keys::list(&self.executor).await
    }

    async fn add_signing_key(
        &self,
        key: SigningKey,
        replaces: Option<String>,
        replaced_expires_at: Timestamp,
    ) -> Result<bool, StorageError> {
        keys::add(&self.executor, key, replaces, replaced_expires_at).await
    }

    async fn count(
        &self,
        limits: Vec<Limit>,
        now: Timestamp,
    ) -> Result<Vec<LimitState>, StorageError> {
        limits::count(&self.executor, limits, now).await
    }

    async fn clear_limits(&self, prefixes: Vec<String>) -> Result<(), StorageError> {
        limits::clear(&self.executor, prefixes).await
    }

    async fn purge(
        &self,
        now: Timestamp,
        ended_before: Timestamp,
        audited_before: Option<Timestamp>,
    ) -> Result<u64, StorageError> {
        purge::purge(&self.executor, now, ended_before, audited_before).await
    }

    async fn check(&self) -> Result<(), StorageError> {
        migrations::check(&self.executor).await
    }
}
