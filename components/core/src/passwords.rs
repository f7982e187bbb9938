//! The interface `passwords`.

use std::ops::Deref;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use auth_core::password::{self, Hasher, PasswordHashError};

use crate::Core;
use crate::bindings::exports::gatewright::auth::passwords::{Error, Guest, Parameters};

/// Maximum length of a password in bytes: the 1024 characters that `PASSWORD_MAX_LENGTH` allows, of four bytes each.
const MAX_PASSWORD_LEN: usize = 4096;

/// The hasher of the last parameters, with its memory.
static HASHER: LazyLock<Mutex<Hasher>> =
    LazyLock::new(|| Mutex::new(Hasher::new(password::Parameters::default())));

impl Guest for Core {
    fn hash(password: String, parameters: Option<Parameters>) -> Result<String, Error> {
        let password = normalized(&password)?;
        let hasher = hasher_of(within_bounds(parameters)?);
        Ok(hasher.hash_with_salt(&password, &crate::random_bytes()))
    }

    fn rehash(
        password: String,
        hash: String,
        parameters: Option<Parameters>,
    ) -> Result<Option<String>, Error> {
        let password = normalized(&password)?;
        let hasher = hasher_of(within_bounds(parameters)?);
        password::supported(&hash)?;
        Ok(hasher.rehash_with_salt(&password, &hash, &crate::random_bytes()))
    }

    fn verify(password: String, hash: String) -> Result<bool, Error> {
        Ok(hasher().verify(&normalized(&password)?, &hash)?)
    }

    fn needs_rehash(hash: String, parameters: Option<Parameters>) -> Result<bool, Error> {
        let parameters = within_bounds(parameters)?;
        password::supported(&hash)?;
        Ok(Hasher::new(parameters).needs_rehash(&hash))
    }
}

/// Returns the hasher, set to these parameters for new hashes.
fn hasher_of(parameters: password::Parameters) -> MutexGuard<'static, Hasher> {
    let mut hasher = hasher();
    if hasher.parameters() != parameters {
        *hasher = Hasher::new(parameters);
    }
    hasher
}

fn hasher() -> MutexGuard<'static, Hasher> {
    HASHER.lock().unwrap_or_else(PoisonError::into_inner)
}

fn normalized(password: &str) -> Result<impl Deref<Target = String>, Error> {
    if password.len() > MAX_PASSWORD_LEN {
        return Err(Error::OutOfBounds(format!(
            "a password has at most {MAX_PASSWORD_LEN} bytes"
        )));
    }
    Ok(password::normalize(password))
}

fn within_bounds(parameters: Option<Parameters>) -> Result<password::Parameters, Error> {
    let Some(Parameters {
        memory,
        iterations,
        parallelism,
    }) = parameters
    else {
        return Ok(password::Parameters::default());
    };
    password::Parameters::new(memory, iterations, parallelism).ok_or_else(|| {
        Error::OutOfBounds(format!(
            "memory must be 8 KiB for each lane to {} KiB, iterations 1 to {} and parallelism 1 to {}",
            password::Parameters::MAX_MEMORY,
            password::Parameters::MAX_ITERATIONS,
            password::Parameters::MAX_PARALLELISM,
        ))
    })
}

impl From<PasswordHashError> for Error {
    fn from(error: PasswordHashError) -> Self {
        match error {
            PasswordHashError::Malformed | PasswordHashError::Keyed => Self::MalformedHash,
            _ => Self::OutOfBounds(error.to_string()),
        }
    }
}
