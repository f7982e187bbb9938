//! Access tokens verified and permissions decided, for JavaScript.
//!
//! What is called for every token takes and gives numbers alone: the caller writes the token into a buffer of the module's
//! memory, and finds the claims in the same place.

#![forbid(unsafe_code)]

use std::collections::BTreeMap;

use auth_core::access::{Holder, Question};
use auth_core::jose::{Algorithm, Expectations, KeySet, SigningKey, VerifyingKey};
use auth_core::{AccessTokenError, SecretKey, Timestamp, json};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};
use wasm_bindgen::prelude::wasm_bindgen;

/// Bytes of the buffer: the longest token that the core looks at, which is longer than its claims.
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
    /// A verifier without keys. `clock_tolerance` is in seconds; `remember` is how many tokens that were verified are known
    /// again, and `platform` what verifies RSA in the place of the core.
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

    /// Takes the keys of a JWK Set that are for one of the algorithms, names separated by blanks, or for any where none is
    /// named. They take the place of those it had, unless none can be used. Returns how many can be; none when the text is
    /// not a JWK Set.
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

    /// Takes a shared secret for an algorithm of HMAC. Returns the fewest bytes that the secret needs when it has fewer,
    /// and 0 when it is taken; none when the algorithm is not one of HMAC.
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

    /// Where the buffer begins in the module's memory.
    pub fn buffer(&self) -> *const u8 {
        self.buffer.as_ptr()
    }

    /// Bytes of the buffer.
    pub fn buffer_len(&self) -> usize {
        self.buffer.len()
    }

    /// Verifies the token in the first bytes of the buffer at a time in milliseconds since the Unix epoch, and puts its
    /// claims there as the JSON that was signed. Returns their length; -1 when the token is refused.
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

    /// The number of the token in the first bytes of the buffer, if it was kept; -1 when it was not.
    pub fn find(&mut self, length: usize) -> i32 {
        let token = self.buffer.get(..length).unwrap_or_default();
        let found = self.remembered.find(token);
        found
            .and_then(|number| i32::try_from(number).ok())
            .unwrap_or(-1)
    }

    /// Keeps the token that was looked for last, which was verified since, and returns its number.
    pub fn keep(&mut self) -> usize {
        self.remembered.keep()
    }

    /// Code of the last refusal.
    pub fn refusal_code(&self) -> String {
        self.refusal.as_str().to_owned()
    }

    /// The last refusal for people: "it has expired".
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
    /// What the program runs on, with a method `verifies`.
    pub type Platform;

    /// Whether a signature (RSASSA-PKCS1-v1_5 with SHA-256) is a key's over a message; none: it can't say.
    #[wasm_bindgen(method)]
    fn verifies(this: &Platform, jwk: &str, message: &[u8], signature: &[u8]) -> Option<bool>;
}

/// Tokens that were verified, by their SHA-256. Each has a number, under which the caller keeps its claims; with one more than
/// there is room for, the oldest is forgotten and its number is given again.
struct Remembered {
    numbers: BTreeMap<Digest, usize>,
    /// By number.
    digests: Vec<Digest>,
    room: usize,
    /// The next number.
    next: usize,
    /// The token that was looked for last.
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

/// Whether these names, separated by blanks, hold an algorithm's, or there are none.
fn allows(names: &str, algorithm: Algorithm) -> bool {
    names.is_empty() || names.split(' ').any(|name| name == algorithm.as_str())
}

/// Answers `{"roles": […], "permissions": […], "question": {"permission": "posts:write"}}`; none when it is something
/// else.
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
