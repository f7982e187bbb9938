//! Password hashes of other systems. They are verified as they are until the next login replaces them with Argon2id.
//!
//! | form | system |
//! | --- | --- |
//! | `$2a$…`, `$2b$…`, `$2y$…` | bcrypt |
//! | `$scrypt$ln=15,r=8,p=1$salt$hash` | PHC strings, passlib |
//! | `scrypt:32768:8:1$salt$hash` | Werkzeug; hash in hex |
//! | `salt:hash` | better-auth; both in hex |
//! | `$firebase-scrypt$ln=14,r=8,p=1,ss=…,sk=…$salt$hash` | Firebase, see below |
//! | `pbkdf2_sha256$600000$salt$hash`, `pbkdf2_sha1$…` | Django, whose other forms are in `django.rs` |
//! | `$pbkdf2-sha256$29000$salt$hash`, `$pbkdf2-sha512$…`, `$pbkdf2$…` (SHA-1) | passlib |
//! | `$pbkdf2-sha256$i=600000,l=32$salt$hash`, also with `sha1` and `sha512` | PHC strings |
//! | `pbkdf2:sha256:600000$salt$hash`, also with `sha1` and `sha512` | Werkzeug; hash in hex |
//!
//! Firebase exports the parameters that its hashes share separately, so this form is Gatewright's: `ln` is Firebase's
//! `mem_cost`, `r` its `rounds`, `p` is 1, `ss` its `base64_salt_separator` and `sk` its `base64_signer_key`.
//!
//! Programs that call `scrypt` of `node:crypto` directly often also write `salt:hash`, but with that function's default
//! cost. If they pass the salt as hex, store `scrypt:16384:8:1$salt$hash`.
//!
//! The password to verify is in NFC, while these systems hashed the bytes that they received (better-auth: in NFKC).
//! This is nearly always the same text. A user whose device sent another form must reset the password.
//!
//! Several passwords match some of these hashes. A new hash must be created only from a password that is the only match
//! ([`ForeignHash::proves`]):
//!
//! | hash | passwords that it treats as one |
//! | --- | --- |
//! | bcrypt | those with the same first 72 bytes, after each password is ended by a zero and repeated to that length: longer ones with the same beginning, and `a` and `a\0a` |
//! | scrypt, PBKDF2 | `a` and `a\0`, because the key of an HMAC is padded with zeros (RFC 2104 section 2) |
//! | better-auth | those that are equal in NFKC, such as `fi` and `ﬁ`; and as for scrypt |
//!
//! HMAC replaces keys longer than a block (64 bytes, SHA-512: 128) by their digest. A long password therefore has one
//! other match: the bytes of its digest. This is harmless: those bytes can't be found without knowing the password, and
//! are hardly ever UTF-8. scrypt and PBKDF2 cut a password at no other length, and Argon2 takes all of it with its
//! length. passlib, Django, Werkzeug and Firebase also cut nothing before they hash; the first two refuse more than
//! 4096 characters.

mod digest;
mod parse;
mod scrypt;
#[cfg(test)]
mod tests;
mod text;

use aes::Aes256;
use aes::cipher::{KeyIvInit as _, StreamCipher as _};
use ctr::Ctr128BE;
use gatewright_crypto::pbkdf2;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use self::digest::Digest;
pub(super) use self::scrypt::MORE_SCRYPT_MEMORY;
use self::scrypt::Scrypt;
use super::error::PasswordHashError;
use super::form::{Form, Nfkc};
use super::memory::Memory;
use super::work::{HashKind, Work};

/// The number of bytes of a password that bcrypt uses.
const BCRYPT_LEN: usize = 72;

/// A hash of another system that can be verified within the limits.
pub(super) enum ForeignHash {
    /// Uses the first 72 bytes of a longer password, and treats zero bytes like others. Most tools do the same; some
    /// refuse such passwords, and some in C stop at the first zero.
    Bcrypt {
        cost: u32,
        salt: [u8; 16],
        hash: [u8; 23],
    },
    Scrypt {
        scrypt: Scrypt,
        hash: Vec<u8>,
    },
    BetterAuth {
        scrypt: Scrypt,
        hash: Vec<u8>,
    },
    Firebase {
        scrypt: Scrypt,
        signer_key: Zeroizing<Vec<u8>>,
        hash: Vec<u8>,
    },
    Pbkdf2 {
        digest: Digest,
        iterations: u32,
        salt: Vec<u8>,
        hash: Vec<u8>,
    },
}

