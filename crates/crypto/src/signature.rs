//! The signature algorithms: bytes in, bytes out.

use std::sync::Arc;

use ed25519_dalek::Signer as _;

use crate::eddsa::EdDsaKey;
#[cfg(feature = "es256")]
use crate::es256::Es256Key;
use crate::mac::MacKey;
#[cfg(feature = "rs256")]
use crate::rsa::RsaKey;

/// The verifier of signatures. Clones share the tables of a key.
#[derive(Clone)]
pub struct Verifier(Verifying);

#[derive(Clone)]
enum Verifying {
    EdDsa(Arc<EdDsaKey>),
    #[cfg(feature = "es256")]
    Es256(Arc<Es256Key>),
    #[cfg(feature = "rs256")]
    Rs256(RsaKey),
    Mac(MacKey),
}

impl Verifier {
    /// Creates the verifier of an Ed25519 key. Returns `None` if the bytes are no point of the curve.
    pub fn eddsa(key: &[u8; 32]) -> Option<Self> {
        let key = ed25519_dalek::VerifyingKey::from_bytes(key).ok()?;
        Some(Self(Verifying::EdDsa(Arc::new(EdDsaKey::new(key)))))
    }

    /// Creates the verifier of ECDSA with a P-256 key and SHA-256. Returns `None` if the coordinates are no point of the
    /// curve.
    #[cfg(feature = "es256")]
    pub fn es256(x: &[u8; 32], y: &[u8; 32]) -> Option<Self> {
        // SEC 1 section 2.3.3: 4 marks an uncompressed point.
        let point = [&[4], x.as_slice(), y].concat();
        let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(&point).ok()?;
        Some(Self(Verifying::Es256(Arc::new(Es256Key::new(key)))))
    }

    /// Creates the verifier of RSASSA-PKCS1-v1_5 with SHA-256.
    #[cfg(feature = "rs256")]
    pub fn rs256(key: RsaKey) -> Self {
        Self(Verifying::Rs256(key))
    }

    /// Creates the verifier of a shared secret.
    pub fn mac(key: MacKey) -> Self {
        Self(Verifying::Mac(key))
    }

    /// Whether `signature` is the key's signature of `message`.
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        match &self.0 {
            Verifying::EdDsa(key) => key.verifies(message, signature),
            #[cfg(feature = "es256")]
            Verifying::Es256(key) => key.verifies(message, signature),
            #[cfg(feature = "rs256")]
            Verifying::Rs256(key) => key.verifies_rs256(message, signature),
            Verifying::Mac(key) => key.verifies(message, signature),
        }
    }
}

/// The public half of a signer's key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PublicKey {
    /// The point of an Ed25519 key, as RFC 8032 encodes it.
    Ed25519([u8; 32]),
    /// The coordinates of a P-256 key, highest byte first.
    #[cfg(feature = "es256")]
    P256 {
        /// The first coordinate.
        x: [u8; 32],
        /// The second coordinate.
        y: [u8; 32],
    },
}

/// The creator of signatures. It is wiped when dropped, because its keys are.
pub struct Signer(Signing);

enum Signing {
    EdDsa(Box<ed25519_dalek::SigningKey>),
    #[cfg(feature = "es256")]
    Es256(Box<p256::ecdsa::SigningKey>),
    Mac(MacKey),
}

impl Signer {
    /// Creates the signer of an Ed25519 key from its seed.
    pub fn eddsa(seed: &[u8; 32]) -> Self {
        let key = ed25519_dalek::SigningKey::from_bytes(seed);
        Self(Signing::EdDsa(Box::new(key)))
    }

    /// Creates the signer of ECDSA with a P-256 key and SHA-256, from its scalar. Returns `None` if the bytes are no scalar
    /// of the curve.
    #[cfg(feature = "es256")]
    pub fn es256(scalar: &[u8]) -> Option<Self> {
        let key = p256::ecdsa::SigningKey::from_slice(scalar).ok()?;
        Some(Self(Signing::Es256(Box::new(key))))
    }

    /// Creates the signer of a shared secret.
    pub fn mac(key: MacKey) -> Self {
        Self(Signing::Mac(key))
    }

    /// Returns the public half of the key, or `None` for a shared secret.
    pub fn public_key(&self) -> Option<PublicKey> {
        match &self.0 {
            Signing::EdDsa(key) => Some(PublicKey::Ed25519(key.verifying_key().to_bytes())),
            #[cfg(feature = "es256")]
            Signing::Es256(key) => {
                let point = key.verifying_key().to_sec1_point(false);
                Some(PublicKey::P256 {
                    x: (*point.x()?).into(),
                    y: (*point.y()?).into(),
                })
            }
            Signing::Mac(_) => None,
        }
    }

    /// Returns the signature of `message`.
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        match &self.0 {
            Signing::EdDsa(key) => key.sign(message).to_bytes().to_vec(),
            #[cfg(feature = "es256")]
            Signing::Es256(key) => {
                // Deterministic nonces (RFC 6979): the same key and message give the same bytes.
                let signature: p256::ecdsa::Signature =
                    p256::ecdsa::signature::Signer::sign(key.as_ref(), message);
                signature.to_bytes().to_vec()
            }
            Signing::Mac(key) => key.sign(message),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verifier(signer: &Signer) -> Option<Verifier> {
        match signer.public_key()? {
            PublicKey::Ed25519(key) => Verifier::eddsa(&key),
            #[cfg(feature = "es256")]
            PublicKey::P256 { x, y } => Verifier::es256(&x, &y),
        }
    }

    #[test]
    fn a_signature_is_of_one_message_and_one_key() {
        let signers = |byte: u8| {
            [
                Signer::eddsa(&[byte; 32]),
                #[cfg(feature = "es256")]
                Signer::es256(&[byte; 32]).unwrap(),
            ]
        };
        for (one, other) in signers(7).iter().zip(&signers(8)) {
            let signature = one.sign(b"message");
            assert_eq!(signature, one.sign(b"message"));
            let (one, other) = (verifier(one).unwrap(), verifier(other).unwrap());
            assert!(one.verifies(b"message", &signature));
            assert!(!one.verifies(b"another", &signature));
            assert!(!other.verifies(b"message", &signature));
            assert!(!one.verifies(b"message", &signature[1..]));
        }
    }

    #[test]
    fn a_code_is_whole() {
        for key in [MacKey::hs256, MacKey::hs384, MacKey::hs512].map(|create| create(b"secret")) {
            let (signer, verifier) = (Signer::mac(key.clone()), Verifier::mac(key));
            let code = signer.sign(b"message");
            assert!(verifier.verifies(b"message", &code));
            assert!(!verifier.verifies(b"another", &code));
            assert!(!verifier.verifies(b"message", &code[..16]));
            assert!(!verifier.verifies(b"message", b""));
            assert_eq!(signer.public_key(), None);
        }
    }

    #[test]
    fn bytes_that_are_no_key() {
        // The second coordinate of no point.
        let mut bytes = [0; 32];
        bytes[0] = 2;
        assert!(Verifier::eddsa(&bytes).is_none());
        #[cfg(feature = "es256")]
        {
            assert!(Verifier::es256(&[1; 32], &[1; 32]).is_none());
            for scalar in [&[0; 32][..], &[0xff; 32], &[7; 33]] {
                assert!(Signer::es256(scalar).is_none());
            }
        }
        #[cfg(feature = "rs256")]
        for length in [255, 1025] {
            assert!(RsaKey::new(&vec![0xff; length], &[1, 0, 1]).is_none());
        }
    }
}
