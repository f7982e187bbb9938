//! Users, and calls on them.

use auth_core::storage::*;
use futures::executor::block_on;

use crate::contract::given::basics::{at, id, names, times};

pub(crate) fn new_user(
    number: u64,
    email_key: Option<&str>,
    username_key: Option<&str>,
) -> NewUser {
    NewUser {
        user: User {
            id: id(number),
            email: email_key.map(str::to_uppercase),
            email_verified_at: None,
            email_proved_at: None,
            username: username_key.map(str::to_uppercase),
            display_name: Some("Zoë \u{1f98a}".to_owned()),
            profile: r#"{"team": "a,b"}"#.to_owned(),
            disabled_at: None,
            locked_until: None,
            created_at: at(0),
            updated_at: at(0),
            last_login_at: None,
        },
        email_key: email_key.map(str::to_owned),
        username_key: username_key.map(str::to_owned),
        credentials: vec![Credential {
            id: id(number + 1000),
            user_id: id(number),
            kind: "password".to_owned(),
            secret: "$argon2id$first".to_owned(),
            counter: None,
            label: None,
            created_at: at(0),
            updated_at: at(0),
            last_used_at: None,
        }],
        identities: vec![],
        roles: vec!["user".to_owned()],
        search_terms: vec![],
        unless_role_assigned: None,
        grounds: None,
        events: vec![],
    }
}

/// Returns a user with this role only.
pub(crate) fn with_role(number: u64, role: &str) -> NewUser {
    NewUser {
        roles: names(&[role]),
        ..new_user(number, None, None)
    }
}

/// Returns a user with these keys and terms.
pub(crate) fn known_by(
    number: u64,
    email: Option<&str>,
    username: Option<&str>,
    terms: &[&str],
) -> NewUser {
    NewUser {
        search_terms: names(terms),
        ..new_user(number, email, username)
    }
}

pub(crate) fn create(storage: &impl Storage, user: NewUser) {
    assert_eq!(
        block_on(storage.create_user(user)),
        Ok(CreateUserOutcome::Created)
    );
}

/// Creates users in one call, whose identifier has the number of the first.
pub(crate) fn create_all(storage: &impl Storage, users: impl IntoIterator<Item = NewUser>) {
    let users: Vec<_> = users.into_iter().collect();
    let (call, count) = (users[0].user.id.replacen("018b", "018c", 1), users.len());
    let outcomes = block_on(storage.create_users(call, users, None)).unwrap();
    assert_eq!(times(&outcomes, CreateUserOutcome::Created), count);
}

pub(crate) fn member(storage: &impl Storage, number: u64) -> Option<UserDetails> {
    block_on(storage.find_user(id(number))).unwrap()
}

pub(crate) fn account(storage: &impl Storage, number: u64) -> Account {
    block_on(storage.find_account(LoginName::Id(id(number))))
        .unwrap()
        .unwrap()
}

pub(crate) fn roles(storage: &impl Storage, number: u64) -> Vec<String> {
    member(storage, number).unwrap().roles
}

/// Returns a change of the display name, as of these seconds.
pub(crate) fn change(user: &User, number: u64, seconds: u64) -> UserChange {
    UserChange {
        id: id(number),
        user: User {
            display_name: Some(format!("by {number}")),
            updated_at: at(seconds),
            ..user.clone()
        },
        email_key: user.email.as_ref().map(|email| email.to_lowercase()),
        username_key: user.username.as_ref().map(|name| name.to_lowercase()),
        expected_updated_at: user.updated_at,
        consumes: None,
        invalidates: None,
        deletes_credentials: vec![],
        credentials: vec![],
        removes_identities: vec![],
        adds_identities: vec![],
        adds_roles: vec![],
        removes_roles: vec![],
        ends_sessions: None,
        search_terms: vec![],
        require_remaining_holder: None,
        grounds: None,
        events: vec![],
    }
}

/// Returns the change with this address in addition.
pub(crate) fn with_address(mut change: UserChange, email: Option<&str>) -> UserChange {
    change.user.email = email.map(str::to_owned);
    change.email_key = email.map(str::to_lowercase);
    change
}

pub(crate) fn apply(storage: &impl Storage, change: UserChange) -> ChangeOutcome {
    block_on(storage.change_user(change)).unwrap()
}

/// Deletes a user in the current state, if the user exists.
pub(crate) fn delete_seen(
    storage: &impl Storage,
    number: u64,
    keeps: Option<&str>,
) -> DeleteUserOutcome {
    let seen =
        member(storage, number).map_or_else(|| at(0), |member| member.account.user.updated_at);
    block_on(storage.delete_user(
        id(number),
        seen,
        at(1),
        keeps.map(str::to_owned),
        None,
        vec![],
    ))
    .unwrap()
}

pub(crate) fn delete(storage: &impl Storage, number: u64) -> DeleteUserOutcome {
    delete_seen(storage, number, None)
}
