//! Verifies access tokens and decides permissions, for JavaScript.
//!
//! Functions that run for every token take and return only numbers: the caller writes the token into a buffer in the
//! module's memory, and reads the claims from the same buffer.

#![forbid(unsafe_code)]

use std::collections::BTreeMap;

use auth_core::access::{Holder, Question};
use auth_core::jose::{Algorithm, Expectations, KeySet, SigningKey, VerifyingKey};
use auth_core::{AccessTokenError, SecretKey, Timestamp, json};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};
use wasm_bindgen::prelude::wasm_bindgen;

/// The buffer's size in bytes: the longest token that the core accepts, which is longer than its claims.
const BUFFER_LEN: usize = 8 * 1024;

/// Verifies the access tokens of one issuer for one audience.
#[wasm_bindgen]
pub struct Verifier {
    issuer: String,
    audience: String,
    clock_tolerance: u64,
    keys: Option<KeySet>,
    platform: Option<Platform>,
    remembered: Remembered,
    buffer: Box<[u8]>,
    refusal: AccessTokenError,
}

#[wasm_bindgen]
impl Verifier {
    /// Creates a verifier without keys. `clock_tolerance` is in seconds, `remember` is the number of verified tokens to
    /// remember, and `platform` verifies RSA instead of the core.
    #[wasm_bindgen(constructor)]
    pub fn new(
        issuer: String,
        audience: String,
        clock_tolerance: u32,
        remember: usize,
        platform: Option<Platform>,
    ) -> Self {
        Self {
            issuer,
            audience,
            clock_tolerance: clock_tolerance.into(),
            keys: None,
            platform,
            remembered: Remembered::new(remember),
            buffer: vec![0; BUFFER_LEN].into(),
            refusal: AccessTokenError::KeyUnknown,
        }
    }

    /// Loads the keys of a JWK Set that have one of the algorithms (names separated by spaces), or all keys if no
    /// algorithm is named. They replace the earlier keys, unless none is usable. Returns the number of usable keys, or
    /// `None` if the text is not a JWK Set.
    pub fn set_jwks(&mut self, jwks: &str, algorithms: &str) -> Option<usize> {
        #[derive(Serialize, Deserialize)]
        struct Keys<'a> {
            #[serde(borrow)]
            keys: Vec<&'a RawValue>,
        }
        let mut set: Keys<'_> = json::from_str(jwks).ok()?;
        set.keys.retain(|jwk| {
            VerifyingKey::from_jwk(jwk.get()).is_ok_and(|key| allows(algorithms, key.algorithm()))
        });
        if !set.keys.is_empty() {
            self.keys = Some(KeySet::from_jwks(&serde_json::to_string(&set).ok()?).ok()?);
            self.remembered.clear();
        }
        Some(set.keys.len())
    }

    /// Sets a shared secret for an HMAC algorithm. Returns 0 if it is accepted, the required number of bytes if it is
    /// too short, and `None` if the algorithm is not an HMAC.
    pub fn set_secret(&mut self, algorithm: &str, secret: &[u8]) -> Option<usize> {
        let algorithm = Algorithm::parse(algorithm)?;
        let needed = algorithm.min_secret_len()?;
        match SecretKey::new(secret).filter(|_| secret.len() >= needed) {
            Some(secret) => {
                let key = SigningKey::from_secret(algorithm, &secret).ok()?;
                self.keys = Some(KeySet::new(key, Vec::new()));
                Some(0)
            }
            None => Some(needed),
        }
    }

    /// Returns the address of the buffer in the module's memory.
    pub fn buffer(&self) -> *const u8 {
        self.buffer.as_ptr()
    }

    /// Returns the size of the buffer in bytes.
    pub fn buffer_len(&self) -> usize {
        self.buffer.len()
    }

    /// Verifies the token in the first `length` bytes of the buffer; `now` is in milliseconds since the Unix epoch.
    /// Writes the claims to the buffer, as the JSON that was signed. Returns their length, or -1 if the token is
    /// refused.
    pub fn verify(&mut self, length: usize, now: f64) -> i32 {
        let payload = self.payload(length, now);
        match payload {
            Ok(payload) => {
                self.buffer[..payload.len()].copy_from_slice(&payload);
                i32::try_from(payload.len()).unwrap_or(-1)
            }
            Err(refusal) => {
                self.refusal = refusal;
                -1
            }
        }
    }

    /// Returns the number of the token in the first `length` bytes of the buffer, or -1 if it is not remembered.
    pub fn find(&mut self, length: usize) -> i32 {
        let token = self.buffer.get(..length).unwrap_or_default();
        let found = self.remembered.find(token);
        found
            .and_then(|number| i32::try_from(number).ok())
            .unwrap_or(-1)
    }

    /// Remembers the token of the last `find`, which has been verified since, and returns its number.
    pub fn keep(&mut self) -> usize {
        self.remembered.keep()
    }

    /// Returns the code of the last refusal.
    pub fn refusal_code(&self) -> String {
        self.refusal.as_str().to_owned()
    }

    /// Returns the reason of the last refusal for people: "it has expired".
    pub fn refusal_reason(&self) -> String {
        self.refusal.to_string()
    }

    fn payload(&self, length: usize, now: f64) -> Result<Vec<u8>, AccessTokenError> {
        let token = self.buffer.get(..length).unwrap_or_default();
        let token = str::from_utf8(token).map_err(|_| AccessTokenError::Malformed)?;
        let keys = self.keys.as_ref().ok_or(AccessTokenError::KeyUnknown)?;
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a time before 1970 is 1970"
        )]
        let now = Timestamp::from_millis(now as u64);
        let expected = Expectations {
            issuer: &self.issuer,
            audience: &self.audience,
            now,
            clock_tolerance: self.clock_tolerance,
        };
        keys.verify_payload_by(token, &expected, |key, message, signature| {
            let by_platform = match (&self.platform, key.algorithm()) {
                (Some(platform), Algorithm::Rs256) => key
                    .jwk()
                    .and_then(|jwk| platform.verifies(&jwk, message, signature)),
                _ => None,
            };
            by_platform.unwrap_or_else(|| key.verifies(message, signature))
        })
    }
}

