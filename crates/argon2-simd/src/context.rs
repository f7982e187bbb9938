//! The parameters of a hash.

use std::fmt;

use argon2::{Algorithm, Error, Params, Result, Version};

/// Computes Argon2 hashes with the same parameters.
#[derive(Clone)]
pub struct Argon2<'key> {
    pub(crate) algorithm: Algorithm,
    pub(crate) version: Version,
    pub(crate) params: Params,
    pub(crate) secret: &'key [u8],
}

// Without the secret.
impl fmt::Debug for Argon2<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Argon2")
            .field("algorithm", &self.algorithm)
            .field("version", &self.version)
            .field("params", &self.params)
            .finish_non_exhaustive()
    }
}

impl<'key> Argon2<'key> {
    /// Creates a context without a secret.
    #[must_use]
    pub const fn new(algorithm: Algorithm, version: Version, params: Params) -> Self {
        Self {
            algorithm,
            version,
            params,
            secret: &[],
        }
    }

    /// Creates a context with a secret that every hash depends on.
    ///
    /// # Errors
    /// [`Error::SecretTooLong`]: the length of the secret does not fit in 32 bits.
    pub fn new_with_secret(
        secret: &'key [u8],
        algorithm: Algorithm,
        version: Version,
        params: Params,
    ) -> Result<Self> {
        if u32::try_from(secret.len()).is_err() {
            return Err(Error::SecretTooLong);
        }
        Ok(Self {
            algorithm,
            version,
            params,
            secret,
        })
    }

    /// Returns the parameters.
    #[must_use]
    pub const fn params(&self) -> &Params {
        &self.params
    }
}
