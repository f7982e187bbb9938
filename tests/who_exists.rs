//! V6.3.8: a response doesn't reveal whether an account exists, neither by its content nor by the work behind it. The
//! tests count work (hashes and storage calls) and never measure time.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;
use std::sync::Mutex;

use auth_core::password::{HashKind, Hasher, Parameters};
use auth_core::storage::*;
use auth_core::{
    Actor, Auth, Client, Error, ImportOptions, ImportOutcome, ImportUser, LoginRequest,
    Platform as _, Registration, Timestamp, TokenFormat,
};
use futures::executor::block_on;
use gatewright_tests::{MemoryStorage, SimulatedPlatform, config};

const PASSWORD: &str = "correct horse battery staple";
const WRONG: &str = "not the right password";

/// Storage that records its calls.
#[derive(Default)]
struct Watched {
    storage: MemoryStorage,
    calls: Mutex<Vec<&'static str>>,
}

macro_rules! watch {
    ($($noun:ident in $module:ident {
        $($name:ident($($argument:ident: $ty:ty),*) -> $output:ty;)*
    })*) => {
        $(impl $noun for Watched {
            $(async fn $name(&self, $($argument: $ty),*) -> Result<$output, StorageError> {
                self.calls.lock().unwrap().push(stringify!($name));
                self.storage.$name($($argument),*).await
            })*
        })*
    };
}
auth_core::storage::storage_functions!(watch);

type Service = Auth<SimulatedPlatform<Watched>>;

fn service(settings: &[(&str, &str)]) -> Service {
    let platform = SimulatedPlatform::with_storage(1, Watched::default());
    Auth::new(platform, config(settings))
}

/// The work of one request, before and after the response.
#[derive(Debug, PartialEq, Eq)]
struct Done {
    error: Option<Error>,
    hashes: BTreeMap<HashKind, u64>,
    calls: Vec<&'static str>,
    after: Vec<&'static str>,
}

fn watch<T>(auth: &Service, request: impl Future<Output = Result<T, Error>>) -> Done {
    let calls = || std::mem::take(&mut *auth.platform().storage().calls.lock().unwrap());
    let before = auth.hasher().work_done();
    calls();
    let error = block_on(request).err();
    let ready_now = calls();
    let mut hashes = auth.hasher().work_done();
    for (kind, units) in &mut hashes {
        *units -= before.get(kind).copied().unwrap_or_default();
    }
    for work in auth.platform().take_deferred() {
        block_on(auth.run(work));
    }
    Done {
        error,
        hashes,
        calls: ready_now,
        after: calls(),
    }
}

fn login(auth: &Service, name: &str, password: &str) -> Done {
    let request = LoginRequest {
        name,
        password,
        code: None,
        token_format: TokenFormat::Jwt,
        replaces: &[],
    };
    watch(auth, auth.sign_in().login(request, &Client::default()))
}

fn register(auth: &Service, email: &str, username: Option<&str>) -> Done {
    let registration = Registration {
        email,
        password: PASSWORD,
        username,
        display_name: None,
        profile: None,
        token_format: TokenFormat::Jwt,
        replaces: &[],
    };
    watch(
        auth,
        auth.accounts().register(registration, &Client::default()),
    )
}

fn import(auth: &Service, users: &[(&str, Option<String>)]) {
    let users = users.iter().map(|(email, hash)| ImportUser {
        email: Some((*email).to_owned()),
        password_hash: hash.clone(),
        ..ImportUser::default()
    });
    let actor = Actor::operator(Client::default());
    let imported = block_on(
        auth.users()
            .import(&actor, users.collect(), ImportOptions::default()),
    );
    for outcome in imported.ok().unwrap() {
        assert!(
            matches!(outcome, ImportOutcome::Created { .. }),
            "{outcome:?}"
        );
    }
    for work in auth.platform().take_deferred() {
        block_on(auth.run(work));
    }
}

/// Returns hashes of another password, of every kind and several costs.
fn hashes() -> Vec<String> {
    let argon2 = |memory, iterations| {
        let parameters = Parameters::new(memory, iterations, 1).unwrap();
        Hasher::new(parameters).hash_with_salt("another", &[1; 16])
    };
    let zeros = "A".repeat(43);
    vec![
        argon2(64, 1),
        argon2(256, 3),
        "$2b$04$zHH/ihvsBtMWKcFnKGd20.HRVxfFwAw6do5hHWUp0mwFFtNRpBW52".to_owned(),
        format!("$2b$06${}", ".".repeat(53)),
        format!("$scrypt$ln=6,r=8,p=1$c29tZXNhbHQ${zeros}"),
        format!("pbkdf2_sha256$700$salt${zeros}="),
        format!("pbkdf2_sha256$300$salt${zeros}="),
        format!("$pbkdf2-sha1$i=100,l=32$c29tZXNhbHQ${zeros}"),
    ]
}

