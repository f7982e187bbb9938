//! Upgrading a database of an earlier version.

use gatewright_storage_sqlite::MIGRATIONS;
use gatewright_tests::host::{Host, PASSWORD, SETUP, native};
use serde_json::json;

use super::refused;

/// Addresses that an earlier version treated as different stay two accounts and are reported; all others are found in
/// every spelling.
#[tokio::test]
async fn keys_of_addresses_are_made_anew() {
    let mut host = Host::start(&[SETUP]);
    let root = host.administrator().await;
    for email in ["ada@münchen.de", "ben@münchen.de", "twin@example.com"] {
        host.register(email).await;
    }
    host.kill();
    // The state of the earlier version, in which the second of these two could register.
    let path = host.folder().join("data/gatewright.db");
    let database = rusqlite::Connection::open(path).unwrap();
    let as_before = "UPDATE users SET email_key = email WHERE email LIKE '%@münchen.de';
        UPDATE users SET email = 'ben@xn--mnchen-3ya.de', email_key = 'ben@xn--mnchen-3ya.de'
            WHERE email = 'twin@example.com';
        DROP TABLE email_keys_to_renew;";
    database.execute_batch(as_before).unwrap();
    let mut steps = MIGRATIONS.iter();
    let step = steps.find(|step| step.name.starts_with("keys of addresses"));
    for sql in step.unwrap().statements {
        database.execute_batch(sql).unwrap();
    }
    drop(database);
    let host = host.restart(&[]);
    for email in ["ada@münchen.de", "ADA@xn--mnchen-3ya.de"] {
        let session = host.login(email).await;
        let me = host.get_as("/auth/me", &session.access_token).await;
        assert_eq!(me.body["email"], "ada@münchen.de");
    }
    for email in ["ben@münchen.de", "ben@xn--mnchen-3ya.de"] {
        let session = host.login(email).await;
        let me = host.get_as("/auth/me", &session.access_token).await;
        assert_eq!(me.body["email"], "ben@xn--mnchen-3ya.de");
    }
    let found = host
        .get_as("/users?search=ada%40m%C3%BCn", root.token())
        .await;
    assert_eq!(
        found.body["users"].as_array().unwrap().len(),
        1,
        "{found:?}"
    );
    let events = host
        .get_as("/audit?kind=email.collided", root.token())
        .await;
    let [event] = events.body["events"].as_array().unwrap().as_slice() else {
        panic!("{events:?}");
    };
    let kept = event["target_id"].as_str().unwrap();
    host.wait_for_log("another user has this user's e-mail address in another spelling");
    assert_eq!(host.record(&root, kept).await["email"], "ben@münchen.de");
    // That account continues, and gets a new address.
    let path = format!("/users/{kept}");
    for change in [
        json!({"display_name": "Ben"}),
        json!({"email": "ben@example.com"}),
    ] {
        host.send_as("PATCH", &path, root.token(), change)
            .await
            .assert_ok();
    }
    let body = json!({"email": "ben@example.com", "password": PASSWORD});
    host.post("/auth/login", body).await.assert_ok();
}

/// A rolling upgrade: the schema of the next version still serves this one, and that of the one after it does not.
#[tokio::test]
async fn a_host_goes_on_with_a_newer_schema_that_serves_it() {
    let host = Host::start(&[]);
    host.register("ada@example.com").await;
    let path = host.folder().join("data/gatewright.db");
    let known = MIGRATIONS.len();
    let migrate = |version: usize, serves: usize, step: &str| {
        let database = rusqlite::Connection::open(&path).unwrap();
        let record = format!(
            "BEGIN IMMEDIATE; {step};
            INSERT INTO schema_migrations (version, name, applied_at, serves) VALUES ({version}, 'later', 0, {serves});
            COMMIT"
        );
        database.execute_batch(&record).unwrap();
    };
    migrate(known + 1, known, "ALTER TABLE users ADD COLUMN later TEXT");
    host.get("/readyz").await.assert_ok();
    host.register("bob@example.com").await;
    let host = host.restart(&[]);
    host.get("/readyz").await.assert_ok();
    host.login("ada@example.com").await;
    host.login("bob@example.com").await;

    migrate(known + 2, known + 1, "ALTER TABLE users DROP COLUMN later");
    host.get("/readyz").await.assert_error_code(503);
    let said = refused(native(host.folder(), &["serve", "--listen", "127.0.0.1:0"]));
    let newer = format!(
        "the database has schema {}, which serves version {} and later ones",
        known + 2,
        known + 1
    );
    assert!(said.contains(&newer), "{said}");
    assert!(said.contains("use a newer gatewright"), "{said}");
}

#[test]
fn the_plan_lists_what_is_missing_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let plan = || {
        let output = native(folder.path(), &["migrate", "--plan"]).output();
        let output = output.unwrap();
        assert!(output.status.success());
        String::from_utf8(output.stdout).unwrap()
    };
    assert_eq!(plan().lines().count(), MIGRATIONS.len());
    assert!(!folder.path().join("data").exists());
    let migrated = native(folder.path(), &["migrate"]).status();
    assert!(migrated.unwrap().success());
    assert_eq!(plan(), "");
    let database = rusqlite::Connection::open(folder.path().join("data/gatewright.db")).unwrap();
    database
        .execute_batch("DELETE FROM schema_migrations WHERE version = 16")
        .unwrap();
    assert!(plan().starts_with("16  "), "{}", plan());
}
