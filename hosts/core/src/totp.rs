//! The interface `totp`.

use auth_core::totp::{self, KEY_LEN};

use crate::Core;
use crate::bindings::exports::gatewright::auth::totp::{Error, Guest};

impl Guest for Core {
    fn generate_secret() -> String {
        totp::encode_key(&crate::random_bytes::<KEY_LEN>())
    }

    fn uri(secret: String, issuer: String, account: String) -> Result<String, Error> {
        Ok(totp::uri(&key(&secret)?, &issuer, &account))
    }

    fn verify(secret: String, code: String, last_step: Option<u64>) -> Result<Option<u64>, Error> {
        let step = totp::step_of(&key(&secret)?, &code, crate::now());
        Ok(step.filter(|step| last_step.is_none_or(|last| *step > last)))
    }
}

fn key(secret: &str) -> Result<Vec<u8>, Error> {
    totp::decode_key(secret).ok_or(Error::MalformedSecret)
}
