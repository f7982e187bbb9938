//! Rate limits.

use std::time::Duration;

use auth_core::Error;
use gatewright_tests::host::PASSWORD;

use super::{auth, login, refresh, register};

/// A refused request leaves the token unchanged.
#[test]
fn refreshes_of_a_session_are_limited() {
    let auth = auth(1, &[("REFRESHES_PER_SESSION", "3")]);
    let mut tokens = register(&auth, "ada@example.com");
    let elsewhere = login(&auth, "ada@example.com", PASSWORD).ok().unwrap();
    for _ in 0..3 {
        tokens = refresh(&auth, &tokens).ok().unwrap();
    }
    for _ in 0..2 {
        let limited = refresh(&auth, &tokens).err();
        assert_eq!(limited, Some(Error::RateLimited { retry_after: 900 }));
    }
    assert!(refresh(&auth, &elsewhere).is_ok());
    auth.platform().advance(Duration::from_secs(900));
    assert!(refresh(&auth, &tokens).is_ok());
}

#[test]
fn a_limit_ends_with_its_window() {
    let auth = auth(1, &[("LOGIN_ATTEMPTS_PER_ACCOUNT", "2")]);
    register(&auth, "ada@example.com");
    for _ in 0..2 {
        assert_eq!(
            login(&auth, "ada@example.com", "wrong").err(),
            Some(Error::InvalidCredentials)
        );
    }
    let limited = login(&auth, "ada@example.com", PASSWORD).err();
    assert_eq!(limited, Some(Error::RateLimited { retry_after: 900 }));
    auth.platform().advance(Duration::from_secs(899));
    assert_eq!(
        login(&auth, "ada@example.com", PASSWORD).err(),
        Some(Error::RateLimited { retry_after: 1 })
    );
    auth.platform().advance(Duration::from_secs(1));
    assert!(login(&auth, "ada@example.com", PASSWORD).is_ok());
}
