//! The accepted algorithms, by their names in RFC 7518 and RFC 8037.

/// A signature or MAC algorithm. `none` is not included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// Ed25519 (RFC 8037).
    EdDsa,
    /// ECDSA with P-256 and SHA-256.
    Es256,
    /// RSASSA-PKCS1-v1_5 with SHA-256, for verification only.
    Rs256,
    /// HMAC with SHA-256.
    Hs256,
    /// HMAC with SHA-384.
    Hs384,
    /// HMAC with SHA-512.
    Hs512,
}

impl Algorithm {
    /// Returns the algorithm with this name, or `None` if it is not accepted.
    pub fn parse(name: &str) -> Option<Self> {
        [
            Self::EdDsa,
            Self::Es256,
            Self::Rs256,
            Self::Hs256,
            Self::Hs384,
            Self::Hs512,
        ]
        .into_iter()
        .find(|algorithm| algorithm.as_str() == name)
    }

    /// Returns the name, the `alg` of headers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::EdDsa => "EdDSA",
            Self::Es256 => "ES256",
            Self::Rs256 => "RS256",
            Self::Hs256 => "HS256",
            Self::Hs384 => "HS384",
            Self::Hs512 => "HS512",
        }
    }

    /// Whether tokens can be signed with it. RS256 can't, because there is no constant-time RSA signing to build on.
    pub const fn can_sign(self) -> bool {
        match self {
            Self::Es256 => cfg!(feature = "es256"),
            Self::Rs256 => false,
            Self::EdDsa | Self::Hs256 | Self::Hs384 | Self::Hs512 => true,
        }
    }

    /// Returns the minimum length of its secret in bytes (RFC 7518 section 3.2: the length of the hash), or `None` for
    /// an algorithm with a key pair.
    pub const fn min_secret_len(self) -> Option<usize> {
        match self {
            Self::Hs256 => Some(32),
            Self::Hs384 => Some(48),
            Self::Hs512 => Some(64),
            Self::EdDsa | Self::Es256 | Self::Rs256 => None,
        }
    }
}
