//! PBKDF2 (RFC 8018 section 5.2), for password hashes of other systems.

use pbkdf2::pbkdf2_hmac;
use sha1::Sha1;
use sha2::{Sha256, Sha512};

/// Fills `key` by HMAC with SHA-1.
pub fn with_sha1(password: &[u8], salt: &[u8], iterations: u32, key: &mut [u8]) {
    pbkdf2_hmac::<Sha1>(password, salt, iterations, key);
}

/// Fills `key` by HMAC with SHA-256.
pub fn with_sha256(password: &[u8], salt: &[u8], iterations: u32, key: &mut [u8]) {
    pbkdf2_hmac::<Sha256>(password, salt, iterations, key);
}

/// Fills `key` by HMAC with SHA-512.
pub fn with_sha512(password: &[u8], salt: &[u8], iterations: u32, key: &mut [u8]) {
    pbkdf2_hmac::<Sha512>(password, salt, iterations, key);
}
