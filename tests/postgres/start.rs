//! Starts on a database that can't be used: each problem is named with what to do, and no password is shown.

use std::process::{Command, Output};
use std::sync::OnceLock;

use gatewright_tests::host::native;
use gatewright_tests::postgres::{Database, PostgresServer};

use crate::proxy::Proxy;

const KEY: &str = "0123456789abcdef0123456789abcdef";

/// Runs `gatewright migrate` on a database, which must fail, and returns its output.
fn refused(url: &str) -> String {
    let (success, said) = migrate(url, Some(KEY));
    assert!(!success, "{said}");
    assert!(!said.contains("geheim"), "{said}");
    said
}

fn migrate(url: &str, key: Option<&str>) -> (bool, String) {
    let folder = tempfile::tempdir().unwrap();
    let mut command: Command = native(folder.path(), &["migrate"]);
    command
        .env("DATABASE_URL", url)
        .env("DATABASE_CONNECT_TIMEOUT_SECONDS", "2");
    if let Some(key) = key {
        command.env("SECRET_KEY", key);
    }
    let Output { status, stderr, .. } = command.output().unwrap();
    let mut written = std::fs::read_dir(folder.path()).unwrap();
    assert!(written.next().is_none(), "nothing is written");
    (status.success(), String::from_utf8(stderr).unwrap())
}

/// Returns the URL of a database of the shared server for a user who owns nothing.
fn as_eve(database: &Database) -> String {
    static CREATED: OnceLock<()> = OnceLock::new();
    CREATED.get_or_init(|| {
        let create = "CREATE ROLE eve LOGIN PASSWORD 'geheim'";
        database.connect().run(&[create]).unwrap();
    });
    database.url().replace("//ada@", "//eve:geheim@")
}

#[test]
fn a_wrong_url_is_named() {
    for (url, problem) in [
        (
            "postgresql://ada:geheim@/auth?sslmode=full",
            "DATABASE_URL: sslmode is none of disable, prefer",
        ),
        (
            "postgresql://ada:geheim@db:port/auth",
            "is not of the form postgresql://USER:PASSWORD@HOST:PORT/DATABASE",
        ),
        (
            "postgresql://ada:geheim@db/auth?sslrootcert=/nowhere",
            "the file of sslrootcert contains no certificates",
        ),
        (
            "postgresq://ada:geheim@db/auth",
            "DATABASE_URL: \"postgresq://ada:…@db/auth\" is not accepted",
        ),
    ] {
        let said = refused(url);
        assert!(said.contains(problem), "{said}");
    }
}

#[test]
fn a_server_that_does_not_answer_is_named() {
    let said = refused("postgresql://ada:geheim@127.0.0.1:1/auth");
    assert!(
        said.contains("no PostgreSQL server answers at 127.0.0.1:1: "),
        "{said}"
    );
    assert!(said.contains("check host and port"), "{said}");
}

#[test]
fn a_missing_database_is_named() {
    let database = PostgresServer::shared().empty_database();
    let said = refused(&database.url().replace(database.name(), "missing"));
    assert!(
        said.contains("has no database missing; create it: CREATE DATABASE"),
        "{said}"
    );
}

#[test]
fn a_wrong_password_is_named() {
    static SERVER: OnceLock<PostgresServer> = OnceLock::new();
    let server = SERVER.get_or_init(|| {
        let rules = "local all ada trust\\nlocal all eve scram-sha-256\\n";
        PostgresServer::start(&format!("printf '{rules}' >data/pg_hba.conf"), "-h ''")
    });
    let database = server.empty_database();
    let create = "CREATE ROLE eve LOGIN PASSWORD 'another'";
    database.connect().run(&[create]).unwrap();
    let said = refused(&database.url().replace("//ada@", "//eve:geheim@"));
    assert!(
        said.contains("refuses the user eve: password authentication failed"),
        "{said}"
    );
    assert!(
        said.contains("check user and password in DATABASE_URL"),
        "{said}"
    );
    let without = refused(&database.url().replace("//ada@", "//eve@"));
    assert!(without.contains("refuses the user eve"), "{without}");
}

