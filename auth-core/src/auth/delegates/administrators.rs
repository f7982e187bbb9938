//! What administrators do.

use crate::access::Question;
use crate::admin::actor::Actor;
use crate::admin::roles::RoleUpdate;
use crate::admin::setup::FirstAdministrator;
use crate::admin::transfer::record::{ImportOutcome, ImportUser};
use crate::admin::users::creation::NewAccount;
use crate::admin::users::fields::UserUpdate;
use crate::admin::users::impersonation::Impersonation;
use crate::auth::Auth;
use crate::client::Client;
use crate::error::Result;
use crate::password::error::PasswordHashError;
use crate::platform::Platform;
use crate::storage::{
    AuditEvent, AuditQuery, EventCount, Member, Permission, Place, Role, Session, SigningKey,
    UserPage, UserQuery,
};

impl<P: Platform> Auth<P> {
    /// [`Users::list`](crate::Users::list).
    pub async fn list_users(&self, query: UserQuery) -> Result<UserPage> {
        self.users().list(query).await
    }

    /// [`Users::encrypt_cursor`](crate::Users::encrypt_cursor).
    pub fn seal_place(&self, list: &str, place: &Place) -> String {
        self.users().encrypt_cursor(list, place)
    }

    /// [`Users::decrypt_cursor`](crate::Users::decrypt_cursor).
    pub fn open_place(&self, list: &str, sealed: &str) -> Option<Place> {
        self.users().decrypt_cursor(list, sealed)
    }

    /// [`Users::get`](crate::Users::get).
    pub async fn member(&self, user_id: &str) -> Result<Member> {
        self.users().get(user_id).await
    }

    /// [`Users::create`](crate::Users::create).
    pub async fn create_member(&self, actor: &Actor, new: NewAccount<'_>) -> Result<Member> {
        self.users().create(actor, new).await
    }

    /// [`Users::update`](crate::Users::update).
    pub async fn update_member(
        &self,
        actor: &Actor,
        user_id: &str,
        update: UserUpdate<'_>,
    ) -> Result<Member> {
        self.users().update(actor, user_id, update).await
    }

    /// [`Users::disable`](crate::Users::disable).
    pub async fn disable_user(&self, actor: &Actor, user_id: &str) -> Result<()> {
        self.users().disable(actor, user_id).await
    }

    /// [`Users::enable`](crate::Users::enable).
    pub async fn enable_user(&self, actor: &Actor, user_id: &str) -> Result<()> {
        self.users().enable(actor, user_id).await
    }

    /// [`Users::unlock`](crate::Users::unlock).
    pub async fn unlock_user(&self, actor: &Actor, user_id: &str) -> Result<()> {
        self.users().unlock(actor, user_id).await
    }

    /// [`Users::force_password_reset`](crate::Users::force_password_reset).
    pub async fn force_password_reset(&self, actor: &Actor, user_id: &str) -> Result<()> {
        self.users().force_password_reset(actor, user_id).await
    }

    /// [`Users::sessions`](crate::Users::sessions).
    pub async fn sessions_of(&self, user_id: &str) -> Result<Vec<Session>> {
        self.users().sessions(user_id).await
    }

    /// [`Users::end_sessions`](crate::Users::end_sessions).
    pub async fn end_sessions_of(
        &self,
        actor: &Actor,
        user_id: &str,
        session_id: Option<&str>,
    ) -> Result<()> {
        self.users().end_sessions(actor, user_id, session_id).await
    }

    /// [`Users::set_role`](crate::Users::set_role).
    pub async fn set_role(
        &self,
        actor: &Actor,
        user_id: &str,
        role: &str,
        held: bool,
    ) -> Result<()> {
        self.users().set_role(actor, user_id, role, held).await
    }

    /// [`Users::delete`](crate::Users::delete).
    pub async fn delete_member(&self, actor: &Actor, user_id: &str) -> Result<()> {
        self.users().delete(actor, user_id).await
    }

    /// [`Users::impersonate`](crate::Users::impersonate).
    pub async fn impersonate(
        &self,
        actor: &Actor,
        user_id: &str,
        why: Option<&str>,
    ) -> Result<Impersonation> {
        self.users().impersonate(actor, user_id, why).await
    }

    /// [`Users::import`](crate::Users::import).
    pub async fn import(
        &self,
        actor: &Actor,
        users: Vec<ImportUser>,
        trial: bool,
    ) -> Result<Vec<ImportOutcome>> {
        self.users().import(actor, users, trial).await
    }

    /// [`Users::password_cost`](crate::Users::password_cost).
    pub fn password_cost(&self, hash: &str) -> core::result::Result<u32, PasswordHashError> {
        self.users().password_cost(hash)
    }

    /// [`Users::export`](crate::Users::export).
    pub async fn export(
        &self,
        actor: &Actor,
        after: Option<Place>,
        limit: u64,
        secrets: bool,
    ) -> Result<(Vec<ImportUser>, Option<Place>)> {
        self.users().export(actor, after, limit, secrets).await
    }

