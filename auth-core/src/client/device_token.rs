//! Device tokens, which identify a device after an earlier login.

use core::fmt;

/// Length of a token: a nonce, the identifier of the device and its authentication tag, in base64url.
const TOKEN_LEN: usize = ((24 + ID_LEN + 16) * 4).div_ceil(3);
/// Number of random bytes that identify a device.
pub(crate) const ID_LEN: usize = 16;

/// A token that a device keeps when its session ends. It proves that the password of one account was right there.
///
/// It is bound to that account and password and proves nothing else: nobody can sign in with it. The service stores
/// nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct DeviceToken(String);

impl DeviceToken {
    /// Reads a presented token, if it has the length of one.
    pub fn parse(text: &str) -> Option<Self> {
        (text.len() == TOKEN_LEN).then(|| Self(text.to_owned()))
    }

    /// Wraps a newly encrypted token.
    pub(crate) fn new(text: String) -> Self {
        Self(text)
    }

    /// Returns the token, to send it to the device.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for DeviceToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DeviceToken")
    }
}
