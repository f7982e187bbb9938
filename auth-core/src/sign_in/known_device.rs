//! Devices that have signed in before. Strangers can exhaust the shared limit of attempts on an account. A device that
//! presents its token has its own counter instead, so it is not locked out with them.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::client::Client;
use crate::client::device_token::{DeviceToken, ID_LEN};
use crate::context::Context;
use crate::credential::password_id;
use crate::platform::Platform;
use crate::storage::Account;

/// The purpose that device tokens are encrypted for.
const PURPOSE: &str = "gatewright known device v1";

/// Returns the rate limit key of a known device of an account, or `None` if the client presents no token of this
/// account and password. Without an account, the same work is done.
pub(crate) fn known_device<P: Platform>(
    context: &Context<P>,
    account: Option<&Account>,
    client: &Client,
) -> Option<String> {
    let credential = account.and_then(password_id).unwrap_or_default();
    let id = open_device(context, client.device.as_ref()?, credential)?;
    let devices = devices_of(&account?.user.id);
    Some(format!("{devices}/{}", URL_SAFE_NO_PAD.encode(id)))
}

/// Returns the prefix of the rate limit keys of all known devices of an account.
pub(crate) fn devices_of(user_id: &str) -> String {
    format!("device/{user_id}")
}

/// Returns the device token of a client that has presented this password. A known device keeps its token.
pub(crate) fn device_token<P: Platform>(
    context: &Context<P>,
    credential: &str,
    client: &Client,
) -> DeviceToken {
    let presented = client.device.as_ref();
    if let Some(known) = presented.filter(|token| open_device(context, token, credential).is_some())
    {
        return known.clone();
    }
    let mut id = [0; ID_LEN];
    context.platform.fill_random(&mut id);
    let key = &context.config.secret_key;
    DeviceToken::new(key.encrypt(&context.platform, PURPOSE, credential, "", &id))
}

fn open_device<P: Platform>(
    context: &Context<P>,
    token: &DeviceToken,
    credential: &str,
) -> Option<Vec<u8>> {
    let key = &context.config.secret_key;
    let id = key.decrypt(PURPOSE, credential, "", token.expose())?;
    Some(id.to_vec())
}
