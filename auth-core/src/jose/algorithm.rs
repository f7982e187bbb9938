//! The algorithms that are accepted, by their names in RFC 7518 and RFC 8037.

/// A signature or MAC algorithm. `none` is not one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// Ed25519 (RFC 8037).
    EdDsa,
    /// ECDSA with P-256 and SHA-256.
    Es256,
    /// RSASSA-PKCS1-v1_5 with SHA-256, for verifying alone.
    Rs256,
    /// HMAC with SHA-256.
    Hs256,
    /// HMAC with SHA-384.
    Hs384,
    /// HMAC with SHA-512.
    Hs512,
}

impl Algorithm {
    /// The algorithm of that name; none when it is not accepted.
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

    /// Its name, `alg` in headers.
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

    /// Whether tokens are signed with it here. Not RS256: there is no RSA signing in constant time to build on.
    pub const fn can_sign(self) -> bool {
        match self {
            Self::Es256 => cfg!(feature = "es256"),
            Self::Rs256 => false,
            Self::EdDsa | Self::Hs256 | Self::Hs384 | Self::Hs512 => true,
        }
    }

    /// Fewest bytes of its secret (RFC 7518 section 3.2: as many as the hash has); none when it has a key pair.
    pub const fn min_secret_len(self) -> Option<usize> {
        match self {
            Self::Hs256 => Some(32),
            Self::Hs384 => Some(48),
            Self::Hs512 => Some(64),
            Self::EdDsa | Self::Es256 | Self::Rs256 => None,
        }
    }
}
