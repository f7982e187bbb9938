//! Access and refresh tokens.

use std::time::Duration;

use auth_core::storage::Sessions as _;
use auth_core::{Error, Platform as _};
use futures::executor::block_on;
use gatewright_tests::simulation::after_answer;

use super::{auth, client, refresh, register};

/// Clocks can differ by five seconds.
#[test]
fn tokens_expire_by_the_platforms_clock() {
    let auth = auth(1, &[]);
    let tokens = register(&auth, "ada@example.com");
    auth.platform().advance(Duration::from_millis(904_999));
    assert!(block_on(auth.sessions().authenticate(&tokens.access_token)).is_ok());
    auth.platform().advance(Duration::from_millis(1));
    let expired = block_on(auth.sessions().authenticate(&tokens.access_token));
    assert_eq!(
        expired.unwrap_err(),
        Error::AccessToken(auth_core::AccessTokenError::Expired)
    );
    auth.platform().advance(Duration::from_secs(7 * 86_400));
    assert_eq!(refresh(&auth, &tokens).err(), Some(Error::RefreshToken));
}

#[test]
fn refreshing_slides_up_to_the_end_of_the_session() {
    let auth = auth(1, &[("SESSION_EXPIRE_DAYS", "10")]);
    let mut tokens = register(&auth, "ada@example.com");
    for _ in 0..9 {
        auth.platform().advance(Duration::from_secs(86_400));
        tokens = refresh(&auth, &tokens).ok().unwrap();
    }
    auth.platform().advance(Duration::from_secs(86_400 - 60));
    tokens = refresh(&auth, &tokens).ok().unwrap();
    assert_eq!(tokens.expires_in, 60);
    auth.platform().advance(Duration::from_secs(60));
    assert!(block_on(auth.sessions().authenticate(&tokens.access_token)).is_err());
    assert_eq!(refresh(&auth, &tokens).err(), Some(Error::RefreshToken));
}

#[test]
fn a_lost_reply_is_repeated_within_the_grace_window_and_no_later() {
    let auth = auth(1, &[]);
    let tokens = register(&auth, "ada@example.com");
    let lost = refresh(&auth, &tokens).ok().unwrap();
    auth.platform().advance(Duration::from_millis(9_999));
    let again = refresh(&auth, &tokens).ok().unwrap();
    assert!(again.refresh_token == lost.refresh_token);
    assert!(auth.platform().take_deferred().is_empty());
    auth.platform().advance(Duration::from_millis(1));
    assert_eq!(refresh(&auth, &tokens).err(), Some(Error::RefreshToken));
    assert_eq!(refresh(&auth, &again).err(), Some(Error::RefreshToken));
}

/// V10.4.5: refresh tokens of earlier versions name no session; they continue to work, and a used one is still
/// recognised.
#[test]
fn a_token_of_an_earlier_version_goes_on() {
    use auth_core::storage::{NewSession, RefreshToken, StartSessionOutcome};
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use sha2::{Digest as _, Sha256};

    let auth = auth(1, &[]);
    let tokens = register(&auth, "ada@example.com");
    let mut session = tokens.active.session;
    session.id = "018bcfe5-6800-7000-8000-00000000beef".to_owned();
    let earlier = URL_SAFE_NO_PAD.encode([7; 32]);
    let refresh_token = Some(RefreshToken {
        digest: URL_SAFE_NO_PAD.encode(Sha256::digest(&earlier)),
        expires_at: session.expires_at,
        names_session: false,
    });
    let new = NewSession {
        session,
        refresh_token,
        credential: None,
        identity: None,
        ends_others: false,
        continues: None,
        replaces: Vec::new(),
        events: vec![],
    };
    let started = block_on(auth.platform().storage().start_session(new));
    assert!(matches!(started, Ok(StartSessionOutcome::Started(_))));
    let refresh = |token: &str| block_on(auth.sessions().refresh(token, &client()));
    let second = refresh(&earlier).ok().unwrap();
    let again = refresh(&earlier).ok().unwrap();
    assert!(again.refresh_token == second.refresh_token);
    let mut last = second.refresh_token;
    for _ in 0..3 {
        auth.platform().advance(Duration::from_secs(60));
        last = refresh(last.expose()).ok().unwrap().refresh_token;
    }
    assert_eq!(refresh(&earlier).err(), Some(Error::RefreshToken));
    assert_eq!(refresh(last.expose()).err(), Some(Error::RefreshToken));
}

/// The holder of a used token can end its session, even if no row of the token is stored.
#[test]
fn a_used_token_ends_its_session() {
    let auth = auth(1, &[]);
    let tokens = register(&auth, "ada@example.com");
    let mut last = refresh(&auth, &tokens).ok().unwrap();
    for _ in 0..3 {
        auth.platform().advance(Duration::from_secs(60));
        last = refresh(&auth, &last).ok().unwrap();
    }
    let used = tokens.refresh_token.expose();
    block_on(auth.sessions().logout_by_refresh_token(used, &client())).unwrap();
    assert!(block_on(auth.sessions().authenticate(&last.access_token)).is_err());
}

/// V6.3.5: the user is notified once.
#[test]
fn a_reuse_is_told_to_the_person_and_the_operator() {
    let auth = auth(1, &[]);
    let tokens = register(&auth, "Ada@example.com");
    refresh(&auth, &tokens).ok().unwrap();
    auth.platform().advance(Duration::from_secs(60));
    for _ in 0..3 {
        assert_eq!(refresh(&auth, &tokens).err(), Some(Error::RefreshToken));
    }
    assert!(auth.platform().mail().is_empty(), "before the answer");
    after_answer(&auth);
    let mail = auth.platform().mail();
    assert_eq!(mail.len(), 1);
    assert_eq!(
        (mail[0].to.as_str(), mail[0].kind.as_str()),
        ("Ada@example.com", "refresh_token_reuse")
    );
    // The attacker chose the program's name: no mail repeats it.
    assert!(!mail[0].text.contains("a-test"));
    assert_eq!(
        auth.platform()
            .log_lines()
            .iter()
            .filter(|line| line.contains("used twice"))
            .count(),
        1
    );
}
