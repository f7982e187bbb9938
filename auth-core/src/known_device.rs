//! Devices that signed in before. Strangers can use up what everybody together may try at an account; a device that
//! shows its token is counted by itself instead, and is not locked out with them.

use core::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::auth::{Auth, Client};
use crate::platform::Platform;
use crate::recovery::password_id;
use crate::storage::Account;

/// What device tokens are encrypted for.
const PURPOSE: &str = "gatewright known device v1";
/// Random bytes that name a device.
const ID_LEN: usize = 16;
/// Bytes of a token: a nonce, the name and its authentication, in base64url.
const TOKEN_LEN: usize = ((24 + ID_LEN + 16) * 4).div_ceil(3);

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

impl<P: Platform> Auth<P> {
    /// What a known device of an account is counted by; none: the client shows no token of this account and password.
    /// Without an account the same work is done.
    pub(crate) fn known_device(
        &self,
        account: Option<&Account>,
        client: &Client,
    ) -> Option<String> {
        let credential = account.and_then(password_id).unwrap_or_default();
        let id = self.open_device(client.device.as_ref()?, credential)?;
        let user_id = &account?.user.id;
        Some(format!("device/{user_id}/{}", URL_SAFE_NO_PAD.encode(id)))
    }

    /// The token by which a client is known from now on, as it has shown this password. A device that is known stays
    /// the same one.
    pub(crate) fn device_token(&self, credential: &str, client: &Client) -> DeviceToken {
        let presented = client.device.as_ref();
        if let Some(known) = presented.filter(|token| self.open_device(token, credential).is_some())
        {
            return known.clone();
        }
        let mut id = [0; ID_LEN];
        self.platform.fill_random(&mut id);
        let key = &self.config.secret_key;
        DeviceToken(key.seal(&self.platform, PURPOSE, credential, "", &id))
    }

    fn open_device(&self, token: &DeviceToken, credential: &str) -> Option<Vec<u8>> {
        let key = &self.config.secret_key;
        let id = key.open(PURPOSE, credential, "", &token.0)?;
        Some(id.to_vec())
    }
}
