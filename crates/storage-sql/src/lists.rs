//! Lists that a column holds as JSON, so that a user comes with everything in one row.

use std::collections::BTreeSet;

use gatewright_storage::{Credential, Identity, Standing, StorageError, Timestamp};

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

/// The fields of a user's role: name, rank and permissions.
pub type ListedRole = (String, u64, Vec<String>);

fn unreadable(error: serde_json::Error) -> StorageError {
    StorageError::Invalid(format!("a list of a user is unreadable: {error}"))
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

/// Reads the roles of a user: lists of name, rank and permissions, in any order.
///
/// # Errors
/// The text is no such list.
pub fn standing(text: &str) -> Result<Standing, StorageError> {
    #[allow(clippy::disallowed_methods, reason = "the database creates this list")]
    let listed = serde_json::from_str(text).map_err(unreadable)?;
    Ok(standing_of(listed))
}

/// Returns the standing that roles give.
pub fn standing_of(listed: Vec<ListedRole>) -> Standing {
    let rank = listed.iter().map(|(_, rank, _)| *rank).max();
    let (mut roles, mut permissions) = (Vec::with_capacity(listed.len()), BTreeSet::new());
    for (name, _, granted) in listed {
        roles.push(name);
        permissions.extend(granted);
    }
    roles.sort_unstable();
    Standing {
        rank: rank.unwrap_or_default(),
        roles,
        permissions: permissions.into_iter().collect(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_standing_is_the_union_of_all_roles() {
        let text = r#"[["writer", 5, ["write", "read"]], ["reader", 7, ["read"]]]"#;
        let standing = standing(text).unwrap();
        assert_eq!(standing.rank, 7);
        assert_eq!(standing.roles, ["reader", "writer"]);
        assert_eq!(standing.permissions, ["read", "write"]);
    }

    #[test]
    fn a_standing_without_roles_is_empty() {
        assert_eq!(standing("[]"), Ok(standing_of(vec![])));
        assert_eq!(standing_of(vec![]).rank, 0);
    }
}
