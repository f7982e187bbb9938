//! Identities, and calls on them.

use auth_core::storage::*;
use futures::executor::block_on;

use crate::contract::given::basics::{at, id};
use crate::contract::given::users::{account, change, new_user};

pub(crate) const ISSUER: &str = "https://accounts.example.com";

/// Returns an identity of a user, by which they never signed in.
pub(crate) fn identity(user: u64, subject: &str) -> Identity {
    Identity {
        issuer: ISSUER.to_owned(),
        subject: subject.to_owned(),
        provider: "example".to_owned(),
        user_id: id(user),
        email: Some("Zoë@example.com".to_owned()),
        label: Some("Zoë \u{1f98a}".to_owned()),
        created_at: at(0),
        last_used_at: None,
        tokens: None,
    }
}

pub(crate) fn identity_key(subject: &str) -> IdentityKey {
    IdentityKey {
        issuer: ISSUER.to_owned(),
        subject: subject.to_owned(),
    }
}

/// Returns a user without keys who has these identities.
pub(crate) fn identified(number: u64, subjects: &[&str]) -> NewUser {
    NewUser {
        identities: subjects
            .iter()
            .map(|subject| identity(number, subject))
            .collect(),
        ..new_user(number, None, None)
    }
}

/// Returns a change that links an identity to a user in the current state.
pub(crate) fn linking(
    storage: &impl Storage,
    user: u64,
    subject: &str,
    number: u64,
    seconds: u64,
) -> UserChange {
    UserChange {
        adds_identities: vec![identity(user, subject)],
        ..change(&account(storage, user).user, number, seconds)
    }
}

/// Returns a change that unlinks an identity from a user in the current state, and ends all sessions.
pub(crate) fn unlinking(
    storage: &impl Storage,
    user: u64,
    subject: &str,
    number: u64,
    seconds: u64,
) -> UserChange {
    UserChange {
        removes_identities: vec![identity_key(subject)],
        ends_sessions: Some(SessionEnding {
            except: None,
            only: None,
            only_acting: false,
            reason: "identity_unlinked".to_owned(),
        }),
        ..change(&account(storage, user).user, number, seconds)
    }
}

pub(crate) fn find_identity(storage: &impl Storage, subject: &str) -> Option<IdentifiedAccount> {
    block_on(storage.find_identity(ISSUER.into(), subject.into())).unwrap()
}

/// Returns the number of the user who has an identity.
pub(crate) fn owner(storage: &impl Storage, subject: &str) -> Option<u64> {
    let found = find_identity(storage, subject)?;
    assert_eq!(found.identity.user_id, found.account.user.id);
    u64::from_str_radix(&found.identity.user_id[24..], 16).ok()
}

pub(crate) fn use_identity(storage: &impl Storage, subject: &str, seconds: u64) -> bool {
    let email = Some("new@example.com".to_owned());
    block_on(storage.use_identity(ISSUER.into(), subject.into(), email, at(seconds))).unwrap()
}

pub(crate) fn replace_tokens(
    storage: &impl Storage,
    subject: &str,
    expected: Option<&str>,
    replacement: Option<&str>,
) -> bool {
    block_on(storage.replace_identity_tokens(
        ISSUER.into(),
        subject.into(),
        expected.map(str::to_owned),
        replacement.map(str::to_owned),
    ))
    .unwrap()
}

/// Returns the subjects of a user's identities.
pub(crate) fn subjects(storage: &impl Storage, user: u64) -> Vec<String> {
    let identities = block_on(storage.list_identities(id(user))).unwrap();
    identities.into_iter().map(|one| one.subject).collect()
}