#[test]
fn a_failed_login_is_the_same_work_for_everybody() {
    let auth = service(&[("LOGIN_ATTEMPTS_PER_IP", "0")]);
    assert_eq!(register(&auth, "own@example.com", Some("own")).error, None);
    let addresses: Vec<_> = (0..hashes().len())
        .map(|number| format!("user{number}@example.com"))
        .collect();
    let mut users: Vec<_> = addresses
        .iter()
        .map(String::as_str)
        .zip(hashes().into_iter().map(Some))
        .collect();
    users.push(("none@example.com", None));
    import(&auth, &users);

    // Cached values expire and are loaded again.
    auth.platform().advance(std::time::Duration::from_secs(60));
    login(&auth, "nobody@example.com", WRONG);
    let unknown = login(&auth, "nobody@example.com", WRONG);
    assert_eq!(unknown.error, Some(Error::InvalidCredentials));
    assert_eq!(unknown.calls, ["find_account", "count"]);
    assert_eq!(unknown.after, ["append_audit"]);
    // The cost of the most expensive hash of each kind.
    let expected = [
        (HashKind::Argon2, 768),
        (HashKind::Bcrypt, 64),
        (HashKind::Scrypt, 512),
        (HashKind::Pbkdf2Sha1, 200),
        (HashKind::Pbkdf2Sha256, 700),
    ];
    assert_eq!(unknown.hashes, BTreeMap::from(expected));
    for name in ["own@example.com", "own", "none@example.com", "nobody"] {
        assert_eq!(login(&auth, name, WRONG), unknown, "{name}");
    }
    for name in &addresses {
        assert_eq!(login(&auth, name, WRONG), unknown, "{name}");
        let long = "x".repeat(2000);
        assert_eq!(login(&auth, name, &long), unknown, "{name}");
    }
    // The correct password reveals the account anyway, and costs only its own hash.
    let right = login(&auth, "own@example.com", PASSWORD);
    assert_eq!(right.error, None);
    assert_eq!(right.hashes[&HashKind::Argon2], 64);
    assert_eq!(right.hashes[&HashKind::Bcrypt], 0);
}

/// The work that can begin in a second is bounded, and refused equally for every account.
#[test]
fn after_an_import_of_costly_hashes_fewer_logins_begin_in_a_second() {
    let auth = service(&[
        ("HASHES_PER_SECOND", "8"),
        ("LOGIN_ATTEMPTS_PER_IP", "0"),
        ("LOGIN_ATTEMPTS_PER_ACCOUNT", "0"),
    ]);
    register(&auth, "own@example.com", None);
    auth.platform().advance(std::time::Duration::from_secs(1));
    let admitted = |number: usize| {
        let name = if number.is_multiple_of(2) {
            "own"
        } else {
            "nobody"
        };
        let done = login(&auth, &format!("{name}@example.com"), WRONG);
        let admitted = done.error == Some(Error::InvalidCredentials);
        assert!(admitted || done.error == Some(Error::Overloaded));
        assert!(admitted || done.hashes.values().all(|units| *units == 0));
        admitted
    };
    assert_eq!((0..16).filter(|number| admitted(*number)).count(), 8);
    // About 27 ms: less than two hashes of the default cost, and more than one.
    let costly = format!("pbkdf2_sha256$50000$salt${}=", "A".repeat(43));
    import(&auth, &[("ada@example.com", Some(costly))]);
    for _ in 0..2 {
        auth.platform().advance(std::time::Duration::from_secs(1));
        assert_eq!((0..16).filter(|number| admitted(*number)).count(), 4);
    }
}

/// An import by an earlier version, or on another host: only the first attempt at a more expensive hash differs.
#[test]
fn a_costlier_hash_is_noticed_by_the_first_attempt_at_it() {
    let auth = service(&[]);
    register(&auth, "ada@example.com", None);
    let storage = auth.platform().storage();
    let name = LoginName::Email("ada@example.com".to_owned());
    let account = block_on(storage.find_account(name)).unwrap().unwrap();
    let own = account.credentials[0].clone();
    let costly = format!("$2b$06${}", ".".repeat(53));
    let now = auth.platform().now();
    let replaced = storage.replace_credential_secret(own.id, own.secret, costly, now);
    assert_eq!(block_on(replaced), Ok(true));
    login(&auth, "ada@example.com", WRONG);
    let known = login(&auth, "ada@example.com", WRONG);
    assert_eq!(known.hashes[&HashKind::Bcrypt], 64);
    assert_eq!(known, login(&auth, "nobody@example.com", WRONG));
}

