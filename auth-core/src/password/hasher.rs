//! Argon2 (RFC 9106) as PHC strings, and by way of `foreign` what other systems stored.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use argon2::{Algorithm, Argon2, AssociatedData, ParamsBuilder, Version};
use password_hash::phc::{Ident, Output, ParamsString, PasswordHash, Salt};
use subtle::ConstantTimeEq as _;
use unicode_normalization::UnicodeNormalization as _;
use zeroize::Zeroizing;

use super::cost::Cost;
use super::django::usual_form;
use super::foreign::{ForeignHash, MORE_SCRYPT_MEMORY};
use super::memory::Memory;
use super::work::{Costliest, HashKind, Meter, Work};
use crate::platform::Platform;

/// Cost of a password hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parameters {
    memory: u32,
    iterations: u32,
    parallelism: u32,
}

impl Parameters {
    /// Most memory, in KiB, of a hash that is made or verified, of any kind. A stored hash that asks for more is refused,
    /// so that an imported row can't exhaust an instance. Django's Argon2 takes 100 MiB, and scrypt as OWASP has it 128.
    pub const MAX_MEMORY: u32 = 131_072;
    /// Most passes of a hash that is made or verified.
    pub const MAX_ITERATIONS: u32 = 64;
    /// Most lanes of a hash that is made or verified.
    pub const MAX_PARALLELISM: u32 = 16;

    /// Memory in KiB, passes and lanes; none when one is out of bounds or there are fewer than 8 KiB for a lane.
    pub fn new(memory: u32, iterations: u32, parallelism: u32) -> Option<Self> {
        let within = (1..=Self::MAX_PARALLELISM).contains(&parallelism)
            && (8 * parallelism..=Self::MAX_MEMORY).contains(&memory)
            && (1..=Self::MAX_ITERATIONS).contains(&iterations);
        within.then_some(Self {
            memory,
            iterations,
            parallelism,
        })
    }

    /// Memory in KiB.
    pub const fn memory(self) -> u32 {
        self.memory
    }

    /// How much work a hash is.
    pub(crate) fn work(self) -> Work {
        Work::Argon2 {
            memory: self.memory,
            iterations: self.iterations,
        }
    }

    /// As [`new`](Self::new), with the default in the place of what is not given.
    pub fn or_default(
        memory: Option<u32>,
        iterations: Option<u32>,
        parallelism: Option<u32>,
    ) -> Option<Self> {
        let default = Self::default();
        Self::new(
            memory.unwrap_or(default.memory),
            iterations.unwrap_or(default.iterations),
            parallelism.unwrap_or(default.parallelism),
        )
    }
}

impl Default for Parameters {
    /// What OWASP recommends: 19 MiB, 2 passes, 1 lane.
    fn default() -> Self {
        Self {
            memory: 19_456,
            iterations: 2,
            parallelism: 1,
        }
    }
}

/// Why a stored hash can't be verified. It is the operator's fault, not the caller's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordHashError {
    /// Damaged, or of no form that can be verified.
    #[error("the stored hash is not of a known form")]
    Malformed,
    /// A parameter is beyond [`Parameters`]' limits, or beyond those of another system's form.
    #[error("the stored hash asks for more than the limits allow")]
    OutOfBounds,
    /// The host has less memory for a hash than this one takes.
    #[error("the stored hash takes {needed} KiB of memory, and this host has {most} KiB for one")]
    TooLarge {
        /// What it takes.
        needed: u32,
        /// What there is.
        most: u32,
    },
    /// It takes longer than the operator allows.
    #[error("verifying the stored hash takes about {needed} ms, and {most} ms are the limit")]
    TooSlow {
        /// What it takes.
        needed: u32,
        /// What is allowed.
        most: u32,
    },
    /// The memory could not be had, against what the host had promised.
    #[error("there is no memory for the hash")]
    NoMemory,
}

/// Makes and verifies password hashes, one at a time, in memory that is kept between hashes and wiped after each.
pub struct Hasher {
    parameters: Parameters,
    /// Most memory, in KiB, of a stored hash.
    most_memory: u32,
    // Growing and first touching 19 MiB costs a quarter of a hash in WebAssembly.
    memory: Mutex<Memory>,
    done: Meter,
}

const SALT_LEN: usize = 16;
const OUTPUT_LEN: usize = 32;

/// Which texts a hash takes for one password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Those that are equal in NFC.
    Nfc,
    /// Those that are equal in NFKC, as a hash of a system that compares so proves no more. The Argon2 string says so by
    /// its associated data (RFC 9106 section 3.1), `data=` in PHC strings.
    Nfkc,
}

