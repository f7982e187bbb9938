//! The interface `totp`.

use auth_core::totp::{self, KEY_LEN};

use crate::Core;
use crate::bindings::exports::gatewright::auth::totp::Guest;

impl Guest for Core {
    fn generate_secret() -> String {
        totp::encode_key(&crate::random_bytes::<KEY_LEN>())
    }

    fn uri(secret: String, issuer: String, account: String) -> Option<String> {
        Some(totp::uri(&totp::decode_key(&secret)?, &issuer, &account))
    }

    fn verify(secret: String, code: String, last_step: Option<u64>) -> Option<u64> {
        totp::step_of(&totp::decode_key(&secret)?, &code, crate::now(), totp::SKEW)
            .filter(|step| last_step.is_none_or(|last| *step > last))
    }
}
