//! Keys that sign access tokens.
//!
//! Generated from `wit/` by `cargo xtask generate`: change it there.

use crate::time::Timestamp;
use super::types::StorageError;

/// A key that signs access tokens.
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct StoredSigningKey {
    /// Key identifier, `kid` in token headers and in the JWK Set.
    pub kid: String,
    /// JWS algorithm (RFC 7518, RFC 8037): `EdDSA` or `ES256`.
    pub algorithm: String,
    /// Public half as a JWK (RFC 7517).
    pub public_jwk: String,
    /// Private half, encrypted.
    pub ciphertext: String,
    /// Since when it signs.
    pub created_at: Timestamp,
    /// Set: it has not signed since then.
    pub retired_at: Option<Timestamp>,
    /// Set: its signatures are not accepted from then on.
    pub expires_at: Option<Timestamp>,
    /// Whether it was made in an emergency: what was signed before `created_at` is not accepted.
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

/// Keys that sign access tokens.
#[allow(async_fn_in_trait, reason = "futures are Send where the platform's are; Workers' are not")]
pub trait SigningKeys {
    /// All signing keys, oldest first, including expired ones.
    async fn list_signing_keys(&self) -> Result<Vec<StoredSigningKey>, StorageError>;

    /// Adds the key that signs from now on.
    ///
    /// Atomic. `replaces` is the `kid` of the unretired key of the same algorithm that the caller has seen; none: it saw no
    /// such key. If that is still so, the key is stored, and the answer is true. All keys that were not retired, those of other
    /// algorithms as well, are retired at the new one's `created_at` and expire at `replaced_expires_at`; if the new one is of an
    /// emergency, those that were retired before expire by then, too. Otherwise nothing is stored and the answer is false:
    /// another caller was first, list again.
    async fn add_signing_key(
        &self,
        key: StoredSigningKey,
        replaces: Option<String>,
        replaced_expires_at: Timestamp,
    ) -> Result<bool, StorageError>;
}
