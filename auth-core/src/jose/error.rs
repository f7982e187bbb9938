//! Why a key is refused.

/// Why a key can't be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Not a JWK, or not one of an accepted algorithm for signatures.
    #[error("not a key of an accepted algorithm")]
    Unsupported,
    /// The key material is not what its type says.
    #[error("the key material is malformed")]
    Malformed,
}
