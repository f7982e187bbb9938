//! Password hashes and time-based one-time passwords, for JavaScript. Randomness comes from the caller.

#![forbid(unsafe_code)]

use auth_core::password::{self, Parameters};
use auth_core::{Timestamp, totp};
use wasm_bindgen::prelude::wasm_bindgen;

/// Most memory of a hash, in KiB: half of what an isolate of Workers has.
const MEMORY: u32 = 64 * 1024;

/// Makes and verifies password hashes, in memory that is kept between them.
#[wasm_bindgen]
pub struct Hasher(password::Hasher);

#[wasm_bindgen]
impl Hasher {
    /// A hasher whose new hashes take `memory` KiB, `iterations` passes and `parallelism` lanes, each the core's default where
    /// it is not given; none when one is out of bounds.
    pub fn with(
        memory: Option<u32>,
        iterations: Option<u32>,
        parallelism: Option<u32>,
    ) -> Option<Self> {
        let parameters = Parameters::or_default(memory, iterations, parallelism)?;
        let fits = parameters.memory() <= MEMORY;
        fits.then(|| Self(password::Hasher::within(parameters, MEMORY)))
    }

    /// The hash of a password as a PHC string, with this salt.
    pub fn hash(&self, password: &str, salt: &[u8]) -> Option<String> {
        let salt = salt.try_into().ok()?;
        Some(self.0.hash_with_salt(&password::normalize(password), salt))
    }

    /// Whether a password matches a stored hash; none when the hash can't be verified.
    pub fn verify(&self, password: &str, stored: &str) -> Option<bool> {
        self.0.verify(&password::normalize(password), stored).ok()
    }

    /// The hash to store in the place of one that this password has just matched, with this salt; none: the stored one has
    /// to stay.
    pub fn rehash(&self, password: &str, stored: &str, salt: &[u8]) -> Option<String> {
        let (password, salt) = (password::normalize(password), salt.try_into().ok()?);
        self.0.rehash_with_salt(&password, stored, salt)
    }

    /// Why a stored hash can't be verified; none when it can.
    pub fn problem(&self, stored: &str) -> Option<String> {
        let estimate = self.0.estimate(stored, u32::MAX);
        estimate.err().map(|error| error.to_string())
    }

    /// Whether a stored hash has another algorithm or other parameters than a new one would have.
    pub fn needs_rehash(&self, stored: &str) -> bool {
        self.0.needs_rehash(stored)
    }
}

/// The time step of a code that is right at a time in milliseconds since the Unix epoch, or one step off; none when it is
/// not, and -1 when the key is not one.
#[wasm_bindgen]
pub fn totp_step(key: &str, code: &str, now: f64) -> Option<f64> {
    let Some(key) = totp::decode_key(key) else {
        return Some(-1.0);
    };
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a time before 1970 is 1970"
    )]
    let now = Timestamp::from_millis(now as u64);
    #[allow(clippy::cast_precision_loss, reason = "steps are far below 2^53")]
    totp::step_of(&key, code, now, totp::SKEW).map(|step| step as f64)
}

/// A key as people and apps have it.
#[wasm_bindgen]
pub fn totp_key(bytes: &[u8]) -> String {
    totp::encode_key(bytes)
}

/// The URI that an authenticator app reads; none when the key is not one.
#[wasm_bindgen]
pub fn totp_uri(key: &str, issuer: &str, account: &str) -> Option<String> {
    totp::decode_key(key).map(|key| totp::uri(&key, issuer, account))
}
