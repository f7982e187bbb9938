//! The core by itself, on a platform whose time and chance are under control.

#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "simulation/histories.rs"]
mod histories;
#[path = "simulation/interleaving.rs"]
mod interleaving;
#[path = "simulation/lockout.rs"]
mod lockout;

use std::time::Duration;

use auth_core::Platform as _;
use auth_core::storage::{AuditQuery, LoginName, Storage, TimeRange};
use auth_core::{
    Auth, Carrier, Client, Error, Login, LoginRequest, Registration, TokenPair, Tokens, totp,
};
use futures::executor::block_on;
use gatewright_tests::{MemoryStorage, Refusing, SimulatedPlatform, config};

const PASSWORD: &str = "correct horse battery staple";

fn auth(seed: u64, settings: &[(&str, &str)]) -> Auth<SimulatedPlatform> {
    Auth::new(SimulatedPlatform::new(seed), config(settings))
}

fn client() -> Client {
    Client {
        ip: Some("192.0.2.1".parse().unwrap()),
        user_agent: Some("a-test/1.0".into()),
        ..Client::default()
    }
}

fn register(auth: &Auth<SimulatedPlatform>, email: &str) -> TokenPair {
    let registration = Registration {
        email,
        password: PASSWORD,
        username: None,
        display_name: None,
        profile: None,
        carrier: Carrier::Jwt,
    };
    let registered = block_on(auth.register(registration, &client()));
    let registered = registered.map_err(|error| error.to_string()).ok().unwrap();
    // The mail that verifies the address is not what these tests are about.
    auth.platform().take_deferred();
    pair(registered.tokens.unwrap())
}

fn pair(tokens: Tokens) -> TokenPair {
    match tokens {
        Tokens::Jwt(pair) => pair,
        Tokens::Opaque(_) => panic!("an opaque token"),
    }
}

fn login(auth: &Auth<SimulatedPlatform>, name: &str, password: &str) -> Result<TokenPair, Error> {
    let request = LoginRequest {
        name,
        password,
        code: None,
        carrier: Carrier::Jwt,
    };
    match block_on(auth.login(request, &client()))? {
        Login::SignedIn(tokens) => Ok(pair(tokens)),
        Login::MfaRequired(_) => panic!("a second factor"),
    }
}

/// Does what was deferred, as a host does after the answer.
fn after_answer<S: Storage>(auth: &Auth<SimulatedPlatform<S>>) {
    loop {
        let deferred = auth.platform().take_deferred();
        if deferred.is_empty() {
            return;
        }
        for work in deferred {
            block_on(auth.run(work));
        }
    }
}

fn refresh(auth: &Auth<SimulatedPlatform>, tokens: &TokenPair) -> Result<TokenPair, Error> {
    block_on(auth.refresh(tokens.refresh_token.expose(), &client()))
}

/// Everything that a run hands out.
fn transcript(seed: u64, algorithm: &str) -> Vec<String> {
    let auth = auth(seed, &[("JWT_ALGORITHM", algorithm)]);
    let mut tokens = vec![
        register(&auth, "ada@example.com"),
        register(&auth, "bob@example.com"),
    ];
    for _ in 0..3 {
        auth.platform().advance(Duration::from_secs(600));
        tokens.push(login(&auth, "ada@example.com", PASSWORD).ok().unwrap());
        tokens.push(refresh(&auth, tokens.last().unwrap()).ok().unwrap());
    }
    let mut text: Vec<_> = tokens
        .iter()
        .map(|pair| format!("{} {}", pair.access_token, pair.refresh_token.expose()))
        .collect();
    text.push(block_on(auth.jwks()).unwrap());
    text.extend(auth.platform().log_lines());
    text
}

#[test]
fn the_same_seed_and_clock_give_the_same_bytes() {
    for algorithm in ["EdDSA", "ES256"] {
        assert_eq!(transcript(7, algorithm), transcript(7, algorithm));
        assert_ne!(transcript(7, algorithm), transcript(8, algorithm));
    }
}

