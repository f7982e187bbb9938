//! Sessions and refresh tokens.

use std::time::Duration;

use auth_core::storage::*;
use futures::executor::block_on;

use crate::contract::given::basics::{at, id};
use crate::contract::given::users::{create, new_user};

pub(crate) fn session(number: u64, user: u64) -> Session {
    Session {
        id: id(number),
        user_id: id(user),
        client_id: None,
        actor_id: None,
        parent_id: None,
        amr: vec!["pwd".to_owned(), "otp".to_owned()],
        authenticated_at: at(1),
        created_at: at(1),
        last_seen_at: at(1),
        expires_at: at(1_000_000),
        ip: Some("192.0.2.1".to_owned()),
        token: None,
        user_agent: Some("test, with a comma".to_owned()),
        revoked_at: None,
        revocation_reason: None,
    }
}

/// Returns a session that expired before second 5.
pub(crate) fn expired(number: u64, user: u64) -> Session {
    Session {
        expires_at: at(1),
        ..session(number, user)
    }
}

pub(crate) fn start(storage: &impl Storage, session: Session, token: &str) -> ActiveSession {
    start_with(storage, session, token, false)
}

/// Starts a session with a token that may name its session.
pub(crate) fn start_with(
    storage: &impl Storage,
    session: Session,
    token: &str,
    names_session: bool,
) -> ActiveSession {
    let refresh_token = Some(RefreshToken {
        digest: token.to_owned(),
        expires_at: at(10_000),
        names_session,
    });
    match block_on(storage.start_session(NewSession {
        session,
        refresh_token,
        credential: None,
        identity: None,
        ends_others: false,
        continues: None,
        replaces: Vec::new(),
        events: vec![],
    }))
    .unwrap()
    {
        StartSessionOutcome::Started(started) => {
            assert!(started.ended.is_empty());
            started.active
        }
        outcome => panic!("{outcome:?}"),
    }
}

/// Creates user 1 with session 10 and its first refresh token.
pub(crate) fn signed_in(storage: &impl Storage) -> ActiveSession {
    create(storage, new_user(1, Some("ada@example.com"), None));
    start(storage, session(10, 1), "first")
}

pub(crate) fn rotate(
    storage: &impl Storage,
    presented: &str,
    successor: &str,
    seconds: u64,
) -> RotationOutcome {
    rotate_within(
        storage,
        Duration::from_secs(10),
        presented,
        successor,
        seconds,
    )
}

pub(crate) fn rotate_within(
    storage: &impl Storage,
    grace: Duration,
    presented: &str,
    successor: &str,
    seconds: u64,
) -> RotationOutcome {
    rotate_of(storage, None, grace, presented, successor, seconds)
}

/// Presents a token that names this session.
pub(crate) fn rotate_named(
    storage: &impl Storage,
    session: u64,
    presented: &str,
    successor: &str,
    seconds: u64,
) -> RotationOutcome {
    let grace = Duration::from_secs(10);
    rotate_of(storage, Some(session), grace, presented, successor, seconds)
}

pub(crate) fn rotate_of(
    storage: &impl Storage,
    session: Option<u64>,
    grace: Duration,
    presented: &str,
    successor: &str,
    seconds: u64,
) -> RotationOutcome {
    block_on(storage.rotate_refresh_token(Rotation {
        presented: presented.to_owned(),
        session: session.map(id),
        successor: RefreshToken {
            digest: successor.to_owned(),
            expires_at: at(seconds + 10_000),
            names_session: session.is_some(),
        },
        ciphertext: format!("sealed {successor}"),
        now: at(seconds),
        grace,
    }))
    .unwrap()
}

pub(crate) fn find(storage: &impl Storage, number: u64) -> ActiveSession {
    block_on(storage.find_session(id(number))).unwrap().unwrap()
}
