//! Argon2 (RFC 9106) as PHC strings.

use std::sync::Mutex;

use argon2::{Algorithm, Argon2, Block, Params, Version};
use password_hash::phc::{Ident, Output, ParamsString, PasswordHash, Salt};
use subtle::ConstantTimeEq as _;
use zeroize::{Zeroize as _, Zeroizing};

use crate::platform::Platform;

/// Cost of a password hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parameters {
    memory: u32,
    iterations: u32,
    parallelism: u32,
}

impl Parameters {
    /// Most memory, in KiB, of a hash that is made or verified. A stored hash that asks for more is refused, so
    /// that an imported row can't exhaust an instance.
    pub const MAX_MEMORY: u32 = 65_536;
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
    /// Not a PHC string of a known algorithm.
    #[error("the stored hash is not of a known form")]
    Malformed,
    /// A parameter is beyond [`Parameters`]' limits.
    #[error("the stored hash asks for more than the limits allow")]
    OutOfBounds,
}

/// Makes and verifies password hashes, one at a time, in memory that is kept between hashes and wiped after each.
pub struct Hasher {
    parameters: Parameters,
    // Growing and first touching 19 MiB costs a quarter of a hash in WebAssembly.
    memory: Mutex<Vec<Block>>,
    /// A hash of a password that nobody knows, to spend the same time on unknown accounts.
    decoy: String,
}

const SALT_LEN: usize = 16;
const OUTPUT_LEN: usize = 32;

impl Hasher {
    /// A hasher whose new hashes cost `parameters`.
    pub fn new(parameters: Parameters) -> Self {
        let mut hasher = Self {
            parameters,
            memory: Mutex::default(),
            decoy: String::new(),
        };
        hasher.decoy = hasher.phc(&[0; SALT_LEN], &[0; OUTPUT_LEN]);
        hasher
    }

    /// The Argon2id hash of a password as a PHC string, with a random salt of 16 bytes.
    pub fn hash<P: Platform>(&self, platform: &P, password: &str) -> String {
        let mut salt = [0; SALT_LEN];
        platform.fill_random(&mut salt);
        let mut output = Zeroizing::new([0; OUTPUT_LEN]);
        self.compute(
            Algorithm::Argon2id,
            Version::V0x13,
            self.parameters,
            password,
            &salt,
            output.as_mut(),
        )
        .expect("parameters are within bounds by construction");
        self.phc(&salt, output.as_ref())
    }

    /// Whether a password matches a stored hash: any variant and version of Argon2.
    ///
    /// # Errors
    /// The stored hash is malformed or asks for too much.
    pub fn verify(&self, password: &str, stored: &str) -> Result<bool, PasswordHashError> {
        let hash = PasswordHash::new(stored).map_err(|_| PasswordHashError::Malformed)?;
        let algorithm = hash
            .algorithm
            .as_str()
            .parse::<Algorithm>()
            .map_err(|_| PasswordHashError::Malformed)?;
        // Strings of before version 1.3 have no `v=` (draft-irtf-cfrg-argon2-01).
        let version = Version::try_from(hash.version.unwrap_or(0x10))
            .map_err(|_| PasswordHashError::Malformed)?;
        let parameters = Self::parameters_of(&hash)?;
        let (Some(salt), Some(expected)) = (hash.salt, hash.hash) else {
            return Err(PasswordHashError::Malformed);
        };
        let mut output = Zeroizing::new(vec![0; expected.len()]);
        self.compute(algorithm, version, parameters, password, &salt, &mut output)?;
        Ok(output.ct_eq(expected.as_bytes()).into())
    }

    /// Does the work of verifying a password without there being one.
    pub fn verify_nothing(&self, password: &str) {
        let verified = self.verify(password, &self.decoy);
        debug_assert_eq!(verified, Ok(false));
    }

    /// Whether a stored hash has another algorithm, version or other parameters than a new one would have.
    pub fn needs_rehash(&self, stored: &str) -> bool {
        PasswordHash::new(stored).is_ok_and(|hash| {
            hash.algorithm.as_str() != Algorithm::Argon2id.as_str()
                || hash.version != Some(Version::V0x13.into())
                || Self::parameters_of(&hash) != Ok(self.parameters)
        })
    }

    fn parameters_of(hash: &PasswordHash) -> Result<Parameters, PasswordHashError> {
        let parameter = |name: &str| {
            hash.params
                .get(name)
                .and_then(|value| value.decimal().ok())
                .ok_or(PasswordHashError::Malformed)
        };
        Parameters::new(parameter("m")?, parameter("t")?, parameter("p")?)
            .ok_or(PasswordHashError::OutOfBounds)
    }

    fn compute(
        &self,
        algorithm: Algorithm,
        version: Version,
        Parameters {
            memory,
            iterations,
            parallelism,
        }: Parameters,
        password: &str,
        salt: &[u8],
        output: &mut [u8],
    ) -> Result<(), PasswordHashError> {
        let params = Params::new(memory, iterations, parallelism, Some(output.len()))
            .map_err(|_| PasswordHashError::OutOfBounds)?;
        // A poisoned lock is of no concern: the memory has no meaning between hashes.
        let mut kept = self
            .memory
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let blocks = params.block_count();
        if kept.len() < blocks {
            // Anew and exactly: growing would hold both sizes at once, and more than was asked for.
            *kept = Vec::new();
            kept.reserve_exact(blocks);
            kept.resize(blocks, Block::new());
        }
        let hashed = Argon2::new(algorithm, version, params).hash_password_into_with_memory(
            password.as_bytes(),
            salt,
            output,
            &mut kept[..blocks],
        );
        kept[..blocks].iter_mut().for_each(|block| block.zeroize());
        hashed.map_err(|_| PasswordHashError::Malformed)
    }

    fn phc(&self, salt: &[u8], output: &[u8]) -> String {
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
