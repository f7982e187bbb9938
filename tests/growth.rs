//! The disk space that one user can fill, as stated in `docs/security-model.md`.

#![allow(clippy::unwrap_used, reason = "tests")]
#![allow(clippy::print_stdout, reason = "the sizes are what one wants to read")]

use std::path::Path;
use std::time::Duration;

use auth_core::{AccountUpdate, Auth, Client, Error, Evidence, Registration, Timestamp, TokenPair};
use futures::executor::block_on;
use gatewright::Sqlite;
use gatewright_storage_sqlite::{SqliteStorage, migrate};
use gatewright_tests::host::PASSWORD;
use gatewright_tests::simulation::{self, after_answer};
use gatewright_tests::{SimulatedPlatform, config};
use serde_json::json;

type Service = Auth<SimulatedPlatform<SqliteStorage<Sqlite>>>;

const EMAIL: &str = "ada@example.com";
/// The maximum growth in megabytes per day that one user can cause from one network. `docs/security-model.md` names it.
const MAX_PER_DAY: u64 = 20;
/// The maximum growth in megabytes per day from one network, with any number of accounts. `docs/security-model.md` names
/// it, too.
const MAX_PER_DAY_OF_NETWORK: u64 = 120;
/// Settings with a tenth of the limits, to keep the test short.
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
/// Settings with a twenty-fifth of a network's limits.
const TWENTY_FIFTH: [(&str, &str); 3] = [
    ("LOGIN_ATTEMPTS_PER_IP", "8"),
    ("MAILS_PER_IP", "2"),
    (
        "PROFILE_FIELDS",
        r#"[{"name": "about", "type": "string", "max_length": 4000}]"#,
    ),
];
const WINDOWS_OF_A_DAY: u32 = 96;
/// A number of attempts above every limit of the test.
const PERSISTENT: usize = 20;

fn client() -> Client {
    Client {
        ip: Some("2001:db8:ffff:ffff:ffff:ffff:ffff:ffff".parse().unwrap()),
        user_agent: Some("a".repeat(512)),
        request_id: Some("r".repeat(64)),
        device: None,
    }
}

fn service(folder: &Path, settings: &[(&str, &str)]) -> (Service, Sqlite) {
    let sqlite = Sqlite::open(&folder.join("test.db")).unwrap();
    block_on(migrate(&sqlite, Timestamp::from_millis(1))).unwrap();
    let platform = SimulatedPlatform::with_storage(1, SqliteStorage::new(sqlite.clone()));
    (Auth::new(platform, config(settings)), sqlite)
}

fn register(auth: &Service) -> TokenPair {
    let registration = Registration {
        username: Some("ada"),
        ..simulation::registration(EMAIL)
    };
    simulation::register(auth, registration, &client())
}

fn login(auth: &Service, name: &str, password: &str) -> Result<TokenPair, Error> {
    simulation::login(auth, name, password, &client())
}

/// Returns the size of the database in bytes, without its log.
fn size(folder: &Path) -> u64 {
    let path = folder.join("test.db");
    let connection = rusqlite::Connection::open(&path).unwrap();
    let checkpoint = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
    checkpoint.unwrap();
    path.metadata().unwrap().len()
}

/// Repeats every action of a signed-in user until it is refused.
fn do_everything(auth: &Service, tokens: &mut TokenPair, window: u32) {
    let client = client();
    let limited = |error: Error| assert!(matches!(error, Error::RateLimited { .. }), "{error}");
    for round in 0..PERSISTENT {
        let active = &tokens.active.clone();
        match block_on(
            auth.sessions()
                .refresh(tokens.refresh_token.expose(), &client),
        ) {
            Ok(next) => *tokens = next,
            Err(error) => limited(error),
        }
        let about = json!({"about": format!("{window} {round} {}", "x".repeat(3900))});
        let update = AccountUpdate {
            profile: about.as_object(),
            ..AccountUpdate::default()
        };
        if let Err(error) = block_on(auth.accounts().update(active, update, &client)) {
            limited(error);
        }
        for name in [EMAIL, "ada"] {
            // Correct ones stop at the daily limit, wrong ones continue.
            let password = if window < 40 { PASSWORD } else { "wrong" };
            match login(auth, name, password) {
                Ok(session) => {
                    block_on(auth.sessions().logout_others(&session.active, &client)).unwrap();
                    *tokens = session;
                }
                Err(Error::InvalidCredentials | Error::RateLimited { .. }) => {}
                Err(error) => panic!("{error}"),
            }
        }
        for email in ["ada2@example.com", "ada3@example.com"] {
            match block_on(auth.accounts().change_email(
                active,
                email,
                Evidence::password(PASSWORD),
                &client,
            )) {
                Ok(()) | Err(Error::RateLimited { .. }) => {}
                Err(error) => panic!("{error}"),
            }
        }
        let _ = block_on(auth.mfa().enable_totp(active, Evidence::default(), &client));
        let _ = block_on(auth.accounts().change_password(
            active,
            Evidence::password("wrong"),
            PASSWORD,
            &client,
        ));
        let _ = block_on(auth.accounts().forgot_password(EMAIL, &client));
        let _ = block_on(auth.accounts().resend_verification(EMAIL, &client));
        after_answer(auth);
    }
}

