//! The copy of everything from one database to another.

use std::path::Path;

use gatewright_postgres::{Address, Session};
use gatewright_storage_sqlite::MIGRATIONS;
use gatewright_tests::host::{Host, Person, SETUP, Tokens, native};
use gatewright_tests::postgres::{Database, PostgresServer};
use reqwest::StatusCode;
use rusqlite::Connection;
use serde_json::{Value, json};

use super::{KEY, refused, succeeds};

/// Rows of the tables that a short test does not fill by requests.
const FURTHER: &str = "
    INSERT INTO user_terms (term, user_row) SELECT 'ada', row FROM users;
    INSERT INTO email_keys_to_renew (user_row) SELECT row FROM users ORDER BY id LIMIT 1;
    INSERT INTO identities (user_row, issuer, subject, provider, email, label, created_at, last_used_at, tokens)
        SELECT row, 'https://id.example.com', 'ä|' || id, 'example', NULL, 'Ada', 1, 2, 'sealed' FROM users;
    INSERT INTO documents (name, fetched_at, expires_at, content) VALUES ('keys/example', 1, 9999999999999, '{\"a\": \"ü\"}');
    INSERT INTO one_time_secrets (digest, purpose, user_id, payload, created_at, expires_at, consumed_at)
        VALUES ('digest of nobody', 'state', NULL, '', 1, 9999999999999, NULL);
    INSERT INTO limits (key, count, resets_at) VALUES ('written', 1, 2), ('written/' || hex(randomblob(32768)), 1, 2),
        ('a', 1, 9999999999999), ('b', 9007199254740991, 9999999999999);
    INSERT OR IGNORE INTO password_costs (kind, work, decoy) VALUES ('bcrypt', 10, 'a hash');
    WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < 5000)
        INSERT INTO audit_events (id, at, kind, details) SELECT printf('00000000-%05d', n), n, 'login', '{}' FROM number;";

/// Changes a database that nobody has open.
fn change(folder: &Path, file: &str, sql: &str) {
    let database = Connection::open(folder.join(file)).unwrap();
    database.execute_batch(sql).unwrap();
}

fn migrate(folder: &Path, url: &str) -> std::process::Command {
    let mut command = native(folder, &["migrate", &format!("--database-url={url}")]);
    command.env(KEY.0, KEY.1);
    command
}

fn copy(folder: &Path, from: &str, to: &str) -> std::process::Command {
    native(folder, &["copy", "--from", from, "--to", to])
}

/// Returns the number of rows of each table that a copy reports.
fn counts(said: &str) -> Vec<(String, u64)> {
    let lines = said.lines().map(str::split_whitespace);
    lines
        .filter_map(|mut words| {
            let (table, rows) = (words.next()?, words.next()?.parse().ok()?);
            words.next().is_none().then(|| (table.to_owned(), rows))
        })
        .collect()
}

/// A host with an administrator, and with a user who has a second factor.
async fn host_with_users() -> (Host, Person, Tokens, [String; 2]) {
    let host = Host::start(&[SETUP, KEY]);
    let root = host.administrator().await;
    let ada = host.person(&root, "ada", &["premium"]).await;
    let enabled = host.post_as("/auth/2fa/enable", ada.token()).await;
    enabled.assert_ok();
    let secret = enabled.body["secret"].as_str().unwrap().to_owned();
    let (confirmed, _) = host.confirm_second_factor(ada.token(), &secret).await;
    confirmed.assert_ok();
    let ada = Tokens::of(&confirmed.body["tokens"]);
    let recovery = [0, 1].map(|place| {
        confirmed.body["recovery_codes"][place]
            .as_str()
            .unwrap()
            .to_owned()
    });
    (host, root, ada, recovery)
}

fn contains_events(log: &Value, before: &Value) {
    let (events, before) = (
        log["events"].as_array().unwrap(),
        before["events"].as_array().unwrap(),
    );
    assert!(!before.is_empty());
    for event in before {
        assert!(events.contains(event), "{event}");
    }
}

