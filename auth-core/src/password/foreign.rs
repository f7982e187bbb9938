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

use aes::Aes256;
use aes::cipher::{KeyIvInit as _, StreamCipher as _};
use base64::Engine as _;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use ctr::Ctr128BE;
use pbkdf2::pbkdf2_hmac;
use sha1::Sha1;
use sha2::{Sha256, Sha512};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::hasher::Form;
use super::memory::Memory;
use super::work::{HashKind, Work};
use super::{Parameters, PasswordHashError};
use PasswordHashError::{Malformed, OutOfBounds};

const MAX_BCRYPT_COST: u32 = 16;
/// As much as Argon2's, which uses the same.
const MAX_SCRYPT_MEMORY: u64 = Parameters::MAX_MEMORY as u64 * 1024;
/// How many bytes of a password bcrypt sees.
const BCRYPT_LEN: usize = 72;
/// Bounds what is held beside that memory.
const MAX_SCRYPT_BLOCK_SIZE: u32 = 64;
const MAX_SCRYPT_PARALLELISM: u32 = 16;
/// KiB that scrypt takes beside that memory: its parallel parts, a block to work in, and what the allocator needs.
pub(super) const MORE_SCRYPT_MEMORY: usize =
    (128 * MAX_SCRYPT_BLOCK_SIZE * (MAX_SCRYPT_PARALLELISM + 1)) as usize / 1024 + 16;
const MAX_PBKDF2_ITERATIONS: u32 = 10_000_000;
/// Least and most bytes of a hash whose form does not say how many there are. Fewer would match by chance, and more
/// cost all iterations of PBKDF2 again and again.
const MIN_HASH_LEN: usize = 10;
const MAX_HASH_LEN: usize = 64;

/// Padding may be there or not.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);
/// Some tools leave bits of a salt's last character set that mean nothing.
const BCRYPT_BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::BCRYPT,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::RequireNone)
        .with_decode_allow_trailing_bits(true),
);

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
    /// Reads a stored hash.
    ///
    /// # Errors
    /// The form is unknown or damaged, or the hash asks for too much.
    pub(super) fn parse(stored: &str) -> Result<Self, PasswordHashError> {
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

/// What goes into scrypt beside the password.
pub(super) struct Scrypt {
    costs: scrypt::Params,
    salt: Vec<u8>,
}

impl Scrypt {
    fn new(ln: u32, r: u32, p: u32, salt: Vec<u8>) -> Result<Self, PasswordHashError> {
        let within = (1..=MAX_SCRYPT_MEMORY.ilog2()).contains(&ln)
            && (1..=MAX_SCRYPT_BLOCK_SIZE).contains(&r)
            && (1..=MAX_SCRYPT_PARALLELISM).contains(&p)
            && (128 * u64::from(r)) << ln <= MAX_SCRYPT_MEMORY;
        if !within {
            return Err(OutOfBounds);
        }
        let costs = scrypt::Params::new(ln as u8, r, p).map_err(|_| OutOfBounds)?;
        Ok(Self { costs, salt })
    }

    fn work(&self) -> Work {
        Work::Scrypt {
            log_n: self.costs.log_n().into(),
            r: self.costs.r(),
            p: self.costs.p(),
        }
    }

    fn derive(
        &self,
        memory: &mut Memory,
        password: &str,
        len: usize,
    ) -> Result<Zeroizing<Vec<u8>>, PasswordHashError> {
        let mut derived = Zeroizing::new(vec![0; len]);
        let password = password.as_bytes();
        let blocks = self.work().cost().memory as usize + MORE_SCRYPT_MEMORY;
        memory
            .give_back(blocks, || {
                scrypt::scrypt(password, &self.salt, &self.costs, &mut derived)
            })?
            .map_err(|_| OutOfBounds)?;
        Ok(derived)
    }
}

#[derive(Clone, Copy)]
pub(super) enum Digest {
    Sha1,
    Sha256,
    Sha512,
}

impl Digest {
    fn named(name: &str) -> Result<Self, PasswordHashError> {
        match name {
            "sha1" => Ok(Self::Sha1),
            "sha256" => Ok(Self::Sha256),
            "sha512" => Ok(Self::Sha512),
            _ => Err(Malformed),
        }
    }

    const fn len(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha512 => 64,
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

/// The values of `name=value,…`, which have to be those names in that order.
fn phc_parameters<'a, const N: usize>(
    text: &'a str,
    names: [&str; N],
) -> Result<[&'a str; N], PasswordHashError> {
    let parameters: [&str; N] = text
        .split(',')
        .collect::<Vec<_>>()
        .try_into()
        .map_err(|_| Malformed)?;
    let mut values = [""; N];
    for ((value, parameter), name) in values.iter_mut().zip(parameters).zip(names) {
        *value = parameter
            .strip_prefix(name)
            .and_then(|rest| rest.strip_prefix('='))
            .ok_or(Malformed)?;
    }
    Ok(values)
}

fn phc_hash(text: &str) -> Result<Vec<u8>, PasswordHashError> {
    let hash = base64(text)?;
    match hash.len() {
        ..MIN_HASH_LEN => Err(Malformed),
        MIN_HASH_LEN..=MAX_HASH_LEN => Ok(hash),
        _ => Err(OutOfBounds),
    }
}

fn decimal(text: &str) -> Result<u32, PasswordHashError> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Malformed);
    }
    text.parse().map_err(|_| OutOfBounds)
}