impl Form {
    /// The name of the associated data in PHC strings.
    const FIELD: &str = "data";
    const NFKC: &[u8] = b"nfkc";

    /// The text that is hashed of a password in NFC.
    pub(super) fn of(self, password: &str) -> Zeroizing<String> {
        Zeroizing::new(match self {
            Self::Nfc => password.to_owned(),
            Self::Nfkc => password.nfkc().collect(),
        })
    }

    fn data(self) -> AssociatedData {
        match self {
            Self::Nfc => AssociatedData::EMPTY,
            Self::Nfkc => AssociatedData::new(Self::NFKC).expect("it is short"),
        }
    }
}

impl Hasher {
    /// A hasher whose new hashes cost `parameters`.
    pub fn new(parameters: Parameters) -> Self {
        Self::within(parameters, Parameters::MAX_MEMORY)
    }

    /// As [`new`](Self::new), on a host that has `most_memory` KiB for a hash: no less than the parameters take.
    pub fn within(parameters: Parameters, most_memory: u32) -> Self {
        let most_memory = most_memory.clamp(parameters.memory, Parameters::MAX_MEMORY);
        let memory = Memory::new(
            parameters.memory as usize,
            most_memory as usize + MORE_SCRYPT_MEMORY,
        );
        Self {
            parameters,
            most_memory,
            memory: Mutex::new(memory),
            done: Meter::default(),
        }
    }

    /// What new hashes cost.
    pub fn parameters(&self) -> Parameters {
        self.parameters
    }

    /// The Argon2id hash of a password as a PHC string, with a random salt of 16 bytes.
    pub fn hash<P: Platform>(&self, platform: &P, password: &str) -> String {
        let mut salt = [0; SALT_LEN];
        platform.fill_random(&mut salt);
        self.hash_with_salt(password, &salt)
    }

    /// As [`hash`](Self::hash), with a salt that the caller has drawn for this hash alone.
    pub fn hash_with_salt(&self, password: &str, salt: &[u8; SALT_LEN]) -> String {
        self.hash_in(Form::Nfc, password, salt)
    }

    /// The hash to store in the place of one that this password, in NFC, has just matched; none: the stored one stays,
    /// as a new one would be like it, or as it doesn't prove the password ([`should_rehash`](Self::should_rehash)).
    pub fn rehash<P: Platform>(
        &self,
        platform: &P,
        password: &str,
        stored: &str,
    ) -> Option<String> {
        let mut salt = [0; SALT_LEN];
        platform.fill_random(&mut salt);
        self.rehash_with_salt(password, stored, &salt)
    }

    /// As [`rehash`](Self::rehash), with a salt that the caller has drawn for this hash alone.
    pub fn rehash_with_salt(
        &self,
        password: &str,
        stored: &str,
        salt: &[u8; SALT_LEN],
    ) -> Option<String> {
        if !self.should_rehash(password, stored) {
            return None;
        }
        let form = match StoredHash::parse(stored).ok()? {
            StoredHash::Argon2(hash) => hash.form,
            StoredHash::Foreign(hash) => hash.form(),
        };
        Some(self.hash_in(form, password, salt))
    }

    fn hash_in(&self, form: Form, password: &str, salt: &[u8; SALT_LEN]) -> String {
        let mut output = Zeroizing::new([0; OUTPUT_LEN]);
        self.done.add(self.parameters.work());
        let variant = (Algorithm::Argon2id, Version::V0x13);
        self.compute(
            variant,
            self.parameters,
            form,
            password,
            salt,
            output.as_mut(),
        )
        .expect("parameters are within bounds by construction");
        self.phc(form, salt, output.as_ref())
    }

    /// Whether a password in NFC matches a stored hash: any variant and version of Argon2, or bcrypt, scrypt and
    /// PBKDF2 in the forms of the systems that [`supported`] names.
    ///
    /// # Errors
    /// The stored hash is malformed or asks for too much.
    pub fn verify(&self, password: &str, stored: &str) -> Result<bool, PasswordHashError> {
        let stored = StoredHash::parse(stored)?;
        self.check_memory(stored.cost())?;
        self.done.add(stored.work());
        match stored {
            StoredHash::Argon2(hash) => {
                let mut output = Zeroizing::new(vec![0; hash.output.len()]);
                self.compute(
                    (hash.algorithm, hash.version),
                    hash.parameters,
                    hash.form,
                    password,
                    &hash.salt,
                    &mut output,
                )?;
                Ok(output.ct_eq(hash.output.as_bytes()).into())
            }
            StoredHash::Foreign(hash) => hash.verify(&mut self.memory(), password),
        }
    }

