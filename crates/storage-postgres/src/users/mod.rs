//! Users.

mod change;
mod create;
mod delete;
mod filters;
mod find;
mod last_holder;
mod list;
mod lists;
mod parts;

use gatewright_storage::{
    Account, AuditEvent, ChangeOutcome, CreateUserOutcome, DeleteUserOutcome, Grounds,
    IdentifiedAccount, LoginName, NewUser, StorageError, Timestamp, UserChange, UserDetails,
    UserPage, UserQuery, Users,
};

use crate::executor::Executor;
use crate::storage::PostgresStorage;

impl<E: Executor> Users for PostgresStorage<E> {
    async fn create_user(&self, user: NewUser) -> Result<CreateUserOutcome, StorageError> {
        create::create_user(self.database(), user).await
    }

    async fn create_users(
        &self,
        change: String,
        users: Vec<NewUser>,
        grounds: Option<Grounds>,
    ) -> Result<Vec<CreateUserOutcome>, StorageError> {
        create::create_users(self.database(), change, users, grounds).await
    }

    async fn find_user(&self, user_id: String) -> Result<Option<UserDetails>, StorageError> {
        find::find_user(self.database(), user_id).await
    }

    async fn find_account(&self, name: LoginName) -> Result<Option<Account>, StorageError> {
        find::find_account(self.database(), name).await
    }

    async fn find_identity(
        &self,
        issuer: String,
        subject: String,
    ) -> Result<Option<IdentifiedAccount>, StorageError> {
        find::find_identity(self.database(), issuer, subject).await
    }

    async fn list_users(&self, query: UserQuery) -> Result<UserPage, StorageError> {
        list::list(self.database(), query).await
    }

    async fn change_user(&self, change: UserChange) -> Result<ChangeOutcome, StorageError> {
        change::change_user(self.database(), change).await
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
        delete::delete_user(
            self.database(),
            user_id,
            expected_updated_at,
            now,
            require_remaining_holder,
            grounds,
            events,
        )
        .await
    }
}
