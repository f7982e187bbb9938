//! What users prove their identity with.
//!
//! Generated from `wit/` by `cargo xtask generate`: change it there.

use crate::time::Timestamp;
use super::types::StorageError;

/// Something that proves a user's identity. A user has any number of them.
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Credential {
    /// Identifier.
    pub id: String,
    /// The user it belongs to.
    pub user_id: String,
    /// `password`, `totp`, `totp_pending` (not confirmed yet), `username_pending` (the user name that is claimed once the
    /// address is proved) or `recovery_code`. A user has at most one of each but the last.
    pub kind: String,
    /// What proves the credential: for a password its hash, for TOTP the key, encrypted, for a recovery code its digest;
    /// for a user name the name.
    pub secret: String,
    /// The last counter that was accepted, for credentials that have one: the time step of TOTP.
    pub counter: Option<u64>,
    /// Name that the user gave it.
    pub label: Option<String>,
    /// When it was added.
    pub created_at: Timestamp,
    /// When `secret` last changed.
    pub updated_at: Timestamp,
    /// When it was last used with success.
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
    /// Kind of hash, chosen by the caller.
    pub kind: String,
    /// How much work it is, in units of its kind.
    pub work: u64,
    /// A hash of this cost that no password matches.
    pub decoy: String,
}

/// What users prove their identity with.
#[allow(async_fn_in_trait, reason = "futures are Send where the platform's are; Workers' are not")]
pub trait Credentials {
    /// Replaces a credential's secret if it is still `expected`.
    ///
    /// Atomic. False: the credential is gone or its secret has changed; nothing is stored. So a password that is rehashed
    /// after a login never overwrites one that was changed meanwhile.
    async fn replace_credential_secret(
        &self,
        credential_id: String,
        expected: String,
        replacement: String,
        now: Timestamp,
    ) -> Result<bool, StorageError>;

    /// Accepts a counter of a credential. Counters only move forward.
    ///
    /// Atomic: of concurrent calls with one counter exactly one is true. False: it is not greater than the last one, or the
    /// credential is gone.
    async fn accept_counter(
        &self,
        credential_id: String,
        counter: u64,
        now: Timestamp,
    ) -> Result<bool, StorageError>;

    /// Deletes a credential, which uses it up.
    ///
    /// Atomic: of concurrent calls exactly one is true.
    async fn delete_credential(&self, credential_id: String) -> Result<bool, StorageError>;

    /// For each kind the highest cost that `raise_password_costs` was ever given; in any order.
    async fn list_password_costs(&self) -> Result<Vec<PasswordCost>, StorageError>;

    /// Stores each of these whose kind is new, or whose work is more than the stored work of its kind.
    ///
    /// Atomic: of concurrent calls the most work of each kind stays.
    async fn raise_password_costs(&self, costs: Vec<PasswordCost>) -> Result<(), StorageError>;
}
