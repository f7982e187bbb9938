//! What a device keeps of an earlier login.

use core::fmt;

/// Bytes of a token: a nonce, the name and its authentication, in base64url.
const TOKEN_LEN: usize = ((24 + ID_LEN + 16) * 4).div_ceil(3);
/// Random bytes that name a device.
pub(crate) const ID_LEN: usize = 16;

/// What a device keeps when its session ends: that the password of one account was right there.
///
/// It is bound to that account and password, and proves nothing else: nobody signs in by it. Nothing of it is stored.
#[derive(Clone, PartialEq, Eq)]
pub struct DeviceToken(String);

impl DeviceToken {
    /// One that was presented, if it has the form of one.
    pub fn parse(text: &str) -> Option<Self> {
        (text.len() == TOKEN_LEN).then(|| Self(text.to_owned()))
    }

    /// One that was just encrypted.
    pub(crate) fn new(text: String) -> Self {
        Self(text)
    }

    /// The token, to hand it out.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for DeviceToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DeviceToken")
    }
}
