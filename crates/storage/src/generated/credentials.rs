//! Credentials: passwords, second factors and recovery codes.
//!
//! Generated from `wit/` by `cargo xtask generate`: change it there.

use crate::time::Timestamp;
use super::audit::AuditEvent;
use super::types::StorageError;

/// A credential that proves a user's identity. A user has any number of them.
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Credential {
    /// Identifier.
    pub id: String,
    /// The user it belongs to.
    pub user_id: String,
    /// `password`, `totp`, `totp_pending` (not confirmed yet), `totp_former` (a mark that the user has replaced or
    /// disabled an established factor), `username_pending` (the user name that is claimed when the address is verified),
    /// `sign_up_pending` (a mark that nobody could use the account yet, because its address must be verified first) or
    /// `recovery_code`. A user can have several recovery codes, and at most one of each other kind.
    pub kind: String,
    /// The content of the credential: a password's hash, the encrypted TOTP key, a recovery code's digest, or the
    /// pending user name.
    pub secret: String,
    /// The last counter that was accepted, for credentials that have one: the time step of TOTP.
    pub counter: Option<u64>,
    /// The name that the user gave it.
    pub label: Option<String>,
    /// When it was added.
    pub created_at: Timestamp,
    /// When `secret` last changed.
    pub updated_at: Timestamp,
    /// When it was last used successfully.
    pub last_used_at: Option<Timestamp>,
}

/// Leaves out what must not reach a log.
impl core::fmt::Debug for Credential {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        formatter
            .debug_struct("Credential")
            .field("id", &self.id)
            .field("user_id", &self.user_id)
            .field("kind", &self.kind)
            .field("counter", &self.counter)
            .field("label", &self.label)
            .field("created_at", &self.created_at)
            .field("updated_at", &self.updated_at)
            .field("last_used_at", &self.last_used_at)
            .finish_non_exhaustive()
    }
}

/// The highest cost of a password hash of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct PasswordCost {
    /// The kind of hash, chosen by the caller.
    pub kind: String,
    /// The work of the hash, in units of its kind.
    pub work: u64,
    /// A hash of this cost that no password matches.
    pub decoy: String,
}

/// Credentials: passwords, second factors and recovery codes.
#[allow(async_fn_in_trait, reason = "futures are Send where the platform's are; Workers' are not")]
pub trait Credentials {
    /// Replaces a credential's secret if it is still `expected`. Returns false, and stores nothing, if the credential is
    /// gone or its secret has changed. A rehash after a login therefore never overwrites a password that was changed
    /// meanwhile.
    ///
    /// Atomic.
    async fn replace_credential_secret(
        &self,
        credential_id: String,
        expected: String,
        replacement: String,
        now: Timestamp,
    ) -> Result<bool, StorageError>;

    /// Accepts a counter of a credential and sets `last_used_at` to `now`. Counters only increase. Returns false if the
    /// counter is not greater than the last accepted one, or if the credential is gone.
    ///
    /// Atomic: of concurrent calls with one counter exactly one returns true.
    async fn accept_counter(
        &self,
        credential_id: String,
        counter: u64,
        now: Timestamp,
    ) -> Result<bool, StorageError>;

    /// Deletes a credential, which uses it up. Returns false if it does not exist.
    ///
    /// Atomic: of concurrent calls exactly one returns true, and stores its `events`.
    async fn delete_credential(
        &self,
        credential_id: String,
        events: Vec<AuditEvent>,
    ) -> Result<bool, StorageError>;

    /// Returns for each kind the highest cost that `raise_password_costs` ever received, in any order.
    async fn list_password_costs(&self) -> Result<Vec<PasswordCost>, StorageError>;

    /// Stores each cost whose kind is new, or whose work is greater than the stored work of its kind. Other costs are
    /// ignored.
    ///
    /// Atomic: after concurrent calls the greatest work of each kind is stored.
    async fn raise_password_costs(&self, costs: Vec<PasswordCost>) -> Result<(), StorageError>;
}
