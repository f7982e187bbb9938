//! Makes and verifies password hashes.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use argon2::{Algorithm, Argon2, ParamsBuilder, Version};
use password_hash::phc::{Ident, Output, ParamsString, PasswordHash, Salt};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::cost::Cost;
use super::costliest::Costliest;
use super::error::PasswordHashError;
use super::foreign::MORE_SCRYPT_MEMORY;
use super::form::Form;
use super::memory::Memory;
use super::parameters::Parameters;
use super::stored::StoredHash;
use super::work::{HashKind, Meter, Work};
use crate::platform::Platform;

/// Makes and verifies password hashes, one at a time, in memory that is kept between hashes and wiped after each.
pub struct Hasher {
    parameters: Parameters,
    /// Most memory, in KiB, of a stored hash.
    max_memory: u32,
    // Growing and first touching 19 MiB costs a quarter of a hash in WebAssembly.
    memory: Mutex<Memory>,
    done: Meter,
}

const SALT_LEN: usize = 16;
const OUTPUT_LEN: usize = 32;

impl Hasher {
    /// A hasher whose new hashes cost `parameters`.
    pub fn new(parameters: Parameters) -> Self {
        Self::within(parameters, Parameters::MAX_MEMORY)
    }

    /// As [`new`](Self::new), on a host that has `most_memory` KiB for a hash: no less than the parameters take.
    pub fn within(parameters: Parameters, max_memory: u32) -> Self {
        let max_memory = max_memory.clamp(parameters.memory, Parameters::MAX_MEMORY);
        let memory = Memory::new(
            parameters.memory as usize,
            max_memory as usize + MORE_SCRYPT_MEMORY,
        );
        Self {
            parameters,
            max_memory,
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
    /// PBKDF2 in the forms of the systems that [`supported`](crate::password::supported) names.
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
        for work in rest.flat_map(|work| work.within(self.max_memory)) {
            let verified = self.verify(password, &work.decoy());
            debug_assert_eq!(verified, Ok(false), "{work:?}");
        }
        Ok(matches)
    }

    /// As how many hashes of the default parameters all of this counts here.
    pub(crate) fn weight(&self, works: impl IntoIterator<Item = Work>) -> u64 {
        let costs = works
            .into_iter()
            .flat_map(|work| work.within(self.max_memory))
            .map(Work::cost);
        let one = Parameters::default().work().cost();
        let all = costs.reduce(Cost::then);
        all.map_or(1, |cost| cost.weight(one))
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
    pub fn estimate(&self, stored: &str, max: u32) -> Result<u32, PasswordHashError> {
        let cost = StoredHash::parse(stored)?.cost();
        self.check_memory(cost)?;
        let needed = cost.milliseconds();
        if needed > max {
            return Err(PasswordHashError::TooSlow { needed, max });
        }
        Ok(needed)
    }

    fn check_memory(&self, cost: Cost) -> Result<(), PasswordHashError> {
        let (needed, max) = (cost.memory, self.max_memory);
        if needed > max {
            return Err(PasswordHashError::TooLarge { needed, max });
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

#[cfg(test)]
mod tests {
    use super::super::supported;
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
                Err(PasswordHashError::Keyed),
            ),
            (
                "$argon2id$v=19$m=256,t=2,p=1,keyid=c29tZQ$c29tZXNhbHQ",
                Err(PasswordHashError::Keyed),
            ),
            (
                "$argon2id$v=19$keyid=c29tZQ,m=256,t=2,p=1$c29tZXNhbHQ",
                Err(PasswordHashError::Keyed),
            ),
            (
                "argon2$argon2id$v=19$m=256,t=2,p=1,keyid=c29tZQ,data=c29tZQ$c29tZXNhbHQ",
                Err(PasswordHashError::Keyed),
            ),
            (
                "$argon2id$v=19$m=256,t=2,p=1,secret=c29tZQ$c29tZXNhbHQ",
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