fn base64(text: &str) -> Result<Vec<u8>, PasswordHashError> {
    BASE64.decode(text).map_err(|_| Malformed)
}

fn hex(text: &str) -> Result<Vec<u8>, PasswordHashError> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let pairs = text.as_bytes().chunks(2).map(|pair| match *pair {
        [high, low] => Some((digit(high)? << 4 | digit(low)?) as u8),
        _ => None,
    });
    pairs.collect::<Option<_>>().ok_or(Malformed)
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use unicode_normalization::UnicodeNormalization as _;

    use super::super::{Hasher, Parameters, supported};
    use super::*;

    #[derive(Deserialize)]
    struct Vectors {
        hashes: Vec<Vector>,
    }

    #[derive(Deserialize)]
    struct Vector {
        password: String,
        stored: String,
    }

    /// What each tool made, with its version.
    fn vectors() -> Vec<Vector> {
        let groups: Vec<Vectors> =
            serde_json::from_str(include_str!("foreign_vectors.json")).unwrap();
        groups.into_iter().flat_map(|group| group.hashes).collect()
    }

    #[test]
    fn what_other_systems_made_is_verified() {
        let hasher = Hasher::new(Parameters::default());
        for Vector { password, stored } in vectors() {
            assert_eq!(hasher.verify(&password, &stored), Ok(true), "{stored}");
            let wrong = format!("x{password}");
            assert_eq!(hasher.verify(&wrong, &stored), Ok(false), "{stored}");
            assert!(hasher.needs_rehash(&stored), "{stored}");
            assert_eq!(supported(&stored), Ok(()), "{stored}");
        }
    }

    #[test]
    fn bcrypt_counts_72_bytes() {
        let hasher = Hasher::new(Parameters::default());
        let mut counted = 0;
        for Vector { password, stored } in vectors() {
            if !stored.starts_with("$2") || password.len() <= 72 {
                continue;
            }
            let cut = &password[..72];
            assert_eq!(hasher.verify(cut, &stored), Ok(true), "{stored}");
            assert_eq!(hasher.verify(&cut[..71], &stored), Ok(false), "{stored}");
            counted += 1;
        }
        assert!(counted >= 2);
    }

    #[test]
    fn bits_of_a_bcrypt_salt_that_mean_nothing_are_ignored() {
        let vectors = vectors();
        let vector = |salt: &str| vectors.iter().find(|vector| vector.stored.contains(salt));
        let Vector { password, stored } = vector("$abcdefghijklmnopqrstuu").unwrap();
        let set = stored.replace("stuu", "stuv");
        let hasher = Hasher::new(Parameters::default());
        assert_eq!(hasher.verify(password, &set), Ok(true));
    }

    #[test]
    fn a_byte_of_zero_does_not_end_a_password() {
        let hasher = Hasher::new(Parameters::default());
        let zero = vectors()
            .into_iter()
            .find(|vector| vector.password == "a\0b")
            .unwrap();
        assert_eq!(hasher.verify("a\0c", &zero.stored), Ok(false));
        assert_eq!(hasher.verify("a", &zero.stored), Ok(false));
    }

    /// Each pair of passwords matches one hash, so that neither may be hashed anew by the other's right.
    #[test]
    fn a_password_that_others_are_taken_for_is_not_hashed_anew() {
        let hasher = Hasher::new(Parameters::default());
        let salt = [7; 16];
        let mut tried = [0; 3];
        for Vector { password, stored } in vectors() {
            let hash = ForeignHash::parse(&stored).unwrap();
            let (kind, other) = match &hash {
                ForeignHash::Bcrypt { .. } if password.len() > 72 => {
                    (0, format!("{}, and a typo", &password[..72]))
                }
                ForeignHash::Bcrypt { .. } => (1, format!("{password}\0{password}")),
                _ => (2, format!("{password}\0")),
            };
            // The repetition is cut at 72 bytes, too.
            if kind == 1 && other.len() > 71 {
                continue;
            }
            tried[kind] += 1;
            assert_eq!(hasher.verify(&other, &stored), Ok(true), "{stored}");
            assert_eq!(hasher.rehash_with_salt(&other, &stored, &salt), None);
            let proven = password.len() < 72 && !password.contains('\0');
            let new = hasher.rehash_with_salt(&password, &stored, &salt);
            assert_eq!(new.is_some(), proven || kind == 2, "{stored}");
            if let Some(new) = new {
                assert_eq!(hasher.verify(&password, &new), Ok(true), "{stored}");
                assert_eq!(hasher.verify(&other, &new), Ok(false), "{stored}");
            }
        }
        assert!(tried.iter().all(|count| *count > 1), "{tried:?}");
    }

    #[test]
    fn bcrypt_proves_what_is_shorter_than_it_sees() {
        let hasher = Hasher::new(Parameters::default());
        let stored = "$2b$04$abcdefghijklmnopqrstuuFaXaIzFmuAgz9nkpwxXzJE8jd4j.R6K";
        for (len, proven) in [(0, true), (71, true), (72, false), (73, false)] {
            assert_eq!(hasher.should_rehash(&"a".repeat(len), stored), proven);
        }
        // Bytes are what counts.
        assert!(hasher.should_rehash(&"ä".repeat(35), stored));
        assert!(!hasher.should_rehash(&"ä".repeat(36), stored));
    }

    /// better-auth takes texts that are equal in NFKC for one password. A new hash of such a password does, too.
    #[test]
    fn a_new_hash_takes_the_texts_that_the_old_one_took() {
        let hasher = Hasher::new(Parameters::default());
        let vectors = vectors();
        let made = |vector: &&Vector| vector.password.starts_with('\u{fb01}');
        let Vector { password, stored } = vectors.iter().find(made).unwrap();
        let alike = password.nfkc().collect::<String>();
        assert_ne!(alike, *password);
        for typed in [password, &alike] {
            let new = hasher.rehash_with_salt(typed, stored, &[7; 16]).unwrap();
            assert!(new.starts_with("$argon2id$v=19$m=19456,t=2,p=1,data=bmZrYw$"));
            for password in [password, &alike] {
                assert_eq!(hasher.verify(password, &new), Ok(true), "{password}");
            }
            assert_eq!(hasher.verify("another", &new), Ok(false));
            assert_eq!(supported(&new), Ok(()));
            assert!(!hasher.should_rehash(typed, &new));
            // So it stays when the cost changes.
            let costlier = Hasher::new(Parameters::new(256, 3, 1).unwrap());
            let newer = costlier.rehash_with_salt(&alike, &new, &[7; 16]).unwrap();
            assert_eq!(costlier.verify(password, &newer), Ok(true));
        }
    }

    #[test]
    fn damaged_strings_are_malformed() {
        let hash = "A".repeat(43);
        let hex = "0".repeat(64);
        for stored in [
            "",
            "$",
            "$$$$",
            ":",
            "password",
            "plain:password",
            "$1$salt$hash",
            // SHA-crypt, and bcrypt with the fault that $2x$ stands for
            "$6$rounds=5000$saltstring$hash",
            "$2x$04$abcdefghijklmnopqrstuuFaXaIzFmuAgz9nkpwxXzJE8jd4j.R6K",
            "$2b$04$abcdefghijklmnopqrstuu",
            "$2b$04$abcdefghijklmnopqrstuuFaXaIzFmuAgz9nkpwxXzJE8jd4j.R6",
            "$2b$04$abcdefghijklmnopqrstuuFaXaIzFmuAgz9nkpwxXzJE8jd4j.R6KK",
            "$2b$04$abcdefghijklmnopqrstu=FaXaIzFmuAgz9nkpwxXzJE8jd4j.R6K",
            "$2b$04$abcdefghijklmnopqrstéFaXaIzFmuAgz9nkpwxXzJE8jd4j.R6K",
            "$2b$4x$abcdefghijklmnopqrstuuFaXaIzFmuAgz9nkpwxXzJE8jd4j.R6K",
            &format!("$scrypt$ln=4,r=8,p=1$c2FsdA${}", "A".repeat(12)),
            &format!("$scrypt$ln=4,r=8,p=1$c2FsdA$!{hash}"),
            &format!("$scrypt$ln=4,r=8,p=1$c2FsdA${}B", "A".repeat(42)),
            &format!("$scrypt$ln=4,r=8$c2FsdA${hash}"),
            &format!("$scrypt$ln=4,r=8,p=1,p=1$c2FsdA${hash}"),
            &format!("$scrypt$r=8,ln=4,p=1$c2FsdA${hash}"),
            &format!("$scrypt$ln=+4,r=8,p=1$c2FsdA${hash}"),
            &format!("$scrypt$ln=,r=8,p=1$c2FsdA${hash}"),
            "$scrypt$ln=4,r=8,p=1$c2FsdA$",
            "$scrypt$ln=4,r=8,p=1$c2FsdA",
            &format!("scrypt:16:8:1$salt${hex}"),
            &format!("scrypt:15:8:1$salt${hex}{hex}"),
            &format!("scrypt:0:8:1$salt${hex}{hex}"),
            &format!("scrypt:16:8$salt${hex}{hex}"),
            &format!("scrypt:16:8:1$salt${hex}{}g", &hex[1..]),
            &format!("scrypt:16:8:1$salt${hex}{}", &hex[1..]),
            &format!("00:{hex}"),
            &format!(":{hex}{hex}"),
            &format!("xx:{hex}{hex}"),
            &format!("00:{hex}{hex}:00"),
            &format!("$firebase-scrypt$ln=4,r=8,p=1,ss=Bw==,sk=$c2FsdA${hash}"),
            "$firebase-scrypt$ln=4,r=8,p=1,ss=Bw==,sk=$c2FsdA$",
            &format!(
                "$firebase-scrypt$ln=4,r=8,p=1,ss=Bw==,sk={hash}$c2FsdA${}",
                "A".repeat(40)
            ),
            &format!("$firebase-scrypt$ln=4,r=8,p=1,sk={hash}$c2FsdA${hash}"),
            &format!("$firebase-scrypt$ln=4,r=8,p=1,ss=B,sk={hash}$c2FsdA${hash}"),
            &format!("pbkdf2_sha256$1000$salt${}", "A".repeat(40)),
            &format!("pbkdf2_sha256$-1$salt${hash}"),
            &format!("pbkdf2_sha1$1000$salt${hash}"),
            &format!("pbkdf2_md5$1000$salt${hash}"),
            &format!("pbkdf2_sha256$1000${hash}"),
            &format!("$pbkdf2$1000$c2FsdA${hash}"),
            &format!("$pbkdf2-sha256$1000$c2Fsd${hash}"),
            &format!("$pbkdf2-sha256$$c2FsdA${hash}"),
            &format!("$pbkdf2-sha512$1000$c2FsdA${hash}"),
            &format!("$pbkdf2-md5$1000$c2FsdA${hash}"),
            &format!("$pbkdf2-sha256$i=1000,l=31$c2FsdA${hash}"),
            &format!("$pbkdf2-sha256$i=1000,m=32$c2FsdA${hash}"),
            &format!("$pbkdf2-sha512$i=1000$c2FsdA${hash}"),
            &format!("$pbkdf2-sha256$i=$c2FsdA${hash}"),
            &format!("pbkdf2:sha256:1000$salt${}", &hex[2..]),
            &format!("pbkdf2:sha256:x$salt${hex}"),
            &format!("pbkdf2:md5:1000$salt${hex}"),
            &format!("pbkdf2:sha256$salt${hex}"),
            &format!("argon2:1$salt${hex}"),
        ] {
            assert_eq!(supported(stored), Err(Malformed), "{stored}");
            let hasher = Hasher::new(Parameters::default());
            assert_eq!(hasher.verify("", stored), Err(Malformed), "{stored}");
            assert!(!hasher.needs_rehash(stored), "{stored}");
        }
    }

    #[test]
    fn excessive_strings_are_out_of_bounds() {
        let hash = "A".repeat(43);
        let hex = "0".repeat(128);
        for stored in [
            "$2b$03$abcdefghijklmnopqrstuuFaXaIzFmuAgz9nkpwxXzJE8jd4j.R6K",
            "$2b$17$abcdefghijklmnopqrstuuFaXaIzFmuAgz9nkpwxXzJE8jd4j.R6K",
            "$2y$31$abcdefghijklmnopqrstuuFaXaIzFmuAgz9nkpwxXzJE8jd4j.R6K",
            &format!("$scrypt$ln=18,r=8,p=1$c2FsdA${hash}"),
            &format!("$scrypt$ln=17,r=9,p=1$c2FsdA${hash}"),
            &format!("$scrypt$ln=0,r=8,p=1$c2FsdA${hash}"),
            &format!("$scrypt$ln=63,r=64,p=1$c2FsdA${hash}"),
            &format!("$scrypt$ln=256,r=8,p=1$c2FsdA${hash}"),
            &format!("$scrypt$ln=4,r=0,p=1$c2FsdA${hash}"),
            &format!("$scrypt$ln=4,r=65,p=1$c2FsdA${hash}"),
            &format!("$scrypt$ln=4,r=8,p=0$c2FsdA${hash}"),
            &format!("$scrypt$ln=4,r=8,p=17$c2FsdA${hash}"),
            &format!("$scrypt$ln=4,r=8,p=99999999999$c2FsdA${hash}"),
            &format!("$scrypt$ln=4,r=8,p=1$c2FsdA${}", "A".repeat(88)),
            &format!("scrypt:262144:8:1$salt${hex}"),
            &format!("scrypt:1:8:1$salt${hex}"),
            &format!("scrypt:18446744073709551616:8:1$salt${hex}"),
            &format!("$firebase-scrypt$ln=18,r=8,p=1,ss=Bw==,sk={hash}$c2FsdA${hash}"),
            &format!("pbkdf2_sha256$10000001$salt${hash}"),
            &format!("pbkdf2_sha256$0$salt${hash}"),
            &format!("$pbkdf2-sha256$99999999999$c2FsdA${hash}"),
            &format!("$pbkdf2-sha256$i=10000001,l=32$c2FsdA${hash}"),
            &format!("$pbkdf2-sha256$i=1000,l=66$c2FsdA${}", "A".repeat(88)),
            &format!("pbkdf2:sha256:10000001$salt${}", &hex[..64]),
        ] {
            assert_eq!(supported(stored), Err(OutOfBounds), "{stored}");
            let hasher = Hasher::new(Parameters::default());
            assert_eq!(hasher.verify("", stored), Err(OutOfBounds), "{stored}");
        }
        for stored in [
            "$2b$16$abcdefghijklmnopqrstuuFaXaIzFmuAgz9nkpwxXzJE8jd4j.R6K",
            &format!("$scrypt$ln=17,r=8,p=16$c2FsdA${hash}"),
            &format!("pbkdf2_sha256$10000000$salt${hash}"),
        ] {
            assert_eq!(supported(stored), Ok(()), "{stored}");
        }
    }

    /// Every string cut anywhere, and with any character changed, is read without a panic.
    #[test]
    fn no_damage_panics() {
        for Vector { stored, .. } in vectors() {
            for (at, character) in stored.char_indices() {
                let (before, after) = (&stored[..at], &stored[at + character.len_utf8()..]);
                let _ = supported(before);
                for changed in ["", "é", "$", ":", ",", "=", "9", "\0"] {
                    let _ = supported(&format!("{before}{changed}{after}"));
                }
            }
        }
    }
}