/// V2.4.1: from one network, with every action repeated.
#[test]
fn what_one_person_adds_in_a_day_is_bounded() {
    let folder = tempfile::tempdir().unwrap();
    let (auth, sqlite) = service(folder.path(), &TENTH);
    let first = register(&auth);
    after_answer(&auth);
    let before = size(folder.path());
    let mut tokens = first;
    for window in 0..WINDOWS_OF_A_DAY {
        if let Ok(session) = login(&auth, EMAIL, PASSWORD) {
            tokens = session;
        }
        do_everything(&auth, &mut tokens, window);
        auth.platform().advance(Duration::from_secs(900));
    }
    let added = size(folder.path()) - before;
    println!("a tenth of the limits adds {added} bytes in a day");
    assert!(added * 10 <= MAX_PER_DAY << 20, "{added}");
    sqlite.close();
}

/// An attempt from a network.
#[derive(Clone, Copy, Debug)]
enum Attempt {
    /// At an unknown name.
    Fails,
    /// With the correct password of one of many accounts.
    SignsIn,
}

/// Registers a user whose fields all have their maximum length.
fn register_long(auth: &Service, number: u32) -> Result<TokenPair, Error> {
    let label = "l".repeat(50);
    let email = format!(
        "{}{number:010}@{label}.{label}.{label}.example.com",
        "a".repeat(54)
    );
    let about = json!({"about": "x".repeat(4000)});
    let registration = Registration {
        username: Some(&format!("{}{number:010}", "u".repeat(22))),
        display_name: Some(&"\u{10ffff}".repeat(100)),
        profile: about.as_object(),
        ..simulation::registration(&email)
    };
    let registered = block_on(auth.accounts().register(registration, &client()))?;
    Ok(simulation::pair(registered.tokens.unwrap()))
}

/// Repeats an action until a limit refuses it, and returns how often it succeeded.
fn until_refused(mut what: impl FnMut(u32) -> Result<(), Error>) -> u32 {
    for number in 0.. {
        match what(number) {
            Ok(()) | Err(Error::InvalidCredentials | Error::MfaEnabled) => {}
            Err(Error::RateLimited { .. }) => return number,
            Err(error) => panic!("{error}"),
        }
    }
    unreachable!("it is refused some time")
}

/// V2.4.1: from one network, by all the accounts that it can register.
#[test]
fn what_one_network_adds_in_a_day_is_bounded() {
    for attempt in [Attempt::Fails, Attempt::SignsIn] {
        let folder = tempfile::tempdir().unwrap();
        let (auth, sqlite) = service(folder.path(), &TWENTY_FIFTH);
        let before = size(folder.path());
        let mut accounts = Vec::new();
        let (mut registered, mut attempts, mut changes, mut factors) = (0, 0, 0, 0);
        for window in 0..WINDOWS_OF_A_DAY {
            registered += until_refused(|number| {
                let pair = register_long(&auth, window * 1000 + number)?;
                accounts.push(pair.active);
                Ok(())
            });
            attempts += until_refused(|number| match attempt {
                Attempt::Fails => {
                    let name = format!("nobody-{window}-{number}@example.com");
                    login(&auth, &name, "wrong").map(drop)
                }
                Attempt::SignsIn => {
                    let place = (attempts + number) as usize % accounts.len();
                    let email = accounts[place].user.email.clone().unwrap();
                    accounts[place] = login(&auth, &email, PASSWORD)?.active;
                    let client = client();
                    let others = auth.sessions().logout_others(&accounts[place], &client);
                    block_on(others).map(drop)
                }
            });
            // Every account takes part, so that the network's limits apply first.
            for active in accounts.iter().skip(window as usize % 10).step_by(10) {
                let about = json!({"about": format!("{window} {}", "x".repeat(3900))});
                let update = AccountUpdate {
                    profile: about.as_object(),
                    ..AccountUpdate::default()
                };
                let changed = block_on(auth.accounts().update(active, update, &client()));
                changes += u32::from(changed.is_ok());
                factors += u32::from(
                    block_on(
                        auth.mfa()
                            .enable_totp(active, Evidence::default(), &client()),
                    )
                    .is_ok(),
                );
            }
            let nobody = |kind: &str, number| format!("{kind}-{window}-{number}@example.com");
            until_refused(|number| {
                block_on(
                    auth.accounts()
                        .forgot_password(&nobody("f", number), &client()),
                )
            });
            until_refused(|number| {
                block_on(
                    auth.accounts()
                        .resend_verification(&nobody("r", number), &client()),
                )
            });
            after_answer(&auth);
            auth.platform().advance(Duration::from_secs(900));
        }
        let added = size(folder.path()) - before;
        println!(
            "a twenty-fifth of the limits: {registered} registrations, {attempts} attempts ({attempt:?}), {changes} changes and \
             {factors} factors add {added} bytes in a day"
        );
        assert_eq!((registered, changes), (80, 80));
        assert!(factors <= 80);
        assert!(added * 25 <= MAX_PER_DAY_OF_NETWORK << 20, "{added}");
        sqlite.close();
    }
}

/// Refreshing a session many times doesn't grow the database.
#[test]
fn refreshing_adds_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (auth, sqlite) = service(folder.path(), &TENTH);
    let mut tokens = register(&auth);
    after_answer(&auth);
    let mut sizes = Vec::new();
    for _ in 0..2 {
        for _ in 0..100 {
            auth.platform().advance(Duration::from_secs(90));
            let token = tokens.refresh_token.expose();
            tokens = block_on(auth.sessions().refresh(token, &client()))
                .ok()
                .unwrap();
        }
        sizes.push(size(folder.path()));
    }
    assert_eq!(sizes[0], sizes[1]);
    sqlite.close();
}
