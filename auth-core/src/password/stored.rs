//! Stored hashes: Argon2 (RFC 9106) as PHC strings, and the forms of other systems through `foreign`.

use gatewright_argon2_simd::{Algorithm, AssociatedData, Version};
use password_hash::phc::{Output, PasswordHash, Salt};

use super::cost::Cost;
use super::django::usual_form;
use super::error::PasswordHashError;
use super::foreign::ForeignHash;
use super::form::Form;
use super::parameters::Parameters;
use super::work::Work;

/// Checks whether a stored hash can be verified, without doing the work: Argon2, bcrypt, scrypt (PHC strings, passlib,
/// Werkzeug, better-auth, Firebase) or PBKDF2 (PHC strings, passlib, Django, Werkzeug).
///
/// # Errors
/// The errors of [`Hasher::verify`](super::Hasher::verify).
pub fn supported(stored: &str) -> Result<(), PasswordHashError> {
    StoredHash::parse(stored).map(drop)
}

pub(super) enum StoredHash {
    Argon2(Argon2Hash),
    Foreign(ForeignHash),
}

impl StoredHash {
    /// Returns the work of a verification.
    pub(super) fn work(&self) -> Work {
        match self {
            Self::Argon2(hash) => hash.parameters.work(),
            Self::Foreign(hash) => hash.work(),
        }
    }

    pub(super) fn cost(&self) -> Cost {
        self.work().cost()
    }

    pub(super) fn parse(stored: &str) -> Result<Self, PasswordHashError> {
        let usual = usual_form(stored);
        let stored = usual.as_deref().unwrap_or(stored);
        if stored.starts_with("$argon2") {
            Argon2Hash::parse(stored).map(Self::Argon2)
        } else {
            ForeignHash::parse(stored).map(Self::Foreign)
        }
    }
}

pub(super) struct Argon2Hash {
    pub(super) algorithm: Algorithm,
    pub(super) version: Version,
    pub(super) parameters: Parameters,
    pub(super) form: Form,
    pub(super) salt: Salt,
    pub(super) output: Output,
}

impl Argon2Hash {
    fn parse(stored: &str) -> Result<Self, PasswordHashError> {
        let hash = PasswordHash::new(stored).map_err(|_| PasswordHashError::Malformed)?;
        let algorithm = hash
            .algorithm
            .as_str()
            .parse()
            .map_err(|_| PasswordHashError::Malformed)?;
        // Strings from before version 1.3 have no `v=` (draft-irtf-cfrg-argon2-01).
        let version = Version::try_from(hash.version.unwrap_or(0x10))
            .map_err(|_| PasswordHashError::Malformed)?;
        let (mut memory, mut iterations, mut lanes) = (None, None, None);
        let mut form = Form::Nfc;
        for (name, value) in hash.params.iter() {
            let number = match name.as_str() {
                "m" => &mut memory,
                "t" => &mut iterations,
                "p" => &mut lanes,
                Form::FIELD
                    if AssociatedData::from_b64(value.as_str())
                        .is_ok_and(|data| data.as_bytes() == Form::NFKC) =>
                {
                    form = Form::Nfkc;
                    continue;
                }
                // Passwords can't be verified with another system's associated data or key, which are unknown.
                Form::FIELD | "keyid" => return Err(PasswordHashError::Keyed),
                _ => return Err(PasswordHashError::Malformed),
            };
            let given = value.decimal().map_err(|_| PasswordHashError::Malformed)?;
            if number.replace(given).is_some() {
                return Err(PasswordHashError::Malformed);
            }
        }
        let (Some(memory), Some(iterations), Some(lanes)) = (memory, iterations, lanes) else {
            return Err(PasswordHashError::Malformed);
        };
        let parameters =
            Parameters::new(memory, iterations, lanes).ok_or(PasswordHashError::OutOfBounds)?;
        let (Some(salt), Some(output)) = (hash.salt, hash.hash) else {
            return Err(PasswordHashError::Malformed);
        };
        Ok(Self {
            algorithm,
            version,
            parameters,
            form,
            salt,
            output,
        })
    }
}

impl Parameters {
    /// Returns the work of a hash.
    pub(crate) fn work(self) -> Work {
        Work::Argon2 {
            memory: self.memory,
            iterations: self.iterations,
        }
    }
}

impl Work {
    /// Returns the work of a stored hash.
    pub(crate) fn of(stored: &str) -> Result<Self, PasswordHashError> {
        StoredHash::parse(stored).map(|hash| hash.work())
    }
}