#[test]
fn a_server_without_tls_is_named() {
    let (database, proxy) = (PostgresServer::shared().empty_database(), Proxy::start());
    let said = refused(&proxy.url(&database, "ada:geheim", "?sslmode=require"));
    assert!(said.contains("TLS with the server at 127.0.0.1:"), "{said}");
    assert!(
        said.contains("sslmode to what the server supports"),
        "{said}"
    );
}

#[test]
fn an_old_version_is_named() {
    let database = PostgresServer::shared().empty_database();
    // The server says that it is older.
    let old = [
        "CREATE SCHEMA old",
        "CREATE FUNCTION old.current_setting(name text) RETURNS text LANGUAGE sql AS $$
            SELECT CASE name WHEN 'server_version_num' THEN '130010' WHEN 'server_version' THEN '13.10'
            ELSE pg_catalog.current_setting(name) END $$",
    ];
    database.connect().run(&old).unwrap();
    let options = "?options=-c%20search_path%3Dold%2Cpg_catalog%2Cpublic";
    let said = refused(&format!("{}{options}", database.url()));
    assert!(
        said.contains("has PostgreSQL 13.10; Gatewright needs version 14 or newer"),
        "{said}"
    );
}

#[test]
fn another_encoding_is_named() {
    let database = PostgresServer::shared().empty_database();
    let name = format!("latin_{}", database.name());
    let create = format!("CREATE DATABASE {name} ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0");
    database.connect().run(&[&create]).unwrap();
    let said = refused(&database.url().replace(database.name(), &name));
    database
        .connect()
        .run(&[&format!("DROP DATABASE {name}")])
        .unwrap();
    assert!(
        said.contains("has the encoding LATIN1; create one with ENCODING 'UTF8'"),
        "{said}"
    );
}

#[test]
fn missing_rights_are_named() {
    let empty = PostgresServer::shared().empty_database();
    empty
        .connect()
        .run(&["REVOKE CREATE ON SCHEMA public FROM PUBLIC"])
        .unwrap();
    let said = refused(&as_eve(&empty));
    assert!(
        said.contains("run: GRANT CREATE, USAGE ON SCHEMA public TO eve"),
        "{said}"
    );

    let migrated = PostgresServer::shared().database();
    let said = refused(&as_eve(&migrated));
    assert!(said.contains("the user eve can't use the table "), "{said}");
    assert!(
        said.contains("ON ALL TABLES IN SCHEMA public TO eve"),
        "{said}"
    );
    // With the rights to use the tables, the user needs none to create them.
    let grant = "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO eve";
    migrated.connect().run(&[grant]).unwrap();
    let (success, said) = migrate(&as_eve(&migrated), Some(KEY));
    assert!(success, "{said}");
}

/// Several hosts share the database, so no host makes a key of its own, and one with another key does not start.
#[test]
fn every_host_needs_the_key_of_the_database() {
    let database = PostgresServer::shared().empty_database();
    let (success, said) = migrate(&database.url(), None);
    assert!(!success && said.contains("SECRET_KEY: not set"), "{said}");
    for _ in 0..2 {
        let (success, said) = migrate(&database.url(), Some(KEY));
        assert!(success, "{said}");
    }
    let (success, said) = migrate(
        &database.url(),
        Some("another key that has more than 32 bytes"),
    );
    assert!(
        !success && said.contains("SECRET_KEY: it is not the key of this database"),
        "{said}"
    );
}

#[test]
fn the_plan_changes_nothing() {
    let database = PostgresServer::shared().empty_database();
    let folder = tempfile::tempdir().unwrap();
    let plan = || {
        let mut command = native(folder.path(), &["migrate", "--plan"]);
        command.env("DATABASE_URL", database.url());
        let Output {
            status,
            stdout,
            stderr,
        } = command.output().unwrap();
        assert!(status.success(), "{}", String::from_utf8_lossy(&stderr));
        String::from_utf8(stdout).unwrap()
    };
    assert!(plan().starts_with("1  "), "{}", plan());
    assert!(plan().starts_with("1  "), "{}", plan());
    let (success, said) = migrate(&database.url(), Some(KEY));
    assert!(success, "{said}");
    assert_eq!(plan(), "");
}
