//! Lists that a column holds as JSON, so that a user comes with everything in one row.

use gatewright_storage::{Credential, Identity, StorageError, Timestamp};

/// The fields of a credential in its list.
type ListedCredential = (
    String,
    String,
    String,
    Option<u64>,
    Option<String>,
    u64,
    u64,
    Option<u64>,
);

/// The fields of an identity in its list.
type ListedIdentity = (
    String,
    String,
    String,
    Option<String>,
    Option<String>,
    u64,
    Option<u64>,
);

fn unreadable(error: serde_json::Error) -> StorageError {
    StorageError::Invalid(format!(
        "a user's credentials or identities are unreadable: {error}"
    ))
}

/// Reads the credentials of a user: lists of identifier, kind, secret, counter, label, and the times of creation, of the
/// last change and of the last use.
///
/// # Errors
/// The text is no such list.
pub fn credentials(text: &str, user_id: &str) -> Result<Vec<Credential>, StorageError> {
    let time = Timestamp::from_millis;
    #[allow(clippy::disallowed_methods, reason = "the database creates this list")]
    let listed: Vec<ListedCredential> = serde_json::from_str(text).map_err(unreadable)?;
    let credentials = listed.into_iter().map(
        |(id, kind, secret, counter, label, created_at, updated_at, last_used_at)| Credential {
            id,
            user_id: user_id.to_owned(),
            kind,
            secret,
            counter,
            label,
            created_at: time(created_at),
            updated_at: time(updated_at),
            last_used_at: last_used_at.map(time),
        },
    );
    Ok(credentials.collect())
}

/// Reads the identities of a user: lists of issuer, subject, provider, address, label, and the times of creation and of
/// the last use. Tokens are not in it.
///
/// # Errors
/// The text is no such list.
pub fn identities(text: &str, user_id: &str) -> Result<Vec<Identity>, StorageError> {
    let time = Timestamp::from_millis;
    #[allow(clippy::disallowed_methods, reason = "the database creates this list")]
    let listed: Vec<ListedIdentity> = serde_json::from_str(text).map_err(unreadable)?;
    let identities = listed.into_iter().map(
        |(issuer, subject, provider, email, label, created_at, last_used_at)| Identity {
            issuer,
            subject,
            provider,
            user_id: user_id.to_owned(),
            email,
            label,
            created_at: time(created_at),
            last_used_at: last_used_at.map(time),
            tokens: None,
        },
    );
    Ok(identities.collect())
}