async fn audit_log(host: &Host, root: &Person) -> Value {
    let answer = host.get_as("/audit?limit=100", root.token()).await;
    answer.assert_ok();
    answer.body
}

/// Sessions, factors, roles, keys and the audit log of a copied database still work.
async fn nobody_is_signed_out(host: &Host, root: &Person, ada: &Tokens, recovery: &str) {
    let me = host.get_as("/auth/me", &ada.access_token).await;
    me.assert_ok();
    assert_eq!(me.body["email"], "ada@example.com");
    let fresh = host.refresh(&ada.refresh_token).await;
    fresh.assert_ok();
    host.get_as("/auth/me", fresh.body["access_token"].as_str().unwrap())
        .await
        .assert_ok();
    let login = json!({"email": "ada@example.com", "password": gatewright_tests::host::PASSWORD, "recovery_code": recovery});
    let login = host.post("/auth/login", login).await;
    assert_eq!(login.status, StatusCode::OK, "{:?}", login.body);
    let users = host.get_as("/users", root.token()).await;
    users.assert_ok();
    assert_eq!(users.body["users"].as_array().unwrap().len(), 2);
}

/// SQLite to PostgreSQL and back, with a row in every table.
#[tokio::test]
async fn everything_is_copied_both_ways_and_nobody_is_signed_out() {
    let (mut host, root, ada, recovery) = host_with_users().await;
    let log = audit_log(&host, &root).await;
    let folder = host.folder().to_owned();
    let target = PostgresServer::shared().empty_database();

    let said = refused(copy(&folder, "sqlite:data/gatewright.db", &target.url()));
    assert!(said.contains("is in use: stop the service"), "{said}");
    host.kill();
    change(&folder, "data/gatewright.db", FURTHER);
    let there = succeeds(copy(&folder, "sqlite:data/gatewright.db", &target.url()));
    for (table, rows) in counts(&there) {
        assert!(rows > 0, "the test fills no row of {table}: {there}");
    }
    // The rows by which a host checks that it can write are not copied.
    let written = target
        .connect()
        .run(&["SELECT key FROM limits WHERE key >= 'written' AND key < 'x'"]);
    assert!(written.unwrap().is_empty());

    // A target with data of its own is left as it is.
    let said = refused(copy(&folder, "sqlite:data/gatewright.db", &target.url()));
    assert!(
        said.contains("is not empty: the table users has rows"),
        "{said}"
    );

    // Both other ways.
    std::fs::rename(folder.join("data/gatewright.db"), folder.join("former.db")).unwrap();
    // A start with another key leaves its fingerprint, which the copy replaces.
    let second = PostgresServer::shared().database();
    run(
        &second,
        &["INSERT INTO key_fingerprint (fingerprint) VALUES ('of another key')"],
    );
    let again = succeeds(copy(&folder, &target.url(), &second.url()));
    assert_eq!(counts(&there), counts(&again));
    let again = succeeds(copy(&folder, "sqlite:former.db", "sqlite:second.db"));
    assert_eq!(counts(&there), counts(&again));
    // A host on the copy.
    let mut host = host.restart(&[("DATABASE_URL", &second.url())]);
    contains_events(&audit_log(&host, &root).await, &log);
    nobody_is_signed_out(&host, &root, &ada, &recovery[0]).await;
    host.kill();

    let mut back = copy(&folder, "env:OLD", "sqlite:data/gatewright.db");
    back.env("OLD", target.url());
    let back = succeeds(back);
    assert_eq!(counts(&there), counts(&back));
    let mode = std::fs::metadata(folder.join("data/gatewright.db"))
        .unwrap()
        .permissions();
    assert_eq!(
        std::os::unix::fs::PermissionsExt::mode(&mode) & 0o777,
        0o600
    );

    let host = host.restart(&[("DATABASE_URL", "sqlite:data/gatewright.db")]);
    contains_events(&audit_log(&host, &root).await, &log);
    nobody_is_signed_out(&host, &root, &ada, &recovery[1]).await;
}