#[test]
fn tokens_expire_by_the_platforms_clock() {
    let auth = auth(1, &[]);
    let tokens = register(&auth, "ada@example.com");
    auth.platform().advance(Duration::from_millis(899_999));
    assert!(block_on(auth.authenticate(&tokens.access_token)).is_ok());
    auth.platform().advance(Duration::from_millis(1));
    let expired = block_on(auth.authenticate(&tokens.access_token));
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
    assert!(block_on(auth.authenticate(&tokens.access_token)).is_err());
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

/// V10.4.5: tokens of before name no session; they go on, and a used one is still recognised.
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
        ends_others: false,
    };
    let started = block_on(auth.platform().storage().start_session(new));
    assert!(matches!(started, Ok(StartSessionOutcome::Started(_))));
    let refresh = |token: &str| block_on(auth.refresh(token, &client()));
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

/// Somebody who holds a used token may end its session, also where nothing is stored of the token.
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
    block_on(auth.logout_by_refresh_token(used, &client())).unwrap();
    assert!(block_on(auth.authenticate(&last.access_token)).is_err());
}

/// A refusal leaves the token as it was.
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

/// Where nothing ends, nothing is told: it could be asked for again and again.
#[test]
fn ending_no_session_is_no_event() {
    let auth = auth(1, &[]);
    let tokens = register(&auth, "ada@example.com");
    let ended = || {
        let lines = auth.platform().log_lines();
        let told = |line: &&String| line.contains("session.revoked");
        lines.iter().filter(told).count()
    };
    block_on(auth.logout_others(&tokens.active, &client())).unwrap();
    assert_eq!(ended(), 0);
    login(&auth, "ada@example.com", PASSWORD).ok().unwrap();
    block_on(auth.logout_others(&tokens.active, &client())).unwrap();
    assert_eq!(ended(), 1);
}

/// V6.3.5: the person is told, once.
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
    assert!(mail[0].text.contains("a-test"));
    assert_eq!(
        auth.platform()
            .log_lines()
            .iter()
            .filter(|line| line.contains("used twice"))
            .count(),
        1
    );
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

#[test]
fn nothing_secret_is_logged() {
    let auth = auth(1, &[]);
    let tokens = register(&auth, "ada@example.com");
    let _ = login(&auth, "ada@example.com", "a wrong password");
    let log = auth.platform().log_lines().join("\n");
    for secret in [
        PASSWORD,
        "a wrong password",
        tokens.refresh_token.expose(),
        &tokens.access_token,
        "argon2",
    ] {
        assert!(!log.contains(secret), "{log}");
    }
}

/// A hash of other parameters is replaced after the login that it was used for, which does not wait for it.
#[test]
fn a_password_is_rehashed_after_the_answer() {
    let storage = {
        let auth = auth(1, &[]);
        register(&auth, "ada@example.com");
        auth
    };
    let costlier = config(&[("ARGON2_ITERATIONS", "2")]);
    let auth = Auth::new(storage.into_platform(), costlier);
    let rehashed = || {
        let lines = auth.platform().log_lines();
        lines
            .iter()
            .filter(|line| line.contains("rehashed a password"))
            .count()
    };
    assert!(login(&auth, "ada@example.com", PASSWORD).is_ok());
    assert_eq!(rehashed(), 0);
    after_answer(&auth);
    assert_eq!(rehashed(), 1);
    assert!(login(&auth, "ada@example.com", PASSWORD).is_ok());
    after_answer(&auth);
    assert_eq!(rehashed(), 1);
}

/// A hash that another system made signs in, and is replaced after the answer.
#[test]
fn an_imported_hash_signs_in_and_is_rehashed() {
    // By PyPI bcrypt, cost 4, of the usual password here; see auth-core/src/password/foreign_vectors.json for the others.
    const IMPORTED: &str = "$2b$04$zHH/ihvsBtMWKcFnKGd20.HRVxfFwAw6do5hHWUp0mwFFtNRpBW52";
    let auth = auth(1, &[]);
    register(&auth, "ada@example.com");
    let storage = auth.platform().storage();
    let name = LoginName::Email("ada@example.com".to_owned());
    let stored = || {
        let account = block_on(storage.find_account(name.clone()))
            .unwrap()
            .unwrap();
        account.credentials[0].clone()
    };
    let own = stored();
    let now = auth.platform().now();
    let import = storage.replace_credential_secret(own.id, own.secret, IMPORTED.to_owned(), now);
    assert_eq!(block_on(import), Ok(true));
    assert_eq!(
        login(&auth, "ada@example.com", "not the right password").err(),
        Some(Error::InvalidCredentials)
    );
    assert!(login(&auth, "ada@example.com", PASSWORD).is_ok());
    assert_eq!(stored().secret, IMPORTED);
    after_answer(&auth);
    assert!(stored().secret.starts_with("$argon2id$"));
    assert!(login(&auth, "ada@example.com", PASSWORD).is_ok());
}

