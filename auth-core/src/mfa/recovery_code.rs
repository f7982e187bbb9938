//! Recovery codes, for users who have lost the device.

use zeroize::Zeroizing;

use crate::context::Context;
use crate::credential::{CredentialKind, new_credential};
use crate::mfa::totp;
use crate::platform::Platform;
use crate::secret::digest;
use crate::storage::Credential;

/// The number of recovery codes that a user gets.
const RECOVERY_CODES: usize = 10;

/// The number of random bytes in a recovery code: enough for a plain hash (ASVS V6.5.2), and 24 characters.
const RECOVERY_LEN: usize = 15;

/// Generates recovery codes, and the credentials to store.
pub(crate) fn new_recovery_codes<P: Platform>(
    context: &Context<P>,
    user_id: &str,
) -> (Vec<String>, Vec<Credential>) {
    let make = |_| {
        let mut bytes = Zeroizing::new([0; RECOVERY_LEN]);
        context.platform.fill_random(bytes.as_mut());
        let letters = totp::encode_key(bytes.as_ref());
        let secret = digest_of_recovery_code(&letters);
        let groups: Vec<_> = letters
            .as_bytes()
            .chunks(4)
            .map(String::from_utf8_lossy)
            .collect();
        (
            groups.join("-"),
            new_credential(context, user_id, CredentialKind::RecoveryCode, secret),
        )
    };
    (0..RECOVERY_CODES).map(make).unzip()
}

/// Returns the digest of a recovery code, in any letter case, with or without hyphens.
pub(crate) fn digest_of_recovery_code(code: &str) -> String {
    let letters = code
        .chars()
        .filter(|c| *c != '-')
        .map(|c| c.to_ascii_uppercase());
    digest(&Zeroizing::new(letters.collect::<String>()))
}