#[wasm_bindgen]
extern "C" {
    /// The platform's cryptography, an object with a method `verifies`.
    pub type Platform;

    /// Returns whether a signature (RSASSA-PKCS1-v1_5 with SHA-256) over a message is valid for a key. `None` means
    /// that the platform can't verify it.
    #[wasm_bindgen(method)]
    fn verifies(this: &Platform, jwk: &str, message: &[u8], signature: &[u8]) -> Option<bool>;
}

/// Verified tokens, by their SHA-256. Each has a number, by which the caller finds its claims. When the list is full,
/// the oldest token is dropped and its number reused.
struct Remembered {
    numbers: BTreeMap<Digest, usize>,
    /// Digests by number.
    digests: Vec<Digest>,
    room: usize,
    /// The next number to assign.
    next: usize,
    /// The token of the last `find`.
    last: Digest,
}

type Digest = [u8; 32];

impl Remembered {
    fn new(room: usize) -> Self {
        Self {
            numbers: BTreeMap::new(),
            digests: Vec::new(),
            room,
            next: 0,
            last: Digest::default(),
        }
    }

    fn find(&mut self, token: &[u8]) -> Option<usize> {
        self.last = Sha256::digest(token).into();
        self.numbers.get(&self.last).copied()
    }

    fn keep(&mut self) -> usize {
        let number = self.numbers.get(&self.last).copied().unwrap_or(self.next);
        if number == self.next {
            self.next = (self.next + 1) % self.room.max(1);
        }
        match self.digests.get_mut(number) {
            Some(digest) => {
                self.numbers.remove(digest);
                *digest = self.last;
            }
            None => self.digests.push(self.last),
        }
        self.numbers.insert(self.last, number);
        number
    }

    fn clear(&mut self) {
        *self = Self::new(self.room);
    }
}

/// Returns whether these names, separated by spaces, contain the algorithm's name or are empty.
fn allows(names: &str, algorithm: Algorithm) -> bool {
    names.is_empty() || names.split(' ').any(|name| name == algorithm.as_str())
}

/// Decides `{"roles": […], "permissions": […], "question": {"permission": "posts:write"}}`. Returns `None` if the input
/// has another form.
#[wasm_bindgen]
pub fn decide(case: &str) -> Option<bool> {
    #[derive(Deserialize)]
    struct Case {
        roles: Vec<String>,
        permissions: Vec<String>,
        question: Question,
    }
    let case: Case = json::from_str(case).ok()?;
    let holder = Holder {
        roles: &case.roles,
        permissions: &case.permissions,
        rank: 0,
    };
    Some(case.question.decide(&holder))
}