/// The right password is what rehashing needs; that a second factor is asked for next changes nothing.
#[test]
fn a_password_is_rehashed_also_where_a_second_factor_follows() {
    let auth = auth(1, &[]);
    let tokens = register(&auth, "ada@example.com");
    let enrolment = block_on(auth.enable_totp(&tokens.active, None, &client()));
    let key = enrolment.ok().unwrap().uri;
    let key = key
        .split("secret=")
        .nth(1)
        .unwrap()
        .split('&')
        .next()
        .unwrap();
    let key = base32_key(key);
    let code = totp::code(&key, auth.platform().now().as_secs() / totp::STEP);
    assert!(block_on(auth.confirm_totp(&tokens.active, &code, &client())).is_ok());
    after_answer(&auth);
    let costlier = config(&[("ARGON2_ITERATIONS", "2")]);
    let auth = Auth::new(auth.into_platform(), costlier);
    let request = LoginRequest {
        name: "ada@example.com",
        password: PASSWORD,
        code: None,
        carrier: Carrier::Jwt,
    };
    let challenged = block_on(auth.login(request, &client()));
    assert!(matches!(challenged, Ok(Login::MfaRequired(_))));
    after_answer(&auth);
    let lines = auth.platform().log_lines();
    assert!(
        lines
            .iter()
            .any(|line| line.contains("rehashed a password"))
    );
}

fn base32_key(text: &str) -> Vec<u8> {
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let digit = |c| alphabet.find(c).unwrap();
    let bits: String = text.chars().map(|c| format!("{:05b}", digit(c))).collect();
    let byte = |bits: &[u8]| u8::from_str_radix(std::str::from_utf8(bits).unwrap(), 2).unwrap();
    bits.as_bytes().chunks_exact(8).map(byte).collect()
}

/// What storage does not take at once is tried again, in order and never twice; what is lost all the same is in the log,
/// and counted as soon as storage takes anything.
#[test]
fn an_event_is_tried_again_and_a_lost_one_is_counted() {
    let storage = Refusing::new(MemoryStorage::default());
    let platform = SimulatedPlatform::with_storage(1, storage);
    let auth = Auth::new(platform, config(&[]));
    let fail = || {
        let request = LoginRequest {
            name: "nobody@example.com",
            password: PASSWORD,
            code: None,
            carrier: Carrier::Jwt,
        };
        assert!(block_on(auth.login(request, &client())).is_err());
        after_answer(&auth);
    };
    let storage = auth.platform().storage();
    let events = || {
        let all = AuditQuery {
            kind: None,
            actor_id: None,
            target_id: None,
            at: TimeRange::default(),
            after: None,
            limit: 100,
        };
        let events = block_on(storage.list_audit(all)).unwrap().into_iter();
        let event = |event: auth_core::storage::AuditEvent| (event.kind, event.details);
        let mut events: Vec<_> = events.map(event).collect();
        events.sort();
        events
    };
    let failed = || ("login.failed".to_owned(), "{}".to_owned());
    storage.refuse("append_audit", 3);
    fail();
    assert_eq!(events(), [failed()]);
    storage.refuse("append_audit", 5);
    fail();
    fail();
    assert_eq!(events(), [failed()]);
    let lines = auth.platform().log_lines();
    let lost = lines
        .iter()
        .filter(|line| line.contains("in this log alone"));
    assert_eq!(lost.count(), 2);
    assert_eq!(
        storage.refuse("append_audit", 0),
        0,
        "they were all used up"
    );
    fail();
    let lost = ("audit.lost".to_owned(), r#"{"number":2}"#.to_owned());
    assert_eq!(events(), [lost.clone(), failed(), failed()]);
    fail();
    assert_eq!(events(), [lost, failed(), failed(), failed()]);
}