/// Hashes created before `ARGON2_…` was lowered keep their cost.
#[test]
fn lowered_parameters_are_remembered() {
    let costly = [("ARGON2_MEMORY_KIB", "256"), ("ARGON2_ITERATIONS", "2")];
    let auth = service(&costly);
    register(&auth, "ada@example.com", None);
    login(&auth, "ada@example.com", WRONG);
    let auth = Auth::new(auth.into_platform(), config(&[]));
    register(&auth, "bob@example.com", None);
    login(&auth, "nobody@example.com", WRONG);
    let unknown = login(&auth, "nobody@example.com", WRONG);
    assert_eq!(unknown.hashes, BTreeMap::from([(HashKind::Argon2, 512)]));
    for name in ["ada@example.com", "bob@example.com"] {
        assert_eq!(login(&auth, name, WRONG), unknown, "{name}");
    }
}

#[test]
fn a_taken_user_name_says_nothing_of_the_address() {
    let auth = service(&[("REQUIRE_EMAIL_VERIFICATION", "true")]);
    let ada = ImportUser {
        email: Some("ada@example.com".to_owned()),
        username: Some("ada".to_owned()),
        email_verified: Some(true),
        ..ImportUser::default()
    };
    let actor = Actor::operator(Client::default());
    assert!(
        block_on(
            auth.users()
                .import(&actor, vec![ada], ImportOptions::default())
        )
        .is_ok()
    );
    drop(auth.platform().take_deferred());
    let free = register(&auth, "free@example.com", Some("Ada"));
    assert_eq!(free.error, Some(Error::UsernameTaken));
    for email in ["ada@example.com", "ADA@example.com"] {
        assert_eq!(register(&auth, email, Some("Ada")), free);
    }
    assert!(auth.platform().mail().is_empty());
}

/// A stranger can register a free address with a password. Later that password causes as much work as a wrong one,
/// before and after the response, and counts equally.
#[test]
fn the_password_of_an_unproved_address_is_the_work_of_a_wrong_one() {
    let auth = service(&[("REQUIRE_EMAIL_VERIFICATION", "true")]);
    let costly = format!("$2b$06${}", ".".repeat(53));
    import(&auth, &[("taken@example.com", Some(costly))]);
    for email in ["free@example.com", "taken@example.com"] {
        assert_eq!(register(&auth, email, Some("name")).error, None);
    }
    let unknown = login(&auth, "nobody@example.com", WRONG);
    assert_eq!(unknown.error, Some(Error::InvalidOrUnverified));
    assert_eq!(unknown.calls, ["find_account", "count"]);
    for email in ["free@example.com", "taken@example.com"] {
        for password in [PASSWORD, WRONG] {
            assert_eq!(login(&auth, email, password), unknown, "{email} {password}");
        }
    }
    for password in [PASSWORD, WRONG] {
        let by_name = login(&auth, "name", password);
        assert_eq!(by_name, login(&auth, "no-name", WRONG));
    }
    // The owner of the mailbox gets the link again.
    let mail = auth.platform().mail();
    let links = mail.iter().filter(|mail| mail.to == "free@example.com");
    assert_eq!(
        links.map(|mail| mail.kind.as_str()).collect::<Vec<_>>(),
        ["verify_email"; 2]
    );
}

/// A registration with a taken address causes as much work after the response as one with a free address.
#[test]
fn what_follows_an_answer_is_the_same_for_everybody() {
    let auth = service(&[
        ("REQUIRE_EMAIL_VERIFICATION", "true"),
        ("MAILS_PER_ADDRESS", "100"),
    ]);
    let free = register(&auth, "ada@example.com", None);
    let taken = register(&auth, "ada@example.com", None);
    assert_eq!(
        (free.error, free.hashes, free.after),
        (None, taken.hashes, taken.after)
    );
    assert_eq!(taken.error, None);
    // The same number of rows is stored before the response.
    assert_eq!(free.calls.len() + 1, taken.calls.len());

    let forgot = |email: &str| {
        watch(
            &auth,
            auth.accounts().forgot_password(email, &Client::default()),
        )
    };
    let known = forgot("ada@example.com");
    assert_eq!(known.error, None);
    assert_eq!(known.after, ["append_audit"]);
    assert_eq!(known, forgot("nobody@example.com"));

    let resend = |email: &str| {
        watch(
            &auth,
            auth.accounts()
                .resend_verification(email, &Client::default()),
        )
    };
    assert_eq!(resend("ada@example.com"), resend("nobody@example.com"));
}

/// The costs are read once, and cached for a minute.
#[test]
fn storage_is_asked_for_costs_once_a_minute() {
    let auth = service(&[]);
    let first = login(&auth, "nobody@example.com", WRONG);
    let own = [
        "find_account",
        "count",
        "list_password_costs",
        "raise_password_costs",
    ];
    assert_eq!(first.calls, own);
    let second = login(&auth, "nobody@example.com", WRONG);
    assert_eq!(second.calls, ["find_account", "count"]);
    auth.platform().advance(std::time::Duration::from_secs(60));
    let later = login(&auth, "nobody@example.com", WRONG);
    assert_eq!(later.calls, own[..3]);
}
