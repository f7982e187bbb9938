//! `cargo xtask bench scale`: the service with a million users, compared with ten thousand. It measures the PostgreSQL
//! database that `DATABASE_URL` names, which must have no users of an earlier run, and otherwise new SQLite databases.

#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, reason = "it prints figures")]
#![allow(clippy::unwrap_used, reason = "it ends where something fails")]

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use auth_core::storage::{LoginName, Roles, Subject, UserOrder, UserQuery, Users};
use futures::executor::block_on;
use gatewright::Sqlite;
use gatewright_postgres::{Address, PoolSettings, Postgres};
use gatewright_storage_postgres::PostgresStorage;
use gatewright_storage_sqlite::SqliteStorage;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};
use serde_json::json;

/// A hash in the format of another system.
const HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$VGhpcyBpcyBub3QgYSByZWFsIGhhc2gsIGJ1dCBsb25nLi4";
const LOOK_UPS: usize = 2_000;
const SEARCHES: usize = 1_000;
const PAGE: u64 = 50;
/// One user in this many is disabled.
const RARE: u64 = 10_000;
const LISTS: usize = 200;
const STANDINGS: usize = 20;
/// The role that every user has.
const USER: &str = "user";

/// Imports the users and measures nothing else.
const IMPORT_ONLY: &str = "--import-only";

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let import_only = arguments.iter().any(|text| text == IMPORT_ONLY);
    let sizes = arguments.iter().filter_map(|text| text.parse().ok());
    let mut sizes: Vec<u64> = sizes.collect();
    if sizes.is_empty() {
        sizes = vec![10_000, 1_000_000];
    }
    let postgres = std::env::var("DATABASE_URL").ok();
    for users in sizes {
        let folder = tempfile::tempdir().unwrap();
        if let Some(url) = &postgres {
            import(users, folder.path(), url);
            if !import_only {
                let address = Address::parse(url).unwrap();
                let database = Postgres::new(&address, &PoolSettings::default()).unwrap();
                measure(&PostgresStorage::new(database.clone()), users);
                database.close();
            }
            continue;
        }
        let path = folder.path().join("auth.db");
        import(users, folder.path(), &format!("sqlite:{}", path.display()));
        if !import_only {
            let database = Sqlite::open(&path).unwrap();
            measure(&SqliteStorage::new(database.clone()), users);
            database.close();
        }
    }
}

/// Imports users with `gatewright import`, from a file in this folder.
fn import(users: u64, folder: &Path, url: &str) {
    let mut file = BufWriter::new(File::create(folder.join("users.jsonl")).unwrap());
    for number in 0..users {
        writeln!(file, "{}", person(number)).unwrap();
    }
    file.into_inner().unwrap().sync_all().unwrap();

    let program = std::env::var_os("GATEWRIGHT_PROGRAM").expect("the path of the host");
    let command = |arguments: &[&str]| {
        let mut command = Command::new(&program);
        command.args(arguments).current_dir(folder);
        command.env("DATABASE_URL", url).stdout(Stdio::null());
        assert!(command.status().unwrap().success());
    };
    command(&["migrate"]);
    let started = Instant::now();
    command(&["import", "users.jsonl"]);
    let rate = users as f64 / started.elapsed().as_secs_f64();
    println!("{users:>9} users: gatewright import takes {rate:.0} a second");
}

/// Measures look-ups, searches, pages and standings.
fn measure(storage: &(impl Users + Roles), users: u64) {
    let mut random = ChaCha20Rng::seed_from_u64(users);
    let mut any = || random.next_u64() % users;

    let look_ups = (0..LOOK_UPS).map(|_| {
        let key = format!("{}@example.com", name(any()));
        timed(|| {
            let found = block_on(storage.find_account(LoginName::Email(key)));
            assert!(found.unwrap().is_some());
        })
    });
    print("login look-up", look_ups.collect());

    let first_page = |query: UserQuery| {
        let query = UserQuery {
            limit: PAGE,
            ..query
        };
        timed(|| {
            let page = block_on(storage.list_users(query));
            assert!(!page.unwrap().users.is_empty());
        })
    };
    for letters in [2, 4, 8] {
        let searches = (0..SEARCHES).map(|_| {
            first_page(UserQuery {
                search: Some(name(any()).chars().take(letters).collect()),
                ..UserQuery::default()
            })
        });
        print(
            &format!("search by {letters} letters, {PAGE} of those found"),
            searches.collect(),
        );
    }

    let disabled = (0..LISTS).map(|_| {
        first_page(UserQuery {
            disabled: Some(true),
            order: UserOrder::Email,
            ..UserQuery::default()
        })
    });
    print(
        &format!("{PAGE} of the one in {RARE} who is disabled, by Email"),
        disabled.collect(),
    );

    for order in [UserOrder::CreatedAt, UserOrder::Email] {
        let mut query = UserQuery {
            order,
            limit: PAGE,
            ..UserQuery::default()
        };
        let mut pages = Vec::new();
        loop {
            let asked = query.clone();
            let mut page = None;
            pages.push(timed(|| {
                page = Some(block_on(storage.list_users(asked)).unwrap())
            }));
            match page.unwrap().next {
                Some(next) => query.after = Some(next),
                None => break,
            }
        }
        let some = (pages.len() / 4).min(200);
        let last = pages.split_off(pages.len() - some);
        pages.truncate(some);
        print(&format!("first {some} pages of {PAGE} by {order:?}"), pages);
        print(&format!("last {some} pages"), last);
    }

    let roles = block_on(storage.list_roles()).unwrap();
    let held = roles.into_iter().find(|role| role.name == USER).unwrap();
    let standings = (0..STANDINGS).map(|_| {
        let subject = Subject::RoleHolders(held.id.clone());
        timed(|| {
            let standing = block_on(storage.find_standing(subject)).unwrap();
            assert_eq!(standing.roles, [USER, "verified"]);
        })
    });
    print(
        "standing of all users, as a change of their role reads it",
        standings.collect(),
    );
}

/// Returns a unique name; names are spread over the alphabet.
fn name(number: u64) -> String {
    // An odd factor maps every number to a different one.
    let mixed = number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let letter = |at: u32| char::from(b'a' + ((mixed >> (59 - at * 5)) % 26) as u8);
    let letters: String = (0..8).map(letter).collect();
    format!("{letters}{number}")
}

fn person(number: u64) -> serde_json::Value {
    let name = name(number);
    json!({
        "email": format!("{name}@example.com"),
        "email_verified": !number.is_multiple_of(3),
        "username": name,
        "display_name": format!("{} Person", &name[..6]),
        "password_hash": HASH,
        "disabled": number.is_multiple_of(RARE),
        "created_at": "2025-03-01T12:00:00Z",
    })
}

fn timed(work: impl FnOnce()) -> Duration {
    let started = Instant::now();
    work();
    started.elapsed()
}

fn print(what: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let at = |part: f64| times[(part * (times.len() - 1) as f64) as usize].as_secs_f64() * 1000.0;
    println!(
        "           {what}: median {:.3} ms, p99 {:.3} ms",
        at(0.5),
        at(0.99)
    );
}
