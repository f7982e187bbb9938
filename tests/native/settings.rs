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
            "DATABASE_URL: \"mysql://x\" is not accepted; accepted: sqlite: and a path, or postgresql://",
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

/// Settings with the name of a provider are settings like others, from every layer but flags.
#[test]
fn settings_of_providers_are_checked_and_printed_without_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let file =
        "OIDC_PROVIDERS=acme,work\nOIDC_ACME_CLIENT_SECRET=geheim\nGITHUB_CLIENT_SECRET=geheim\n";
    std::fs::write(folder.path().join(".env"), file).unwrap();
    let command = |verb| {
        let mut command = native(folder.path(), &["config", verb]);
        command
            .env(KEY.0, KEY.1)
            .env("OIDC_ACME_ISSUER", "https://login.example.com")
            .env("OIDC_ACME_CLIENT_ID", "gatewright");
        command
    };
    let said = refused(command("check"));
    for part in [
        "3 settings are not accepted",
        "OIDC_WORK_ISSUER: not set, but OIDC_PROVIDERS names work",
        "example:  OIDC_WORK_ISSUER=https://",
        "OIDC_WORK_CLIENT_ID: not set",
        "OIDC_WORK_CLIENT_SECRET: not set",
        "GITHUB_CLIENT_SECRET has no effect without GITHUB_CLIENT_ID",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let printed = command("print").output().unwrap().stdout;
    let printed = String::from_utf8(printed).unwrap();
    for line in [
        "OIDC_ACME_ISSUER=https://login.example.com\n",
        "OIDC_ACME_CLIENT_SECRET=(set)\n",
        "GITHUB_CLIENT_SECRET=(set)\n",
    ] {
        assert!(printed.contains(line), "{line}: {printed}");
    }
    assert!(!said.contains("geheim") && !printed.contains("geheim"));
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
        .execute("INSERT INTO schema_migrations (version, name, applied_at, serves) VALUES (99, 'later', 0, 99)", ())
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
