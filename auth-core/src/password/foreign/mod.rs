//! Password hashes that other systems made. They are verified until the next login makes them Argon2id.
//!
//! | form | of |
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
//! Firebase exports what its hashes have in common beside them, so the form is ours: `ln` is its `mem_cost`, `r` its
//! `rounds`, `p` is 1, `ss` its `base64_salt_separator` and `sk` its `base64_signer_key`.
//!
//! Programs that call `scrypt` of `node:crypto` themselves often write `salt:hash` too, but with its default cost. If
//! they pass it the salt's hex, `scrypt:16384:8:1$salt$hash` is what to store.
//!
//! The password to verify is in NFC, while these systems hashed the bytes that they were sent (better-auth: in NFKC).
//! Nearly always that is the same text; somebody whose device sent another form has to reset the password.
//!
//! Several passwords match some of these hashes, and a new hash may only be made of one where it can be no other
//! ([`ForeignHash::proves`]):
//!
//! | hash | passwords that it takes for one |
//! | --- | --- |
//! | bcrypt | those whose first 72 bytes, each password ended by a zero and repeated up to there, are the same: longer ones with one beginning, and `a` and `a\0a` |
//! | scrypt, PBKDF2 | `a` and `a\0`, as the key of an HMAC is filled up with zeros (RFC 2104 section 2) |
//! | better-auth | those that are equal in NFKC, such as `fi` and `ﬁ`; and as scrypt |
//!
//! Keys of more than a block (64 bytes, SHA-512: 128) HMAC replaces by their digest. A long password so has one other that
//! matches: its digest's own bytes. That is no concern: nobody finds those bytes without knowing the password, and hardly
//! ever are they UTF-8. There is no other length at which scrypt and PBKDF2 cut a password, and Argon2 takes all of it
//! with its length. passlib, Django, Werkzeug and Firebase cut nothing before they hash either; the first two refuse more
//! than 4096 characters.

mod digest;
mod parse;
mod scrypt;
#[cfg(test)]
mod tests;
mod text;

use aes::Aes256;
use aes::cipher::{KeyIvInit as _, StreamCipher as _};
use ctr::Ctr128BE;
use pbkdf2::pbkdf2_hmac;
use sha1::Sha1;
use sha2::{Sha256, Sha512};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use self::digest::Digest;
pub(super) use self::scrypt::MORE_SCRYPT_MEMORY;
use self::scrypt::Scrypt;
use super::error::PasswordHashError;
use super::form::Form;
use super::memory::Memory;
use super::work::{HashKind, Work};

/// How many bytes of a password bcrypt sees.
const BCRYPT_LEN: usize = 72;

/// A hash that another system made and that can be verified within bounds.
pub(super) enum ForeignHash {
    /// Of a longer password the first 72 bytes count, and bytes of zero count like others. That is how tools do it, but
    /// for those that refuse such passwords and some in C, which stop at the first zero.
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
    /// Whether it is the hash of a password.
    ///
    /// # Errors
    /// The host has not the memory.
    pub(super) fn verify(
        &self,
        memory: &mut Memory,
        password: &str,
    ) -> Result<bool, PasswordHashError> {
        let (computed, hash) = match self {
            Self::Bcrypt { cost, salt, hash } => (bcrypt(password, *cost, *salt), &hash[..]),
            Self::Scrypt { scrypt, hash } => {
                (scrypt.derive(memory, password, hash.len())?, &hash[..])
            }
            Self::BetterAuth { scrypt, hash } => {
                let password = self.form().of(password);
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
                    Digest::Sha1 => pbkdf2_hmac::<Sha1>,
                    Digest::Sha256 => pbkdf2_hmac::<Sha256>,
                    Digest::Sha512 => pbkdf2_hmac::<Sha512>,
                };
                derive(password.as_bytes(), salt, *iterations, &mut computed);
                (computed, &hash[..])
            }
        };
        Ok(computed.ct_eq(hash).into())
    }

    /// Whether a password that matches, in its [form](Self::form), is the one that was hashed and can be no other; the
    /// table above says which others match. A zero is what each of them takes, but for those that are too long.
    pub(super) fn proves(&self, password: &str) -> bool {
        // As long as all that is seen may be the beginning of a longer one.
        let whole = !matches!(self, Self::Bcrypt { .. }) || password.len() < BCRYPT_LEN;
        whole && !password.contains('\0')
    }

    /// Which texts it takes for one password.
    pub(super) const fn form(&self) -> Form {
        match self {
            Self::BetterAuth { .. } => Form::Nfkc,
            _ => Form::Nfc,
        }
    }

    /// How much work verifying is.
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
    // A byte of zero ends the key where there is room for it.
    let key = &key[..BCRYPT_LEN.min(len + 1)];
    let output = Zeroizing::new(bcrypt::bcrypt(cost, salt, key));
    // The last of its 24 bytes is not stored.
    Zeroizing::new(output[..23].to_vec())
}
