//! Signing keys of access tokens.
//!
//! Generated from `wit/` by `cargo xtask generate`: change it there.

use crate::time::Timestamp;
use super::audit::AuditEvent;
use super::types::StorageError;

/// A key that signs access tokens.
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct StoredSigningKey {
    /// The key identifier, `kid` in token headers and in the JWK Set.
    pub kid: String,
    /// The JWS algorithm (RFC 7518, RFC 8037): `EdDSA` or `ES256`.
    pub algorithm: String,
    /// The public key as a JWK (RFC 7517).
    pub public_jwk: String,
    /// The private key, encrypted.
    pub ciphertext: String,
    /// The time since which the key signs.
    pub created_at: Timestamp,
    /// The time since which the key no longer signs. `none` means that it still signs.
    pub retired_at: Option<Timestamp>,
    /// The time from which its signatures are not accepted. `none` means no such time is set.
    pub expires_at: Option<Timestamp>,
    /// Whether the key was created in an emergency: tokens that were signed before `created_at` are not accepted.
    pub emergency: bool,
}

/// Leaves out what must not reach a log.
impl core::fmt::Debug for StoredSigningKey {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        formatter
            .debug_struct("StoredSigningKey")
            .field("kid", &self.kid)
            .field("algorithm", &self.algorithm)
            .field("public_jwk", &self.public_jwk)
            .field("created_at", &self.created_at)
            .field("retired_at", &self.retired_at)
            .field("expires_at", &self.expires_at)
            .field("emergency", &self.emergency)
            .finish_non_exhaustive()
    }
}

/// Signing keys of access tokens.
#[allow(async_fn_in_trait, reason = "futures are Send where the platform's are; Workers' are not")]
pub trait SigningKeys {
    /// Returns all signing keys, oldest first, including expired ones.
    async fn list_signing_keys(&self) -> Result<Vec<StoredSigningKey>, StorageError>;

    /// Adds the key that signs from now on. `replaces` is the `kid` of the unretired key of the same algorithm that the
    /// caller has seen; `none` means that it saw no such key.
    ///
    /// If `replaces` is still correct, the key is stored and the result is true. All other unretired keys, of any
    /// algorithm, are retired at the new key's `created_at` and expire at `replaced_expires_at`. If the new key is an
    /// emergency key, keys that were retired before also expire by then. `events` are the audit events to store with the
    /// key, each counted as by `append_audit`.
    ///
    /// Otherwise nothing is stored and the result is false: another caller was first, so list the keys again.
    ///
    /// Atomic.
    async fn add_signing_key(
        &self,
        key: StoredSigningKey,
        replaces: Option<String>,
        replaced_expires_at: Timestamp,
        events: Vec<AuditEvent>,
    ) -> Result<bool, StorageError>;
}
