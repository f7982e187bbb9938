//! The secrets of a first start.

use gatewright_tests::host::{Host, PASSWORD, native};
use serde_json::json;

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

/// V13.3.2: files that were there already and that others can read are reported, with the command that mends them.
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
    // SQLite has made further files with the permissions of the database.
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
async fn another_key_is_noticed_and_nothing_of_it_shown() {
    let host = Host::start(&[]);
    host.register("ada@example.com").await;
    let host = host.restart(&[("SECRET_KEY", "another key that has more than 32 bytes")]);
    host.get("/readyz").await.assert_error(503, "unavailable");
    let answer = host
        .post(
            "/auth/login",
            json!({"email": "ada@example.com", "password": PASSWORD}),
        )
        .await;
    answer.assert_error(500, "internal_error");
    assert_eq!(
        answer.body["error"]["request_id"],
        answer.header("x-request-id")
    );
    assert!(!answer.text.contains("SECRET_KEY"));
    host.wait_for_log("SECRET_KEY can't decrypt the stored signing key");
}
