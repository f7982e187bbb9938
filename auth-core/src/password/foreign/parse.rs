//! Parses stored hashes of other systems.

use base64::Engine as _;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use zeroize::Zeroizing;

use super::ForeignHash;
use super::digest::Digest;
use super::scrypt::Scrypt;
use super::text::{base64, decimal, hex, phc_hash, phc_parameters};
use crate::password::error::PasswordHashError::{self, Malformed, OutOfBounds};

const MAX_BCRYPT_COST: u32 = 16;
const MAX_PBKDF2_ITERATIONS: u32 = 10_000_000;

/// Some tools set unused bits in the last character of a salt.
const BCRYPT_BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::BCRYPT,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::RequireNone)
        .with_decode_allow_trailing_bits(true),
);

impl ForeignHash {
    /// Parses a stored hash.
    ///
    /// # Errors
    /// The form is unknown or damaged, or the hash exceeds the limits.
    pub(in crate::password) fn parse(stored: &str) -> Result<Self, PasswordHashError> {
        match stored.split('$').collect::<Vec<_>>()[..] {
            ["", "2a" | "2b" | "2y", cost, salt_and_hash] => Self::bcrypt(cost, salt_and_hash),
            ["", "scrypt", parameters, salt, hash] => Self::scrypt_phc(parameters, salt, hash),
            ["", "firebase-scrypt", parameters, salt, hash] => {
                Self::firebase(parameters, salt, hash)
            }
            ["", "pbkdf2", iterations, salt, hash] => {
                Self::pbkdf2_passlib(Digest::Sha1, iterations, salt, hash)
            }
            ["", name, parameters, salt, hash] => {
                let digest = Digest::named(name.strip_prefix("pbkdf2-").ok_or(Malformed)?)?;
                if parameters.starts_with("i=") {
                    Self::pbkdf2_phc(digest, parameters, salt, hash)
                } else {
                    Self::pbkdf2_passlib(digest, parameters, salt, hash)
                }
            }
            [name, iterations, salt, hash] => {
                let digest = Digest::named(name.strip_prefix("pbkdf2_").ok_or(Malformed)?)?;
                Self::pbkdf2(digest, iterations, salt.into(), base64(hash)?, digest.len())
            }
            [method, salt, hash] => Self::werkzeug(method, salt, hash),
            [stored] => Self::better_auth(stored),
            _ => Err(Malformed),
        }
    }

    fn bcrypt(cost: &str, salt_and_hash: &str) -> Result<Self, PasswordHashError> {
        let (salt, hash) = salt_and_hash.split_at_checked(22).ok_or(Malformed)?;
        let decode = |text| BCRYPT_BASE64.decode(text).map_err(|_| Malformed);
        let (salt, hash) = (decode(salt)?, decode(hash)?);
        let cost = decimal(cost)?;
        if !(4..=MAX_BCRYPT_COST).contains(&cost) {
            return Err(OutOfBounds);
        }
        Ok(Self::Bcrypt {
            cost,
            salt: salt.try_into().map_err(|_| Malformed)?,
            hash: hash.try_into().map_err(|_| Malformed)?,
        })
    }

    fn scrypt_phc(parameters: &str, salt: &str, hash: &str) -> Result<Self, PasswordHashError> {
        let [ln, r, p] = phc_parameters(parameters, ["ln", "r", "p"])?;
        Ok(Self::Scrypt {
            scrypt: Scrypt::new(decimal(ln)?, decimal(r)?, decimal(p)?, base64(salt)?)?,
            hash: phc_hash(hash)?,
        })
    }

    fn firebase(parameters: &str, salt: &str, hash: &str) -> Result<Self, PasswordHashError> {
        let [ln, r, p, separator, signer_key] =
            phc_parameters(parameters, ["ln", "r", "p", "ss", "sk"])?;
        let (signer_key, hash) = (Zeroizing::new(base64(signer_key)?), phc_hash(hash)?);
        if signer_key.len() != hash.len() {
            return Err(Malformed);
        }
        let salt = [base64(salt)?, base64(separator)?].concat();
        Ok(Self::Firebase {
            scrypt: Scrypt::new(decimal(ln)?, decimal(r)?, decimal(p)?, salt)?,
            signer_key,
            hash,
        })
    }

    fn better_auth(stored: &str) -> Result<Self, PasswordHashError> {
        let (salt, hash) = stored.split_once(':').ok_or(Malformed)?;
        let hash = hex(hash)?;
        if hex(salt)?.is_empty() || hash.len() != 64 {
            return Err(Malformed);
        }
        Ok(Self::BetterAuth {
            scrypt: Scrypt::new(14, 16, 1, salt.into())?,
            hash,
        })
    }

    fn werkzeug(method: &str, salt: &str, hash: &str) -> Result<Self, PasswordHashError> {
        let hash = hex(hash)?;
        match method.split(':').collect::<Vec<_>>()[..] {
            ["scrypt", n, r, p] => {
                let n = decimal(n)?;
                if !n.is_power_of_two() || hash.len() != 64 {
                    return Err(Malformed);
                }
                Ok(Self::Scrypt {
                    scrypt: Scrypt::new(n.ilog2(), decimal(r)?, decimal(p)?, salt.into())?,
                    hash,
                })
            }
            ["pbkdf2", digest, iterations] => {
                let digest = Digest::named(digest)?;
                Self::pbkdf2(digest, iterations, salt.into(), hash, digest.len())
            }
            _ => Err(Malformed),
        }
    }

    fn pbkdf2_passlib(
        digest: Digest,
        iterations: &str,
        salt: &str,
        hash: &str,
    ) -> Result<Self, PasswordHashError> {
        let decode = |text: &str| base64(&text.replace('.', "+"));
        Self::pbkdf2(
            digest,
            iterations,
            decode(salt)?,
            decode(hash)?,
            digest.len(),
        )
    }

    fn pbkdf2_phc(
        digest: Digest,
        parameters: &str,
        salt: &str,
        hash: &str,
    ) -> Result<Self, PasswordHashError> {
        let hash = phc_hash(hash)?;
        let (iterations, len) = if parameters.contains(',') {
            let [iterations, len] = phc_parameters(parameters, ["i", "l"])?;
            (iterations, decimal(len)? as usize)
        } else {
            let [iterations] = phc_parameters(parameters, ["i"])?;
            (iterations, digest.len())
        };
        Self::pbkdf2(digest, iterations, base64(salt)?, hash, len)
    }

    fn pbkdf2(
        digest: Digest,
        iterations: &str,
        salt: Vec<u8>,
        hash: Vec<u8>,
        len: usize,
    ) -> Result<Self, PasswordHashError> {
        if hash.len() != len {
            return Err(Malformed);
        }
        let iterations = decimal(iterations)?;
        if !(1..=MAX_PBKDF2_ITERATIONS).contains(&iterations) {
            return Err(OutOfBounds);
        }
        Ok(Self::Pbkdf2 {
            digest,
            iterations,
            salt,
            hash,
        })
    }
}
