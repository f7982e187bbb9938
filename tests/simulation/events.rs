//! Audit events in the log and in storage.

use auth_core::storage::{Audit as _, AuditQuery, TimeRange};
use auth_core::{Auth, LoginRequest, Platform as _, TokenFormat};
use futures::executor::block_on;
use gatewright_tests::host::PASSWORD;
use gatewright_tests::simulation::after_answer;
use gatewright_tests::{MemoryStorage, Refusing, SimulatedPlatform, config};

use super::{auth, client, login, register};

/// A request that ends no session records no event, because it could be repeated without limit.
#[test]
fn ending_no_session_is_no_event() {
    let auth = auth(1, &[]);
    let tokens = register(&auth, "ada@example.com");
    let ended = || {
        let lines = auth.platform().log_lines();
        let told = |line: &&String| line.contains("session.revoked");
        lines.iter().filter(told).count()
    };
    block_on(auth.sessions().logout_others(&tokens.active, &client())).unwrap();
    assert_eq!(ended(), 0);
    login(&auth, "ada@example.com", PASSWORD).ok().unwrap();
    block_on(auth.sessions().logout_others(&tokens.active, &client())).unwrap();
    assert_eq!(ended(), 1);
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

/// Events that storage refuses are stored later, in order and never twice. Lost events are still in the log, and are
/// counted once storage accepts anything.
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
            token_format: TokenFormat::Jwt,
            replaces: &[],
        };
        assert!(block_on(auth.sign_in().login(request, &client())).is_err());
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
        let events = block_on(storage.list_audit(all))
            .unwrap()
            .events
            .into_iter();
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
        .filter(|line| line.contains("it is only in this log"));
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
