//! Backups of the local database, and their restore.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use gatewright_storage_sqlite::MIGRATIONS;
use gatewright_tests::host::{Host, native};
use rusqlite::Connection;

use super::{refused, succeeds};

/// Creates a database with a schema and nothing else.
fn migrated(folder: &Path) {
    succeeds(native(folder, &["migrate"]));
}

fn files(folder: &Path) -> Vec<String> {
    let files = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = files
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// The copy has the state of one moment: every user in it has a password and an event of the registration, as in the
/// database, where both are stored with the user.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_under_load_has_one_moment_and_can_be_restored() {
    let mut host = Host::start(&[
        ("MAILS_PER_IP", "1000000"),
        ("MAILS_PER_ADDRESS_EVERYWHERE", "1000000"),
    ]);
    let before = host.register("ada@example.com").await;
    let folder = host.folder().to_owned();
    let backups = tokio::task::spawn_blocking(move || {
        let names = ["1.db", "2.db", "3.db", "4.db"];
        names.map(|name| (name, succeeds(native(&folder, &["backup", name]))))
    });
    let mut registered = 0;
    while !backups.is_finished() {
        host.register(&format!("user{registered}@example.com"))
            .await;
        registered += 1;
    }
    for (name, said) in backups.await.unwrap() {
        assert!(said.contains("verified"), "{said}");
        assert!(said.contains("data/secrets.env"), "{said}");
        let path = host.folder().join(name);
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let copied = Connection::open(path).unwrap();
        let count = |sql| -> i64 { copied.query_row(sql, [], |row| row.get(0)).unwrap() };
        let users = count("SELECT count(*) FROM users");
        assert!(users > 0);
        assert_eq!(users, count("SELECT count(*) FROM credentials"));
        assert_eq!(count("SELECT count(*) FROM pragma_foreign_key_check"), 0);
    }
    host.register("late@example.com").await;

    // A running host keeps its database.
    let said = refused(native(host.folder(), &["restore", "4.db", "--force"]));
    assert!(said.contains("is in use: stop the service"), "{said}");
    host.kill();
    let said = refused(native(host.folder(), &["restore", "4.db"]));
    assert!(said.contains("--force replaces it"), "{said}");
    let said = succeeds(native(host.folder(), &["restore", "4.db", "--force"]));
    assert!(said.contains("gatewright.db.before-restore"), "{said}");
    let former = Connection::open(host.folder().join("data/gatewright.db.before-restore")).unwrap();
    let late = "SELECT count(*) FROM users WHERE email = 'late@example.com'";
    let late: i64 = former.query_row(late, [], |row| row.get(0)).unwrap();
    assert_eq!(late, 1);
    let host = host.restart(&[]);
    host.refresh(&before.refresh_token).await.assert_ok();
    host.login("ada@example.com").await;
    let login = serde_json::json!({"email": "late@example.com", "password": gatewright_tests::host::PASSWORD});
    host.post("/auth/login", login)
        .await
        .assert_error(401, "invalid_credentials");
}

#[test]
fn a_backup_replaces_nothing_unless_asked_and_leaves_no_part_behind() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let said = refused(native(folder, &["backup", "backup.db"]));
    assert!(said.contains("can't open data/gatewright.db"), "{said}");
    migrated(folder);
    succeeds(native(folder, &["backup", "backup.db"]));
    let said = refused(native(folder, &["backup", "backup.db"]));
    assert!(
        said.contains("backup.db exists; --force replaces it"),
        "{said}"
    );
    succeeds(native(folder, &["backup", "backup.db", "--force"]));
    let said = refused(native(folder, &["backup", "data/gatewright.db", "--force"]));
    assert!(said.contains("is the database itself"), "{said}");
    let said = refused(native(folder, &["backup", "missing/backup.db"]));
    assert!(said.contains("can't write to missing"), "{said}");
    // Less space than the backup needs, and enough for the shared memory of the database.
    let program = native(folder, &[]).get_program().to_owned();
    let mut full = Command::new("sh");
    full.args([
        "-c",
        "trap '' XFSZ; ulimit -f 100; exec \"$0\" backup full.db",
    ])
    .arg(program)
    .current_dir(folder)
    .env_clear();
    let said = refused(full);
    assert!(said.contains("full.db"), "{said}");
    assert_eq!(files(folder), ["backup.db", "data"]);
    let postgres = "--database-url=postgresql://ada:wonderland@localhost/auth";
    for command in ["backup", "restore"] {
        let said = refused(native(folder, &[command, "backup.db", postgres]));
        assert!(
            said.contains("pg_") && !said.contains("wonderland"),
            "{said}"
        );
    }
}

/// A file is verified before it replaces anything.
#[test]
fn a_restore_takes_only_an_intact_backup_of_a_known_schema() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    migrated(folder);
    succeeds(native(folder, &["backup", "backup.db"]));
    let whole = std::fs::read(folder.join("backup.db")).unwrap();
    let database = folder.join("data/gatewright.db");
    let before = std::fs::read(&database).unwrap();

    std::fs::write(folder.join("wrong.db"), "no database at all, but a text").unwrap();
    std::fs::write(folder.join("truncated.db"), &whole[..whole.len() / 2]).unwrap();
    std::fs::write(folder.join("newer.db"), &whole).unwrap();
    std::fs::write(folder.join("orphan.db"), &whole).unwrap();
    let next = MIGRATIONS.len() + 1;
    let newer = Connection::open(folder.join("newer.db")).unwrap();
    newer
        .execute(
            "UPDATE schema_migrations SET version = ?1 WHERE version = ?1 - 1",
            [next as i64],
        )
        .unwrap();
    let orphan = Connection::open(folder.join("orphan.db")).unwrap();
    let rows = "PRAGMA foreign_keys = OFF; INSERT INTO email_keys_to_renew (user_row) VALUES (7)";
    orphan.execute_batch(rows).unwrap();
    let other = Connection::open(folder.join("other.db")).unwrap();
    other
        .execute_batch("CREATE TABLE notes (text TEXT)")
        .unwrap();
    drop((newer, orphan, other));
    for (file, reason) in [
        ("missing.db", "can't open missing.db"),
        ("data", "data is no file"),
        ("wrong.db", "wrong.db is no SQLite database"),
        ("truncated.db", "truncated.db is damaged or incomplete"),
        ("orphan.db", "orphan.db is damaged or incomplete"),
        ("other.db", "other.db is no database of Gatewright"),
        ("newer.db", "use the gatewright that made it"),
    ] {
        let said = refused(native(folder, &["restore", file, "--force"]));
        assert!(said.contains(reason), "{file}: {said}");
    }
    assert!(std::fs::read(&database).unwrap() == before);

    // A log that a lost database left behind must not be applied to the restored one.
    std::fs::remove_file(&database).unwrap();
    std::fs::write(folder.join("data/gatewright.db-wal"), "of another database").unwrap();
    succeeds(native(folder, &["restore", "backup.db"]));
    assert!(!folder.join("data/gatewright.db-wal").exists());
    succeeds(native(folder, &["migrate"]));
}