/// Makes a database with rows of every kind in `source.db`.
fn source(folder: &Path) {
    let url = "--database-url=sqlite:source.db";
    let mut create = native(
        folder,
        &[
            "admin",
            "create",
            "--email=root@example.com",
            "--password-stdin",
            url,
        ],
    );
    create.env(KEY.0, KEY.1).env("ARGON2_MEMORY_KIB", "64");
    let mut child = create.stdin(std::process::Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    std::io::Write::write_all(&mut input, gatewright_tests::host::PASSWORD.as_bytes()).unwrap();
    drop(input);
    assert!(child.wait().unwrap().success());
    change(folder, "source.db", FURTHER);
}

fn run(database: &Database, statements: &[&str]) {
    database.connect().run(statements).unwrap();
}

const STOP: &str =
    "CREATE TRIGGER stop BEFORE INSERT ON audit_events WHEN new.id > '00000000-03000'
    BEGIN SELECT RAISE(ABORT, 'stopped here'); END";
const STOP_FUNCTION: &str = "CREATE FUNCTION stop() RETURNS trigger LANGUAGE plpgsql
    AS $$BEGIN IF new.id > '00000000-03000' THEN RAISE 'stopped here'; END IF; RETURN new; END$$";
const STOP_TRIGGER: &str =
    "CREATE TRIGGER stop BEFORE INSERT ON audit_events FOR EACH ROW EXECUTE FUNCTION stop()";

/// It goes on in the middle of a table, and hosts refuse the database until then.
#[test]
fn an_interrupted_copy_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    source(folder);
    succeeds(migrate(folder, "sqlite:target.db"));
    change(folder, "target.db", STOP);
    let postgres = PostgresServer::shared().database();
    run(&postgres, &[STOP_FUNCTION, STOP_TRIGGER]);

    for target in ["sqlite:target.db", &postgres.url()] {
        let said = refused(copy(folder, "sqlite:source.db", target));
        assert!(said.contains("stopped here"), "{said}");
    }
    for target in ["sqlite:target.db", &postgres.url()] {
        let said = refused(migrate(folder, target));
        assert!(said.contains("run `gatewright copy` again"), "{said}");
    }

    // A source that has changed since is another one.
    change(
        folder,
        "source.db",
        "UPDATE limits SET count = count + 1 WHERE key = 'a'",
    );
    for target in ["sqlite:target.db", &postgres.url()] {
        let said = refused(copy(folder, "sqlite:source.db", target));
        assert!(
            said.contains("the first part of a copy of other data"),
            "{said}"
        );
    }
    change(
        folder,
        "source.db",
        "UPDATE limits SET count = count - 1 WHERE key = 'a'",
    );

    change(folder, "target.db", "DROP TRIGGER stop");
    run(
        &postgres,
        &["DROP TRIGGER stop ON audit_events", "DROP FUNCTION stop"],
    );
    for target in ["sqlite:target.db", &postgres.url()] {
        let said = succeeds(copy(folder, "sqlite:source.db", target));
        assert!(
            said.contains("The interrupted copy was continued"),
            "{said}"
        );
    }
    // Hosts can use it again.
    for target in ["sqlite:target.db", &postgres.url()] {
        succeeds(migrate(folder, target));
    }
}