    /// Whether a password matches a stored hash. Where it does not, or nothing is stored, the work is the same whatever
    /// is stored. `refused`: it is refused also where it matches, so that has to be the same work.
    ///
    /// # Errors
    /// Those of [`verify`](Self::verify).
    pub(crate) fn compare(
        &self,
        password: &str,
        stored: Option<&str>,
        costliest: &Costliest,
        refused: bool,
    ) -> Result<bool, PasswordHashError> {
        let mut own = None;
        let mut matches = false;
        if let Some(stored) = stored {
            matches = self.verify(password, stored)?;
            if matches && !refused {
                return Ok(true);
            }
            own = Some(Work::of(stored)?);
        }
        let rest = costliest.besides(own).into_iter();
        // One that this host has not the memory for may be known from another: as much of it is done in less.
        for work in rest.flat_map(|work| work.within(self.most_memory)) {
            let verified = self.verify(password, &work.decoy());
            debug_assert_eq!(verified, Ok(false), "{work:?}");
        }
        Ok(matches)
    }

    /// As how many hashes of the default parameters all of this counts here.
    pub(crate) fn weight(&self, works: impl IntoIterator<Item = Work>) -> u64 {
        let costs = works
            .into_iter()
            .flat_map(|work| work.within(self.most_memory))
            .map(Work::cost);
        costs.reduce(Cost::then).map_or(1, Cost::weight)
    }

    /// How much work the hashes were that this hasher has computed, by their kind.
    pub fn work_done(&self) -> BTreeMap<HashKind, u64> {
        self.done.read()
    }

    /// About how many milliseconds verifying a stored hash takes, as far as its parameters say (`cost.rs`
    /// says how), if that is within the limits here.
    ///
    /// # Errors
    /// The stored hash is malformed, asks for too much, or takes more than `most` milliseconds.
    pub fn estimate(&self, stored: &str, most: u32) -> Result<u32, PasswordHashError> {
        let cost = StoredHash::parse(stored)?.cost();
        self.check_memory(cost)?;
        let needed = cost.milliseconds();
        if needed > most {
            return Err(PasswordHashError::TooSlow { needed, most });
        }
        Ok(needed)
    }

    fn check_memory(&self, cost: Cost) -> Result<(), PasswordHashError> {
        let (needed, most) = (cost.memory, self.most_memory);
        if needed > most {
            return Err(PasswordHashError::TooLarge { needed, most });
        }
        Ok(())
    }

    /// Whether a stored hash, which this password in NFC has just matched, should give way to a new hash of it.
    ///
    /// That takes more than [`needs_rehash`](Self::needs_rehash): a hash that other passwords match as well does not say
    /// which of them its owner has, and a new hash of the one that was typed would lock its owner out.
    pub fn should_rehash(&self, password: &str, stored: &str) -> bool {
        let proven = match StoredHash::parse(stored) {
            Ok(StoredHash::Argon2(_)) => true,
            Ok(StoredHash::Foreign(hash)) => hash.proves(password),
            Err(_) => false,
        };
        proven && self.needs_rehash(stored)
    }

    /// Whether a stored hash has another algorithm, version or other parameters than a new one would have. One that
    /// can't be verified needs no other.
    pub fn needs_rehash(&self, stored: &str) -> bool {
        match StoredHash::parse(stored) {
            Ok(StoredHash::Argon2(hash)) => {
                hash.algorithm != Algorithm::Argon2id
                    || hash.version != Version::V0x13
                    || hash.parameters != self.parameters
            }
            Ok(StoredHash::Foreign(_)) => true,
            Err(_) => false,
        }
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        // A poisoned lock is of no concern: the memory has no meaning between hashes.
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn compute(
        &self,
        (algorithm, version): (Algorithm, Version),
        Parameters {
            memory,
            iterations,
            parallelism,
        }: Parameters,
        form: Form,
        password: &str,
        salt: &[u8],
        output: &mut [u8],
    ) -> Result<(), PasswordHashError> {
        let params = ParamsBuilder::new()
            .m_cost(memory)
            .t_cost(iterations)
            .p_cost(parallelism)
            .data(form.data())
            .output_len(output.len())
            .build()
            .map_err(|_| PasswordHashError::OutOfBounds)?;
        let blocks = params.block_count();
        let hasher = Argon2::new(algorithm, version, params);
        let password = form.of(password);
        let hashed = self.memory().lend(blocks, |blocks| {
            hasher.hash_password_into_with_memory(password.as_bytes(), salt, output, blocks)
        })?;
        hashed.map_err(|_| PasswordHashError::Malformed)
    }

    fn phc(&self, form: Form, salt: &[u8], output: &[u8]) -> String {
        let Parameters {
            memory,
            iterations,
            parallelism,
        } = self.parameters;
        let mut params = ParamsString::new();
        for (name, value) in [("m", memory), ("t", iterations), ("p", parallelism)] {
            params
                .add_decimal(name, value)
                .expect("three short parameters fit");
        }
        if form == Form::Nfkc {
            params
                .add_b64_bytes(Form::FIELD, Form::NFKC)
                .expect("a fourth one fits");
        }
        PasswordHash {
            algorithm: Ident::new(Algorithm::Argon2id.as_str()).expect("a valid name"),
            version: Some(Version::V0x13.into()),
            params,
            salt: Some(Salt::new(salt).expect("16 bytes are a valid salt")),
            hash: Some(Output::new(output).expect("32 bytes are a valid output")),
        }
        .to_string()
    }
}

/// Whether a stored hash can be verified, found out without the work: Argon2, bcrypt, scrypt (PHC strings, passlib,
/// Werkzeug, better-auth, Firebase) or PBKDF2 (PHC strings, passlib, Django, Werkzeug).
///
/// # Errors
/// Those of [`Hasher::verify`].
pub fn supported(stored: &str) -> Result<(), PasswordHashError> {
    StoredHash::parse(stored).map(drop)
}

pub(super) enum StoredHash {
    Argon2(Argon2Hash),
    Foreign(ForeignHash),
}

impl StoredHash {
    /// How much work verifying is.
    pub(super) fn work(&self) -> Work {
        match self {
            Self::Argon2(hash) => hash.parameters.work(),
            Self::Foreign(hash) => hash.work(),
        }
    }

