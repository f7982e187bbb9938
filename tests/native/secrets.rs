//! Secrets that are generated at the first start.

use gatewright_tests::host::{Host, PASSWORD, native};

use super::refused;

#[test]
fn the_first_start_makes_secrets_that_others_cannot_read() {
    let host = Host::start(&[]);
    let secrets = host.folder().join("data/secrets.env");
    let text = std::fs::read_to_string(&secrets).unwrap();
    assert!(text.starts_with("SECRET_KEY="));
    #[cfg(unix)]
    assert_eq!(
        std::os::unix::fs::PermissionsExt::mode(&secrets.metadata().unwrap().permissions()) & 0o777,
        0o600
    );
    assert!(!host.log().contains(text.trim().split_once('=').unwrap().1));
    assert!(
        native(host.folder(), &["config", "check"])
            .status()
            .unwrap()
            .success()
    );
    let host = host.restart(&[]);
    assert_eq!(std::fs::read_to_string(secrets).unwrap(), text);
    drop(host);
}

/// V13.3.2: existing files that others can read are reported, with the command that fixes them.
#[cfg(unix)]
#[test]
fn files_that_others_can_read_are_reported() {
    use std::os::unix::fs::PermissionsExt as _;

    let host = Host::start(&[]);
    assert!(!host.log().contains("chmod"), "{}", host.log());
    let env = host.folder().join(".env");
    std::fs::write(&env, "METRICS_TOKEN=0123456789abcdef0123456789abcdef\n").unwrap();
    std::fs::set_permissions(&env, std::fs::Permissions::from_mode(0o644)).unwrap();
    let names = ["secrets.env", "gatewright.db"];
    let files = names.map(|name| host.folder().join("data").join(name));
    for (file, mode) in files.iter().zip([0o644, 0o620]) {
        std::fs::set_permissions(file, std::fs::Permissions::from_mode(mode)).unwrap();
    }
    let host = host.restart(&[]);
    for name in names {
        host.wait_for_line(&["WARN", &format!("chmod 600 'data/{name}'")]);
    }
    host.wait_for_line(&["WARN", "chmod 600 '.env'"]);
    std::fs::write(env, "LOG_LEVEL=info\n").unwrap();
    // SQLite has created further files with the database's permissions.
    for file in std::fs::read_dir(host.folder().join("data")).unwrap() {
        let path = file.unwrap().path();
        if path.is_file() {
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
        }
    }
    let host = host.restart(&[]);
    let log = host.log();
    let exposed = log.lines().filter(|line| line.contains("chmod"));
    assert!(exposed.count() == 0, "{log}");
}

#[test]
fn a_lost_key_is_not_replaced() {
    let mut host = Host::start(&[]);
    host.kill();
    std::fs::remove_file(host.folder().join("data/secrets.env")).unwrap();
    let said = refused(native(host.folder(), &["serve"]));
    assert!(said.contains("SECRET_KEY: not set"), "{said}");
}

#[tokio::test]
async fn another_key_stops_the_start() {
    let mut host = Host::start(&[]);
    host.register("ada@example.com").await;
    host.kill();
    let started_with_another_key = || {
        let mut command = native(host.folder(), &["serve", "--listen", "127.0.0.1:0"]);
        command.env("SECRET_KEY", "another key that has more than 32 bytes");
        refused(command)
    };
    let problem = "SECRET_KEY: it is not the key of this database";
    let said = started_with_another_key();
    assert!(
        said.contains(problem) && !said.contains("another key"),
        "{said}"
    );
    // A database of a version before has no fingerprint, but keys that the wrong key can't decrypt.
    let path = host.folder().join("data/gatewright.db");
    let database = rusqlite::Connection::open(path).unwrap();
    database.execute("DELETE FROM key_fingerprint", []).unwrap();
    drop(database);
    let said = started_with_another_key();
    assert!(said.contains(problem), "{said}");
    let host = host.restart(&[]);
    host.login("ada@example.com").await;
}

/// The host keeps its locks on the database when it creates the administrator of its settings: otherwise another program that
/// opens the database would take it for unused and delete the write-ahead log, and with it what was acknowledged.
#[tokio::test]
async fn acknowledged_writes_survive_another_program() {
    let administrator = [
        ("ADMIN_EMAIL", "root@example.com"),
        ("ADMIN_PASSWORD", PASSWORD),
    ];
    let mut host = Host::start(&administrator);
    let path = host.folder().join("data/gatewright.db");
    let other = format!(
        "import sqlite3; sqlite3.connect('{}').execute('SELECT count(*) FROM users').fetchall()",
        path.display()
    );
    let ran = std::process::Command::new("python3")
        .args(["-c", &other])
        .status();
    assert!(ran.unwrap().success());
    host.register("ada@example.com").await;
    host.kill();
    let host = host.restart(&administrator);
    host.login("ada@example.com").await;
}