    /// [`Roles::list`](crate::Roles::list).
    pub async fn roles(&self) -> Result<Vec<Role>> {
        self.roles_service().list().await
    }

    /// [`Roles::get`](crate::Roles::get).
    pub async fn role(&self, id_or_name: &str) -> Result<Role> {
        self.roles_service().get(id_or_name).await
    }

    /// [`Roles::create`](crate::Roles::create).
    pub async fn create_role(
        &self,
        actor: &Actor,
        name: &str,
        description: &str,
        rank: Option<u64>,
        permissions: &[String],
    ) -> Result<Role> {
        self.roles_service()
            .create(actor, name, description, rank, permissions)
            .await
    }

    /// [`Roles::update`](crate::Roles::update).
    pub async fn update_role(
        &self,
        actor: &Actor,
        id_or_name: &str,
        update: RoleUpdate<'_>,
    ) -> Result<Role> {
        self.roles_service().update(actor, id_or_name, update).await
    }

    /// [`Roles::set_permission`](crate::Roles::set_permission).
    pub async fn set_permission(
        &self,
        actor: &Actor,
        role: &str,
        permission: &str,
        held: bool,
    ) -> Result<()> {
        self.roles_service()
            .set_permission(actor, role, permission, held)
            .await
    }

    /// [`Roles::delete`](crate::Roles::delete).
    pub async fn delete_role(&self, actor: &Actor, id_or_name: &str) -> Result<()> {
        self.roles_service().delete(actor, id_or_name).await
    }

    /// [`Permissions::list`](crate::Permissions::list).
    pub async fn permissions(&self) -> Result<Vec<Permission>> {
        self.permissions_service().list().await
    }

    /// [`Permissions::get`](crate::Permissions::get).
    pub async fn permission(&self, id_or_name: &str) -> Result<Permission> {
        self.permissions_service().get(id_or_name).await
    }

    /// [`Permissions::create`](crate::Permissions::create).
    pub async fn create_permission(
        &self,
        actor: &Actor,
        name: &str,
        description: &str,
    ) -> Result<Permission> {
        self.permissions_service()
            .create(actor, name, description)
            .await
    }

    /// [`Permissions::update`](crate::Permissions::update).
    pub async fn update_permission(
        &self,
        actor: &Actor,
        id_or_name: &str,
        name: Option<&str>,
        description: Option<&str>,
    ) -> Result<Permission> {
        self.permissions_service()
            .update(actor, id_or_name, name, description)
            .await
    }

    /// [`Permissions::delete`](crate::Permissions::delete).
    pub async fn delete_permission(&self, actor: &Actor, id_or_name: &str) -> Result<()> {
        self.permissions_service().delete(actor, id_or_name).await
    }

    /// [`Roles::check_access`](crate::Roles::check_access).
    pub async fn check_access(
        &self,
        actor: &Actor,
        user_id: Option<&str>,
        questions: &[Question],
    ) -> Result<Vec<bool>> {
        self.roles_service()
            .check_access(actor, user_id, questions)
            .await
    }

    /// [`SigningKeys::jwks`](crate::SigningKeys::jwks).
    pub async fn jwks(&self) -> Result<String> {
        self.signing_keys_service().jwks().await
    }

    /// [`Setup::set_up`](crate::Setup::set_up).
    pub async fn set_up(
        &self,
        token: &str,
        first: FirstAdministrator<'_>,
        client: &Client,
    ) -> Result<Member> {
        self.setup().set_up(token, first, client).await
    }

    /// [`Setup::first_administrator`](crate::Setup::first_administrator).
    pub async fn first_administrator(
        &self,
        first: FirstAdministrator<'_>,
        client: &Client,
    ) -> Result<Member> {
        self.setup().first_administrator(first, client).await
    }

    /// [`SigningKeys::list`](crate::SigningKeys::list).
    pub async fn signing_keys(&self) -> Result<Vec<SigningKey>> {
        self.signing_keys_service().list().await
    }

    /// [`SigningKeys::rotate`](crate::SigningKeys::rotate).
    pub async fn rotate_key(&self, actor: &Actor) -> Result<SigningKey> {
        self.signing_keys_service().rotate(actor).await
    }

    /// [`AuditLog::record_startup`](crate::AuditLog::record_startup).
    pub fn begin(&self) {
        self.audit().record_startup()
    }

    /// [`AuditLog::list`](crate::AuditLog::list).
    pub async fn audit_log(&self, query: AuditQuery) -> Result<(Vec<AuditEvent>, bool)> {
        self.audit().list(query).await
    }

    /// [`AuditLog::counts`](crate::AuditLog::counts).
    pub async fn event_counts(&self) -> Result<Vec<EventCount>> {
        self.audit().counts().await
    }
}