/// A copy that differs is found, and stays closed to hosts.
#[test]
fn a_wrong_copy_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    source(folder);
    let postgres = PostgresServer::shared().database();
    let change = "CREATE FUNCTION change() RETURNS trigger LANGUAGE plpgsql
        AS $$BEGIN new.email := 'mallory@example.com'; RETURN new; END$$";
    let lose =
        "CREATE FUNCTION change() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RETURN NULL; END$$";
    let trigger = |table| {
        format!(
            "CREATE TRIGGER change BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION change()"
        )
    };
    run(&postgres, &[change, &trigger("users")]);
    let said = refused(copy(folder, "sqlite:source.db", &postgres.url()));
    assert!(
        said.contains("the rows of the table users differ"),
        "{said}"
    );
    let postgres = PostgresServer::shared().database();
    run(&postgres, &[lose, &trigger("documents")]);
    let said = refused(copy(folder, "sqlite:source.db", &postgres.url()));
    assert!(
        said.contains("0 of 1 rows of the table documents"),
        "{said}"
    );
}

/// Neither side may be in use, or have another schema or further tables.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_copy_needs_two_unused_databases_of_this_version() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    source(folder);
    let database = || PostgresServer::shared().database();
    let from = "sqlite:source.db";
    let fails = |from: &str, to: &str, reason: &str| {
        let said = refused(copy(folder, from, to));
        assert!(said.contains(reason), "{said}");
    };
    fails(
        "sqlite:missing.db",
        "sqlite:new.db",
        "can't open missing.db",
    );
    fails(
        "mysql://ada:wonderland@localhost",
        "sqlite:new.db",
        "--from is neither",
    );
    fails(
        "env:MISSING",
        "sqlite:new.db",
        "the environment has no MISSING",
    );
    fails(from, from, "is in use");

    // Hosts of the target, and writers of the source.
    let (used, written) = (database(), database());
    let held = used.connect();
    held.run(&["SELECT 1"]).unwrap();
    fails(from, &used.url(), "connections are named gatewright");
    fails(
        &used.url(),
        "sqlite:new.db",
        "connections are named gatewright",
    );
    drop(held);
    let address = Address::parse(&written.url()).unwrap();
    let writer = Session::connect(&address, "a writer").await.unwrap();
    writer
        .batch("BEGIN; LOCK TABLE users IN ROW EXCLUSIVE MODE")
        .await
        .unwrap();
    fails(&written.url(), "sqlite:new.db", "can't be locked");
    drop(writer);

    // Schemas.
    let newest = MIGRATIONS.len();
    let source = |sql: &str| change(folder, "source.db", sql);
    let set = |version: usize| {
        format!(
            "UPDATE schema_migrations SET version = {version} WHERE version = (SELECT max(version) FROM schema_migrations)"
        )
    };
    source(&set(newest + 1));
    fails(from, "sqlite:new.db", "use a newer gatewright");
    source(&set(newest));
    source(&format!(
        "DELETE FROM schema_migrations WHERE version = {newest}"
    ));
    fails(
        from,
        "sqlite:new.db",
        "run `gatewright migrate` on it first",
    );
    source(&format!(
        "INSERT INTO schema_migrations (version, name, applied_at) VALUES ({newest}, '', 0)"
    ));
    let older = database();
    run(
        &older,
        &["UPDATE schema_migrations SET version = version + 100"],
    );
    fails(from, &older.url(), "or an empty database");

    // A table or a column that a copy would leave behind.
    for further in [
        "CREATE TABLE notes (text text)",
        "ALTER TABLE users ADD COLUMN notes text",
    ] {
        let target = database();
        run(&target, &[further]);
        fails(
            from,
            &target.url(),
            "does not have the tables of this version",
        );
        fails(
            &target.url(),
            "sqlite:new.db",
            "does not have the tables of this version",
        );
    }
    source("ALTER TABLE users ADD COLUMN notes TEXT");
    fails(from, "sqlite:new.db", "users.notes differs");
    source("ALTER TABLE users DROP COLUMN notes");
    let other = PostgresServer::shared().empty_database();
    run(&other, &["CREATE TABLE notes (text text)"]);
    fails(from, &other.url(), "tables of another program");

    // PostgreSQL has no character U+0000.
    source("INSERT INTO documents VALUES ('zero', 1, 2, 'a' || char(0) || 'b')");
    let target = database();
    fails(from, &target.url(), "U+0000");
}
