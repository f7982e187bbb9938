//! Settings, and errors that stop a start.

use gatewright_tests::host::{Host, Tokens, native};

use super::{KEY, refused};

#[test]
fn a_wrong_setting_stops_the_start_with_its_name_and_the_accepted_form() {
    let folder = tempfile::tempdir().unwrap();
    for (name, value, message) in [
        (
            "LISTEN",
            "here",
            "LISTEN: \"here\" is not accepted; accepted: an IP address and a port",
        ),
        (
            "DATABASE_URL",
            "mysql://x",
            "DATABASE_URL: \"mysql://x\" is not accepted; accepted: sqlite: and a path",
        ),
        (
            "JWT_ALGORITHM",
            "none",
            "JWT_ALGORITHM: \"none\" is not accepted; accepted: EdDSA",
        ),
        (
            "ACCESS_TOKEN_EXPIRE_MINUTES",
            "0",
            "accepted: minutes, 1 to 1440",
        ),
        (
            "SECRET_KEY",
            "too short",
            "SECRET_KEY: the value is not accepted; accepted: at least 32 bytes",
        ),
        (
            "EMAIL_PROVIDER",
            "pigeon",
            "EMAIL_PROVIDER: \"pigeon\" is not accepted; accepted: console",
        ),
        (
            "EMAIL_PROVIDER",
            "smtp",
            "EMAIL_FROM: not set, but EMAIL_PROVIDER smtp requires it",
        ),
        (
            "SMTP_SECURITY",
            "some",
            "SMTP_SECURITY: \"some\" is not accepted; accepted: starttls",
        ),
    ] {
        let mut command = native(folder.path(), &["serve"]);
        command.env(name, value);
        let said = refused(command);
        assert!(said.contains(message), "{said}");
        assert!(!said.contains("too short"), "{said}");
    }
    assert!(!folder.path().join("data/gatewright.db").exists());
}

#[test]
fn settings_come_from_flags_before_the_environment_before_the_file() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(".env"), "JWT_ALGORITHM=from-file\n").unwrap();
    let check = |environment: Option<&str>, flag: Option<&str>| {
        let mut command = native(folder.path(), &["config", "check"]);
        command
            .env(KEY.0, KEY.1)
            .envs(environment.map(|value| ("JWT_ALGORITHM", value)));
        command.args(flag.map(|value| format!("--jwt-algorithm={value}")));
        command
    };
    assert!(refused(check(None, None)).contains("from-file"));
    assert!(refused(check(Some("from-environment"), None)).contains("from-environment"));
    assert!(refused(check(Some("from-environment"), Some("from-flag"))).contains("from-flag"));
    assert!(check(None, Some("ES256")).status().unwrap().success());
    std::fs::write(folder.path().join(".env"), "SECRET'KEY=\"unclosed secret\n").unwrap();
    let said = refused(native(folder.path(), &["config", "check"]));
    assert!(
        said.contains(".env is malformed") && !said.contains("unclosed secret"),
        "{said}"
    );
}

#[test]
fn a_blank_value_hides_no_other() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(".env"), "JWT_ALGORITHM=from-file\n").unwrap();
    let mut command = native(folder.path(), &["config", "check"]);
    command.env(KEY.0, KEY.1).env("JWT_ALGORITHM", " ");
    assert!(refused(command).contains("from-file"));
}

#[test]
fn an_instance_must_have_the_memory_of_a_hash() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = native(folder.path(), &["serve"]);
    command
        .env("INSTANCE_MEMORY_MIB", "64")
        .env("ARGON2_MEMORY_KIB", "65536");
    let said = refused(command);
    assert!(
        said.contains("INSTANCE_MEMORY_MIB: 64 is too little"),
        "{said}"
    );
}

#[test]
fn a_newer_schema_is_refused() {
    let mut host = Host::start(&[]);
    host.kill();
    let database = rusqlite::Connection::open(host.folder().join("data/gatewright.db")).unwrap();
    database
        .execute("INSERT INTO schema_migrations VALUES (99, 'later', 0)", ())
        .unwrap();
    drop(database);
    let said = refused(native(host.folder(), &["serve", "--listen", "127.0.0.1:0"]));
    assert!(said.contains("the database has schema 99"), "{said}");
}

#[test]
fn a_taken_port_is_refused() {
    let host = Host::start(&[]);
    let address = host.base().strip_prefix("http://").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let said = refused(native(folder.path(), &["serve", "--listen", address]));
    assert!(
        said.contains(&format!("can't listen on {address}")),
        "{said}"
    );
}

#[tokio::test]
async fn time_passes_between_starts() {
    let host = Host::start(&[]);
    let tokens = host.register("ada@example.com").await;
    let later = |host: Host, days: u64| {
        host.restart_with(&["--clock-offset", &(days * 86_400).to_string()])
    };
    let host = later(host, 1);
    host.get_as("/auth/me", &tokens.access_token)
        .await
        .assert_error(401, "token_expired");
    let tokens = Tokens::of(&host.refresh(&tokens.refresh_token).await.body);
    let host = later(host, 9);
    host.refresh(&tokens.refresh_token)
        .await
        .assert_error(401, "invalid_refresh_token");
}
