//! Sessions and the refresh tokens of their families.

mod columns;
mod end;
mod find;
mod rotate;
mod start;

use gatewright_storage::{
    ActiveSession, AuditEvent, NewSession, Rotation, RotationOutcome, Session, Sessions,
    StartSessionOutcome, StorageError, Timestamp,
};

use crate::executor::{Executor, Statement};
use crate::storage::PostgresStorage;

const TOUCH_SESSION: &str =
    "UPDATE sessions SET last_seen_at = $2 WHERE id = $1 AND last_seen_at < $2";

impl<E: Executor> Sessions for PostgresStorage<E> {
    async fn start_session(
        &self,
        session: NewSession,
    ) -> Result<StartSessionOutcome, StorageError> {
        start::start(self.database(), session).await
    }

    async fn find_session(
        &self,
        session_id: String,
    ) -> Result<Option<ActiveSession>, StorageError> {
        find::find(self.database(), session_id).await
    }

    async fn find_session_by_token(
        &self,
        token: String,
    ) -> Result<Option<ActiveSession>, StorageError> {
        find::find_by_token(self.database(), token).await
    }

    async fn find_refresh_token_session(
        &self,
        token: String,
    ) -> Result<Option<String>, StorageError> {
        find::find_by_refresh_token(self.database(), token).await
    }

    async fn list_sessions(
        &self,
        user_id: String,
        now: Timestamp,
    ) -> Result<Vec<Session>, StorageError> {
        find::list(self.database(), user_id, now).await
    }

    async fn touch_session(&self, session_id: String, now: Timestamp) -> Result<(), StorageError> {
        let touch = Statement::new(TOUCH_SESSION, vec![session_id.into(), now.into()]);
        self.database().execute(touch).await.map(|_| ())
    }

    async fn rotate_refresh_token(
        &self,
        rotation: Rotation,
    ) -> Result<RotationOutcome, StorageError> {
        rotate::rotate(self.database(), rotation).await
    }

    async fn revoke_session(
        &self,
        session_id: String,
        now: Timestamp,
        reason: String,
        events: Vec<AuditEvent>,
    ) -> Result<Vec<String>, StorageError> {
        end::revoke(self.database(), session_id, now, reason, events).await
    }

    async fn revoke_sessions(
        &self,
        user_id: String,
        except: Option<String>,
        now: Timestamp,
        reason: String,
        events: Vec<AuditEvent>,
    ) -> Result<Vec<String>, StorageError> {
        end::revoke_all(self.database(), user_id, except, now, reason, events).await
    }
}