    fn cost(&self) -> Cost {
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
    algorithm: Algorithm,
    version: Version,
    parameters: Parameters,
    form: Form,
    salt: Salt,
    output: Output,
}

impl Argon2Hash {
    fn parse(stored: &str) -> Result<Self, PasswordHashError> {
        let hash = PasswordHash::new(stored).map_err(|_| PasswordHashError::Malformed)?;
        let algorithm = hash
            .algorithm
            .as_str()
            .parse()
            .map_err(|_| PasswordHashError::Malformed)?;
        // Strings of before version 1.3 have no `v=` (draft-irtf-cfrg-argon2-01).
        let version = Version::try_from(hash.version.unwrap_or(0x10))
            .map_err(|_| PasswordHashError::Malformed)?;
        let parameter = |name: &str| {
            hash.params
                .get(name)
                .and_then(|value| value.decimal().ok())
                .ok_or(PasswordHashError::Malformed)
        };
        let parameters = Parameters::new(parameter("m")?, parameter("t")?, parameter("p")?)
            .ok_or(PasswordHashError::OutOfBounds)?;
        // Of another system's associated data or key nothing is known that a password could be verified with.
        let form = match hash
            .params
            .get_str(Form::FIELD)
            .map(AssociatedData::from_b64)
        {
            None => Form::Nfc,
            Some(Ok(data)) if data.as_bytes() == Form::NFKC => Form::Nfkc,
            Some(_) => return Err(PasswordHashError::Malformed),
        };
        if hash.params.get_str("keyid").is_some() {
            return Err(PasswordHashError::Malformed);
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_supported_is_verified() {
        let hasher = Hasher::new(Parameters::default());
        let hash = "nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
        for (head, answer) in [
            ("$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ", Ok(())),
            ("$argon2i$m=256,t=2,p=1$c29tZXNhbHQ", Ok(())),
            (
                "$argon2id$v=19$m=256,t=2$c29tZXNhbHQ",
                Err(PasswordHashError::Malformed),
            ),
            (
                "$argon2id$v=19$m=256,t=2,p=1$c2FsdA",
                Err(PasswordHashError::Malformed),
            ),
            (
                "$argon2id$v=19$m=256,t=2,p=1,data=c29tZQ$c29tZXNhbHQ",
                Err(PasswordHashError::Malformed),
            ),
            (
                "$argon2id$v=19$m=256,t=2,p=1,keyid=c29tZQ$c29tZXNhbHQ",
                Err(PasswordHashError::Malformed),
            ),
            (
                "$argon2x$v=19$m=256,t=2,p=1$c29tZXNhbHQ",
                Err(PasswordHashError::Malformed),
            ),
            (
                "$argon2id$v=19$m=131073,t=2,p=1$c29tZXNhbHQ",
                Err(PasswordHashError::OutOfBounds),
            ),
        ] {
            let stored = format!("{head}${hash}");
            assert_eq!(supported(&stored), answer, "{stored}");
            assert_eq!(
                hasher.verify("password", &stored).map(drop),
                answer,
                "{stored}"
            );
        }
    }
}
