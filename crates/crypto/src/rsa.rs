//! Verification of RSA signatures (RFC 8017, RFC 7518 sections 3.3 and 3.5).

use core::ops::RangeInclusive;

use rsa::{BoxedUint, Pkcs1v15Sign, PublicKey};
use sha2::{Digest as _, Sha256, Sha384, Sha512};

/// The minimum and maximum number of bits of a modulus. RFC 7518 section 3.3 requires 2048; verification with more than
/// 8192 would be too expensive.
const BITS: RangeInclusive<u32> = 2048..=8192;

/// A public key.
#[derive(Clone)]
pub struct RsaKey(PublicKey);

impl RsaKey {
    /// Creates the key with this modulus and exponent, highest byte first. Returns `None` if they are no key, or too large or
    /// small.
    pub fn new(modulus: &[u8], exponent: &[u8]) -> Option<Self> {
        let integer = BoxedUint::from_be_slice_vartime;
        let modulus = integer(modulus);
        if !BITS.contains(&modulus.bit_width_vartime()) {
            return None;
        }
        PublicKey::new(modulus, integer(exponent)).ok().map(Self)
    }

    /// Separate from the other algorithms, so that a module that verifies access tokens alone does without those.
    pub(crate) fn verifies_rs256(&self, message: &[u8], signature: &[u8]) -> bool {
        self.verifies_pkcs1(
            Pkcs1v15Sign::new::<Sha256>(),
            &Sha256::digest(message),
            signature,
        )
    }

    /// Whether `signature` is the key's signature of `message` by this algorithm of RFC 7518: RS384, RS512 or PS256, which
    /// only other issuers sign by. Another algorithm verifies nothing.
    pub fn verifies(&self, algorithm: &str, message: &[u8], signature: &[u8]) -> bool {
        match algorithm {
            "RS384" => self.verifies_pkcs1(
                Pkcs1v15Sign::new::<Sha384>(),
                &Sha384::digest(message),
                signature,
            ),
            "RS512" => self.verifies_pkcs1(
                Pkcs1v15Sign::new::<Sha512>(),
                &Sha512::digest(message),
                signature,
            ),
            // The salt has the length of the digest, as RFC 7518 requires.
            "PS256" => self.0.pss_verify::<Sha256>(message, signature).is_ok(),
            _ => false,
        }
    }

    fn verifies_pkcs1(&self, padding: Pkcs1v15Sign, digest: &[u8], signature: &[u8]) -> bool {
        self.0.verify(padding, digest, signature).is_ok()
    }
}
