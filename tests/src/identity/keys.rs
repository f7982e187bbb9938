//! The keys of a local provider, which are not secret, and its signatures.

use std::sync::LazyLock;

use auth_core::jose::{Algorithm, SigningKey};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use hmac::{Hmac, KeyInit as _, Mac as _};
use rsa::traits::PublicKeyParts as _;
use rsa::{BoxedUint, Pkcs1v15Sign, PrivateKey};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// The primes of two keys of RSA.
const PRIMES: [[&str; 2]; 2] = [
    [
        "\
        cbd10b872431f01adec3bf266495313c5d4cdc373b82fdd377ae90a8a8f8329c\
        b6578a8b70d929f111b9825501d70a5aca2a8ac9164653ea60fa70275f5355d7\
        1b3cd9fabf8eb0325a2801af52e3c8d89fef9c3086cbb9dd8539c6002323aacf\
        bd68adf533255d41059302e41e33802825b38e8b67c7feb91940acf41f796007",
        "\
        c74ecfa293cb826ea26970e03393ba202514dc1789029d15ae8e29d7dc8af64a\
        7ac8d85779851ffa59d724ca2a39267758de35f103b46e84fd547d7f0036b6f8\
        e6325ffa60b956b399c9531dfe573fad5977a20a08f1151f8c23161521493750\
        6a5331baca25a80a97e09a1ef1f5ac00e3e349b3a5e021f173314f78a5e80973",
    ],
    [
        "\
        ea0483029aa34b69e017c5d8c96a3b9217cbce782db627d80b554dcb18e39095\
        62f5b621206a9d4b0284862fdd6f7bbf8368d9003696888ebaef7372a48d9b5a\
        daec4a40ef96da23b37ca76ff79156a1a8f92a53c99347a30a1df983b7692f18\
        a803d1bd5745f8ec56f8f6b68327d9c96594d502452462dd00ab3b6d5dd7be7d",
        "\
        d853f9cba790d8ea9d62ae50f07dbd83beb068c0d1e1888ba9d801815a33b7d5\
        b049ad0a7c37a8ed863a08a3800852839b7cd0d2d7c31a5b2f0215e2c7e395e5\
        4a019d538b6fa21bd5cb74637e377d1c5013a76094fa3643ba84db19258683e8\
        c5066be00320d747c907c058c31acac7bb8a1bb29fd20a5f26404e05a9acd70b",
    ],
];

static RSA: LazyLock<[PrivateKey; 2]> = LazyLock::new(|| {
    PRIMES.map(|primes| {
        let [p, q] = primes.map(|prime| BoxedUint::from_be_hex(prime, 1024).unwrap());
        PrivateKey::from_p_q(p, q, BoxedUint::from(65_537u64)).unwrap()
    })
});

/// A key of a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// A key for RS256.
    Rs256,
    /// Another key for RS256.
    OtherRs256,
    /// A key for ES256.
    Es256,
    /// A key for EdDSA.
    EdDsa,
}

impl Key {
    /// Returns the key's name. The names of the last two are those that `auth_core` gives.
    fn kid(self) -> String {
        match self {
            Self::Rs256 => "first".to_owned(),
            Self::OtherRs256 => "second".to_owned(),
            _ => self.short().verifying_key().kid().to_owned(),
        }
    }

    fn rsa(self) -> &'static PrivateKey {
        &RSA[usize::from(self == Self::OtherRs256)]
    }

    /// Returns the key of an elliptic curve.
    fn short(self) -> SigningKey {
        let algorithm = match self {
            Self::Es256 => Algorithm::Es256,
            _ => Algorithm::EdDsa,
        };
        SigningKey::from_private(algorithm, &[7; 32]).unwrap()
    }

    /// Returns the public half.
    pub(super) fn jwk(self, named: bool) -> Value {
        let mut jwk = match self {
            Self::Rs256 | Self::OtherRs256 => {
                let key = self.rsa();
                let number = |number: &BoxedUint| {
                    let bytes = number.to_be_bytes();
                    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
                    BASE64.encode(&bytes[zeros..])
                };
                json!({
                    "kty": "RSA",
                    "alg": "RS256",
                    "use": "sig",
                    "kid": self.kid(),
                    "n": number(key.n()),
                    "e": number(key.e()),
                })
            }
            _ => serde_json::from_str(&self.short().public_jwk().unwrap()).unwrap(),
        };
        if !named {
            jwk.as_object_mut().unwrap().remove("kid");
        }
        jwk
    }
}

/// The signature of an ID token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signature {
    /// By this key, which the header names.
    By(Key),
    /// By this key, which the header doesn't name.
    Unnamed(Key),
    /// By this key, under the name of the first.
    Foreign(Key),
    /// By the first key, with one bit changed.
    Broken,
    /// None: `alg` is `none`.
    None,
    /// An HMAC with the client secret.
    Secret,
    /// An HMAC with the first public key as the secret, as published.
    PublicKey,
}

impl Signature {
    /// Signs claims.
    pub(super) fn sign(self, claims: &Value, secret: &str) -> String {
        let (algorithm, kid) = match self {
            Self::By(key @ (Key::Es256 | Key::EdDsa)) => return key.short().sign("JWT", claims),
            Self::By(key) => ("RS256", Some(key.kid())),
            Self::Unnamed(_) => ("RS256", None),
            Self::Foreign(_) | Self::Broken => ("RS256", Some(Key::Rs256.kid())),
            Self::None => ("none", None),
            Self::Secret | Self::PublicKey => ("HS256", Some(Key::Rs256.kid())),
        };
        let mut header = json!({"alg": algorithm, "typ": "JWT"});
        if let Some(kid) = kid {
            header["kid"] = kid.into();
        }
        let part = |value: &Value| BASE64.encode(value.to_string());
        let message = format!("{}.{}", part(&header), part(claims));
        let mac = |key: &[u8]| {
            let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
            mac.update(message.as_bytes());
            mac.finalize().into_bytes().to_vec()
        };
        let mut signature = match self {
            Self::By(key) | Self::Unnamed(key) | Self::Foreign(key) => rs256(key, &message),
            Self::Broken => rs256(Key::Rs256, &message),
            Self::None => Vec::new(),
            Self::Secret => mac(secret.as_bytes()),
            Self::PublicKey => mac(Key::Rs256.jwk(true).to_string().as_bytes()),
        };
        if self == Self::Broken {
            signature[100] ^= 1;
        }
        format!("{message}.{}", BASE64.encode(signature))
    }
}

fn rs256(key: Key, message: &str) -> Vec<u8> {
    let digest = Sha256::digest(message);
    let padding = Pkcs1v15Sign::new::<Sha256>();
    key.rsa().sign(padding, &digest).unwrap()
}

/// Returns `at_hash` of an access token (OpenID Connect Core section 3.1.3.6).
pub(super) fn token_hash(access_token: &str) -> String {
    BASE64.encode(&Sha256::digest(access_token)[..16])
}

/// Returns the S256 challenge of a verifier (RFC 7636 section 4.2).
pub fn challenge(verifier: &str) -> String {
    BASE64.encode(Sha256::digest(verifier))
}
