//! Which texts a hash takes for one password.

use argon2::AssociatedData;
use zeroize::Zeroizing;

use crate::normal_form::nfkc;

/// Which texts a hash takes for one password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Those that are equal in NFC.
    Nfc,
    /// Those that are equal in NFKC, as a hash of a system that compares so proves no more. The Argon2 string says so by
    /// its associated data (RFC 9106 section 3.1), `data=` in PHC strings.
    Nfkc,
}

impl Form {
    /// The name of the associated data in PHC strings.
    pub(super) const FIELD: &str = "data";
    pub(super) const NFKC: &[u8] = b"nfkc";

    /// The text that is hashed of a password in NFC.
    pub(super) fn of(self, password: &str) -> Zeroizing<String> {
        Zeroizing::new(match self {
            Self::Nfc => password.to_owned(),
            Self::Nfkc => nfkc(password).into_owned(),
        })
    }

    pub(super) fn data(self) -> AssociatedData {
        match self {
            Self::Nfc => AssociatedData::EMPTY,
            Self::Nfkc => AssociatedData::new(Self::NFKC).expect("it is short"),
        }
    }
}
