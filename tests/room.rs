//! How much room one person can take on the disk: what SECURITY.md states.

#![allow(clippy::unwrap_used, reason = "tests")]
#![allow(clippy::print_stdout, reason = "the sizes are what one wants to read")]

use std::path::Path;
use std::time::Duration;

use auth_core::storage::ActiveSession;
use auth_core::{
    AccountUpdate, Auth, Carrier, Client, Error, Login, LoginRequest, Registration, Timestamp,
    TokenPair, Tokens,
};
use futures::executor::block_on;
use gatewright::Sqlite;
use gatewright_storage_sqlite::{SqlStorage, migrate};
use gatewright_tests::{SimulatedPlatform, config};
use serde_json::json;

type Service = Auth<SimulatedPlatform<SqlStorage<Sqlite>>>;

const PASSWORD: &str = "correct horse battery staple";
/// Megabytes that one person adds in a day at most, from one network. SECURITY.md names this number.
const MOST_A_DAY: u64 = 20;
/// The test does a tenth of what the settings allow.
const TENTH: [(&str, &str); 6] = [
    ("SIGN_INS_PER_USER", "10"),
    ("CHANGES_PER_USER", "6"),
    ("REFRESHES_PER_SESSION", "12"),
    ("LOGIN_ATTEMPTS_PER_ACCOUNT", "2"),
    ("MAILS_PER_ADDRESS", "1"),
    (
        "PROFILE_FIELDS",
        r#"[{"name": "about", "type": "string", "max_length": 4000}]"#,
    ),
];
const WINDOWS_OF_A_DAY: u32 = 96;
/// More than any limit of the test.
const PERSISTENT: usize = 20;

fn client() -> Client {
    Client {
        ip: Some("2001:db8:ffff:ffff:ffff:ffff:ffff:ffff".parse().unwrap()),
        user_agent: Some("a".repeat(512)),
        request_id: Some("r".repeat(64)),
        device: None,
    }
}

fn service(folder: &Path) -> (Service, Sqlite) {
    let sqlite = Sqlite::open(&folder.join("test.db")).unwrap();
    block_on(migrate(&sqlite, Timestamp::from_millis(1))).unwrap();
    let platform = SimulatedPlatform::with_storage(1, SqlStorage::new(sqlite.clone()));
    (Auth::new(platform, config(&TENTH)), sqlite)
}

fn pair(tokens: Tokens) -> TokenPair {
    match tokens {
        Tokens::Jwt(pair) => pair,
        Tokens::Opaque(_) => panic!("an opaque token"),
    }
}

fn register(auth: &Service) -> TokenPair {
    let registration = Registration {
        email: "ada@example.com",
        password: PASSWORD,
        username: Some("ada"),
        display_name: None,
        profile: None,
        carrier: Carrier::Jwt,
    };
    let registered = block_on(auth.register(registration, &client())).ok();
    pair(registered.unwrap().tokens.unwrap())
}

fn login(auth: &Service, name: &str, password: &str) -> Result<TokenPair, Error> {
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

fn after_answer(auth: &Service) {
    for work in auth.platform().take_deferred() {
        block_on(auth.run(work));
    }
}

/// Bytes of the database, without its log.
fn size(folder: &Path) -> u64 {
    let path = folder.join("test.db");
    let connection = rusqlite::Connection::open(&path).unwrap();
    let checkpoint = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
    checkpoint.unwrap();
    path.metadata().unwrap().len()
}

/// Everything that a signed-in person can ask for again and again, until it is refused.
fn do_everything(auth: &Service, active: &ActiveSession, tokens: &mut TokenPair, window: u32) {
    let client = client();
    let limited = |error: Error| assert!(matches!(error, Error::RateLimited { .. }), "{error}");
    for round in 0..PERSISTENT {
        match block_on(auth.refresh(tokens.refresh_token.expose(), &client)) {
            Ok(next) => *tokens = next,
            Err(error) => limited(error),
        }
        let about = json!({"about": format!("{window} {round} {}", "x".repeat(3900))});
        let update = AccountUpdate {
            profile: about.as_object(),
            ..AccountUpdate::default()
        };
        if let Err(error) = block_on(auth.update_account(active, update, &client)) {
            limited(error);
        }
        for name in ["ada@example.com", "ada"] {
            // Right ones end at the limit of a day, wrong ones go on.
            let password = if window < 40 { PASSWORD } else { "wrong" };
            match login(auth, name, password) {
                Ok(session) => {
                    block_on(auth.logout_others(&session.active, &client)).unwrap();
                    *tokens = session;
                }
                Err(Error::InvalidCredentials | Error::RateLimited { .. }) => {}
                Err(error) => panic!("{error}"),
            }
        }
        for email in ["ada2@example.com", "ada3@example.com"] {
            match block_on(auth.change_email(active, email, PASSWORD, &client)) {
                Ok(()) | Err(Error::RateLimited { .. }) => {}
                Err(error) => panic!("{error}"),
            }
        }
        let _ = block_on(auth.enable_totp(active, None, &client));
        let _ = block_on(auth.change_password(active, "wrong", PASSWORD, &client));
        let _ = block_on(auth.forgot_password("ada@example.com", &client));
        let _ = block_on(auth.resend_verification("ada@example.com", &client));
        after_answer(auth);
    }
}

/// V2.4.1: from one network, whatever is asked for again and again.
#[test]
fn what_one_person_adds_in_a_day_is_bounded() {
    let folder = tempfile::tempdir().unwrap();
    let (auth, sqlite) = service(folder.path());
    let first = register(&auth);
    after_answer(&auth);
    let before = size(folder.path());
    let mut tokens = first;
    for window in 0..WINDOWS_OF_A_DAY {
        if let Ok(session) = login(&auth, "ada@example.com", PASSWORD) {
            tokens = session;
        }
        let active = tokens.active.clone();
        do_everything(&auth, &active, &mut tokens, window);
        auth.platform().advance(Duration::from_secs(900));
    }
    let added = size(folder.path()) - before;
    println!("a tenth of the limits adds {added} bytes in a day");
    assert!(added * 10 <= MOST_A_DAY << 20, "{added}");
    sqlite.close();
}

/// However often a session is refreshed.
#[test]
fn refreshing_adds_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (auth, sqlite) = service(folder.path());
    let mut tokens = register(&auth);
    after_answer(&auth);
    let mut sizes = Vec::new();
    for _ in 0..2 {
        for _ in 0..100 {
            auth.platform().advance(Duration::from_secs(90));
            let token = tokens.refresh_token.expose();
            tokens = block_on(auth.refresh(token, &client())).ok().unwrap();
        }
        sizes.push(size(folder.path()));
    }
    assert_eq!(sizes[0], sizes[1]);
    sqlite.close();
}
