//! Identities: the accounts at sign-in providers by which users sign in. The interface `users` finds, links and unlinks
//! them.
//!
//! Generated from `wit/` by `cargo xtask generate`: change it there.

use crate::time::Timestamp;
use super::types::StorageError;

/// An account at a sign-in provider, by which a user signs in. Issuer and subject identify it, compared byte by byte:
/// it belongs to at most one user. A user has at most 20 identities; the caller counts them.
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Identity {
    /// The issuer of `subject`.
    pub issuer: String,
    /// The identifier by which the issuer knows the person. It is never an address.
    pub subject: String,
    /// The provider through which it was linked, by its name in the settings.
    pub provider: String,
    /// The user it belongs to.
    pub user_id: String,
    /// The e-mail address of the person, as the provider last said it. No decision depends on it.
    pub email: Option<String>,
    /// The name of the person at the provider, by which they recognise the identity; free text.
    pub label: Option<String>,
    /// When it was linked.
    pub created_at: Timestamp,
    /// When the user last signed in by it. `none` means never.
    pub last_used_at: Option<Timestamp>,
    /// The provider's tokens, encrypted. `none` means that none are kept.
    pub tokens: Option<String>,
}

/// Leaves out what must not reach a log.
impl core::fmt::Debug for Identity {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        formatter
            .debug_struct("Identity")
            .field("issuer", &self.issuer)
            .field("subject", &self.subject)
            .field("provider", &self.provider)
            .field("user_id", &self.user_id)
            .field("email", &self.email)
            .field("label", &self.label)
            .field("created_at", &self.created_at)
            .field("last_used_at", &self.last_used_at)
            .finish_non_exhaustive()
    }
}

/// The two fields that identify an identity.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct IdentityKey {
    /// An `identity.issuer`.
    pub issuer: String,
    /// An `identity.subject`.
    pub subject: String,
}

/// Identities: the accounts at sign-in providers by which users sign in. The interface `users` finds, links and unlinks
/// them.
#[allow(async_fn_in_trait, reason = "futures are Send where the platform's are; Workers' are not")]
pub trait Identities {
    /// Returns the identities of a user, sorted by `created_at`, then by issuer and subject.
    async fn list_identities(&self, user_id: String) -> Result<Vec<Identity>, StorageError>;

    /// Sets an identity's `last_used_at` to `now`, and its address to `email`. Returns false, and stores nothing, if there
    /// is no such identity.
    ///
    /// Atomic.
    async fn use_identity(
        &self,
        issuer: String,
        subject: String,
        email: Option<String>,
        now: Timestamp,
    ) -> Result<bool, StorageError>;

    /// Replaces an identity's tokens if they are still `expected`. `none` means no tokens. Returns false, and stores
    /// nothing, if the identity is gone or its tokens have changed. Tokens that were refreshed meanwhile are therefore
    /// never overwritten.
    ///
    /// Atomic: of concurrent calls with the same `expected` and different replacements exactly one returns true.
    async fn replace_identity_tokens(
        &self,
        issuer: String,
        subject: String,
        expected: Option<String>,
        replacement: Option<String>,
    ) -> Result<bool, StorageError>;
}
