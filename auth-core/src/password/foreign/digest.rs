//! The digests of PBKDF2.

use crate::password::error::PasswordHashError::{self, Malformed};

#[derive(Clone, Copy)]
pub(in crate::password) enum Digest {
    Sha1,
    Sha256,
    Sha512,
}

impl Digest {
    pub(super) fn named(name: &str) -> Result<Self, PasswordHashError> {
        match name {
            "sha1" => Ok(Self::Sha1),
            "sha256" => Ok(Self::Sha256),
            "sha512" => Ok(Self::Sha512),
            _ => Err(Malformed),
        }
    }

    pub(super) const fn len(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha512 => 64,
        }
    }
}
