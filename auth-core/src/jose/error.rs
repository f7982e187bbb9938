//! Errors of keys.

/// The reason why a key can't be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The text is not a JWK, or not one of an accepted signature algorithm.
    #[error("not a key of an accepted algorithm")]
    Unsupported,
    /// The key material does not match its type.
    #[error("the key material is malformed")]
    Malformed,
}
