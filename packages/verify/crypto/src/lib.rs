//! Password hashing and time-based one-time passwords (TOTP) for JavaScript. The caller supplies the randomness, and
//! normalizes passwords to NFC. JavaScript has the tables of normal forms, which would be a quarter of this module.

#![forbid(unsafe_code)]

use auth_core::password::{self, Parameters};
use auth_core::{Timestamp, totp};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

/// The largest memory cost of a hash in KiB: half the memory of a Workers isolate.
const MEMORY: u32 = 64 * 1024;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = String)]
    type JsString;

    #[wasm_bindgen(method)]
    fn normalize(this: &JsString, form: &str) -> String;
}

fn nfkc(text: &str) -> String {
    use wasm_bindgen::JsCast as _;
    let text: JsString = JsValue::from_str(text).unchecked_into();
    text.normalize("NFKC")
}

/// Creates and verifies password hashes, reusing one block of memory.
#[wasm_bindgen]
pub struct Hasher(password::Hasher);

#[wasm_bindgen]
impl Hasher {
    /// Returns a hasher whose new hashes use `memory` KiB, `iterations` passes and `parallelism` lanes; a missing value
    /// means the core's default. Returns `None` if a value is out of bounds.
    pub fn with(
        memory: Option<u32>,
        iterations: Option<u32>,
        parallelism: Option<u32>,
    ) -> Option<Self> {
        let parameters = Parameters::or_default(memory, iterations, parallelism)?;
        let fits = parameters.memory() <= MEMORY;
        fits.then(|| Self(password::Hasher::with_nfkc(parameters, MEMORY, nfkc)))
    }

    /// Hashes a password with this salt and returns a PHC string.
    pub fn hash(&self, password: &str, salt: &[u8]) -> Option<String> {
        let salt = salt.try_into().ok()?;
        Some(self.0.hash_with_salt(password, salt))
    }

    /// Returns whether a password matches a stored hash, or `None` if the hash can't be verified.
    pub fn verify(&self, password: &str, stored: &str) -> Option<bool> {
        self.0.verify(password, stored).ok()
    }

    /// Returns a replacement for a stored hash that this password has just matched, with this salt. `None` keeps the
    /// stored hash.
    pub fn rehash(&self, password: &str, stored: &str, salt: &[u8]) -> Option<String> {
        self.0
            .rehash_with_salt(password, stored, salt.try_into().ok()?)
    }

    /// Returns why a stored hash can't be verified, or `None` if it can.
    pub fn problem(&self, stored: &str) -> Option<String> {
        let estimate = self.0.estimate(stored, u32::MAX);
        estimate.err().map(|error| error.to_string())
    }

    /// Returns whether a stored hash has a different algorithm or different parameters than a new one.
    pub fn needs_rehash(&self, stored: &str) -> bool {
        self.0.needs_rehash(stored)
    }
}

/// Returns the time step of a valid code; `now` is in milliseconds since the Unix epoch, and one step of clock skew is
/// allowed. Returns `None` if the code is wrong, and -1 if the key is invalid.
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

/// Encodes a key in the form that people and apps use.
#[wasm_bindgen]
pub fn totp_key(bytes: &[u8]) -> String {
    totp::encode_key(bytes)
}

/// Returns the URI for an authenticator app, or `None` if the key is invalid.
#[wasm_bindgen]
pub fn totp_uri(key: &str, issuer: &str, account: &str) -> Option<String> {
    totp::decode_key(key).map(|key| totp::uri(&key, issuer, account))
}
