//! The Unicode normal form in which a hash compares passwords.

use gatewright_argon2_simd::AssociatedData;
use zeroize::Zeroizing;

/// Converts a text to NFKC.
pub type Nfkc = fn(&str) -> String;

/// The Unicode normal form in which a hash compares passwords.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// NFC: texts that are equal in NFC are one password.
    Nfc,
    /// NFKC: texts that are equal in NFKC are one password, because a hash of a system that compares in NFKC proves no
    /// more. The Argon2 string marks this with its associated data (RFC 9106 section 3.1), `data=` in PHC strings.
    Nfkc,
}

impl Form {
    /// The name of the associated data in PHC strings.
    pub(super) const FIELD: &str = "data";
    pub(super) const NFKC: &[u8] = b"nfkc";

    /// Returns the text to hash for a password in NFC.
    pub(super) fn of(self, password: &str, nfkc: Nfkc) -> Zeroizing<String> {
        Zeroizing::new(match self {
            Self::Nfc => password.to_owned(),
            Self::Nfkc => nfkc(password),
        })
    }

    pub(super) fn data(self) -> AssociatedData {
        match self {
            Self::Nfc => AssociatedData::EMPTY,
            Self::Nfkc => AssociatedData::new(Self::NFKC).expect("it is short"),
        }
    }
}