impl ForeignHash {
    /// Whether this is the hash of a password.
    ///
    /// # Errors
    /// The host does not have enough memory.
    pub(super) fn verify(
        &self,
        memory: &mut Memory,
        password: &str,
        nfkc: Nfkc,
    ) -> Result<bool, PasswordHashError> {
        let (computed, hash) = match self {
            Self::Bcrypt { cost, salt, hash } => (bcrypt(password, *cost, *salt), &hash[..]),
            Self::Scrypt { scrypt, hash } => {
                (scrypt.derive(memory, password, hash.len())?, &hash[..])
            }
            Self::BetterAuth { scrypt, hash } => {
                let password = self.form().of(password, nfkc);
                (scrypt.derive(memory, &password, hash.len())?, &hash[..])
            }
            Self::Firebase {
                scrypt,
                signer_key,
                hash,
            } => {
                let key = scrypt.derive(memory, password, 32)?;
                let mut computed = signer_key.clone();
                Ctr128BE::<Aes256>::new_from_slices(&key, &[0; 16])
                    .expect("32 bytes are a key")
                    .apply_keystream(&mut computed);
                (computed, &hash[..])
            }
            Self::Pbkdf2 {
                digest,
                iterations,
                salt,
                hash,
            } => {
                let mut computed = Zeroizing::new(vec![0; hash.len()]);
                let derive = match digest {
                    Digest::Sha1 => pbkdf2::with_sha1,
                    Digest::Sha256 => pbkdf2::with_sha256,
                    Digest::Sha512 => pbkdf2::with_sha512,
                };
                derive(password.as_bytes(), salt, *iterations, &mut computed);
                (computed, &hash[..])
            }
        };
        Ok(computed.ct_eq(hash).into())
    }

    /// Whether a matching password, in its [form](Self::form), is certainly the one that was hashed. The table above
    /// lists the other matches. Except for overlong passwords, all of them contain a zero.
    pub(super) fn proves(&self, password: &str) -> bool {
        // A password of the maximum length can be the beginning of a longer one.
        let whole = !matches!(self, Self::Bcrypt { .. }) || password.len() < BCRYPT_LEN;
        whole && !password.contains('\0')
    }

    /// Returns the form in which the hash compares passwords.
    pub(super) const fn form(&self) -> Form {
        match self {
            Self::BetterAuth { .. } => Form::Nfkc,
            _ => Form::Nfc,
        }
    }

    /// Returns the work of a verification.
    pub(super) fn work(&self) -> Work {
        match self {
            Self::Bcrypt { cost, .. } => Work::Bcrypt { cost: *cost },
            Self::Scrypt { scrypt, .. }
            | Self::BetterAuth { scrypt, .. }
            | Self::Firebase { scrypt, .. } => scrypt.work(),
            Self::Pbkdf2 {
                digest,
                iterations,
                hash,
                ..
            } => Work::Pbkdf2 {
                digest: match digest {
                    Digest::Sha1 => HashKind::Pbkdf2Sha1,
                    Digest::Sha256 => HashKind::Pbkdf2Sha256,
                    Digest::Sha512 => HashKind::Pbkdf2Sha512,
                },
                iterations: *iterations,
                blocks: hash.len().div_ceil(digest.len()) as u32,
            },
        }
    }
}

fn bcrypt(password: &str, cost: u32, salt: [u8; 16]) -> Zeroizing<Vec<u8>> {
    let mut key = Zeroizing::new([0; BCRYPT_LEN]);
    let len = password.len().min(BCRYPT_LEN);
    key[..len].copy_from_slice(&password.as_bytes()[..len]);
    // A zero byte ends the key if there is room for it.
    let key = &key[..BCRYPT_LEN.min(len + 1)];
    let output = Zeroizing::new(bcrypt::bcrypt(cost, salt, key));
    // The last of the 24 bytes is not stored.
    Zeroizing::new(output[..23].to_vec())
}
