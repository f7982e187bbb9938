//! The state of a second factor, and its key.

use core::time::Duration;

use zeroize::Zeroizing;

use crate::context::Context;
use crate::credential::{CredentialKind, credential_of_kind, credentials_of_kind};
use crate::error::{Error, Result};
use crate::platform::Platform;
use crate::storage::{Account, Credential};
use crate::time::Timestamp;

/// The purpose that TOTP keys are encrypted for.
const KEY_PURPOSE: &str = "gatewright totp key v1";

/// Encrypts a TOTP key for its credential.
pub(crate) fn encrypt_totp_key<P: Platform>(
    context: &Context<P>,
    credential_id: &str,
    key: &[u8],
) -> String {
    context
        .config
        .secret_key
        .encrypt(&context.platform, KEY_PURPOSE, credential_id, "", key)
}

pub(crate) fn decrypt_totp_key<P: Platform>(
    context: &Context<P>,
    credential: &Credential,
) -> Result<Zeroizing<Vec<u8>>> {
    context
        .config
        .secret_key
        .decrypt(KEY_PURPOSE, &credential.id, "", &credential.secret)
        .ok_or_else(|| {
            let user = &credential.user_id;
            Error::Internal(format!(
                "SECRET_KEY can't decrypt the TOTP key of user {user}: was SECRET_KEY changed?"
            ))
        })
}

/// Whether a login requires more than the password.
pub(crate) fn has_second_factor(account: &Account) -> bool {
    credential_of_kind(account, CredentialKind::Totp).is_some()
}

/// Returns the identifier of the second factor.
pub(crate) fn factor_id(account: &Account) -> Option<&str> {
    credential_of_kind(account, CredentialKind::Totp).map(|credential| credential.id.as_str())
}

/// How long a first second factor can be undone by the link in the mail about it.
pub(crate) const UNDO_LIFE: Duration = Duration::from_secs(86_400);

/// Whether the second factor could be undone at this time by a mailed link: it is a first one, and new.
pub(crate) fn is_undoable(account: &Account, at: Timestamp) -> bool {
    credential_of_kind(account, CredentialKind::FormerTotp).is_none()
        && second_factor_since(account).is_some_and(|since| at < since + UNDO_LIFE)
}

/// Returns when the second factor came into force.
pub(crate) fn second_factor_since(account: &Account) -> Option<Timestamp> {
    credential_of_kind(account, CredentialKind::Totp).map(|credential| credential.updated_at)
}

/// Returns when the current recovery codes were created.
pub(crate) fn recovery_codes_since(account: &Account) -> Option<Timestamp> {
    let codes = credentials_of_kind(account, CredentialKind::RecoveryCode);
    codes.map(|credential| credential.created_at).max()
}

/// Returns the number of recovery codes left.
pub(crate) fn recovery_codes_left(account: &Account) -> usize {
    credentials_of_kind(account, CredentialKind::RecoveryCode).count()
}
