//! The storage contract kit on every storage implementation that runs here.

#![allow(clippy::unwrap_used, reason = "tests")]

mod in_memory {
    gatewright_tests::contract_tests!(gatewright_tests::MemoryStorage::default());
}

mod sqlite {
    use std::collections::BTreeSet;
    use std::ops::Deref;
    use std::path::PathBuf;

    use auth_core::Timestamp;
    use auth_core::storage::StorageError;
    use futures::executor::block_on;
    use gatewright::Sqlite;
    use gatewright_storage_sqlite::{
        Executor, MIGRATIONS, MigrationError, Row, SqliteStorage, Statement, migrate,
    };

    struct Fresh {
        storage: SqliteStorage<Checked>,
        _folder: tempfile::TempDir,
    }

    impl Deref for Fresh {
        type Target = SqliteStorage<Checked>;

        fn deref(&self) -> &Self::Target {
            &self.storage
        }
    }

    impl Drop for Fresh {
        fn drop(&mut self) {
            self.storage.executor().sqlite.close();
        }
    }

    /// Checks a guarantee for every statement: its column names are unique.
    struct Checked {
        sqlite: Sqlite,
        path: PathBuf,
    }

    impl Checked {
        fn check(&self, statement: &Statement) {
            let connection = rusqlite::Connection::open(&self.path).unwrap();
            let prepared = connection.prepare(&statement.sql).unwrap();
            let names: BTreeSet<_> = prepared.column_names().collect();
            let sql = &statement.sql;
            assert_eq!(names.len(), prepared.column_count(), "{names:?} in {sql}");
            let number = |name: &&str| name.parse::<u32>().is_ok();
            assert!(names.len() < 2 || !names.iter().any(number), "{sql}");
        }
    }

    impl Executor for Checked {
        const TAKES_ROWS: bool = Sqlite::TAKES_ROWS;

        async fn query(&self, statement: Statement) -> Result<Vec<Row>, StorageError> {
            self.check(&statement);
            self.sqlite.query(statement).await
        }

        async fn execute(&self, statement: Statement) -> Result<Vec<Row>, StorageError> {
            self.check(&statement);
            self.sqlite.execute(statement).await
        }

        async fn batch(&self, statements: Vec<Statement>) -> Result<Vec<Vec<Row>>, StorageError> {
            statements
                .iter()
                .for_each(|statement| self.check(statement));
            self.sqlite.batch(statements).await
        }
    }

    fn empty() -> Fresh {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("test.db");
        let sqlite = Sqlite::open(&path).unwrap();
        assert_eq!(
            block_on(migrate(&sqlite, Timestamp::from_millis(1))),
            Ok(MIGRATIONS.len() as u64)
        );
        Fresh {
            storage: SqliteStorage::new(Checked { sqlite, path }),
            _folder: folder,
        }
    }

    gatewright_tests::contract_tests!(*empty());

    #[test]
    fn migrating_twice_changes_nothing() {
        assert_eq!(
            block_on(migrate(empty().executor(), Timestamp::from_millis(2))),
            Ok(0)
        );
    }

    #[test]
    fn concurrent_first_starts_migrate_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("test.db");
        let applied: u64 = std::thread::scope(|scope| {
            let starts: Vec<_> = (0..8)
                .map(|_| {
                    scope.spawn(|| {
                        let executor = Sqlite::open(&path).unwrap();
                        let applied =
                            block_on(migrate(&executor, Timestamp::from_millis(1))).unwrap();
                        executor.close();
                        applied
                    })
                })
                .collect();
            starts.into_iter().map(|start| start.join().unwrap()).sum()
        });
        assert_eq!(applied, MIGRATIONS.len() as u64);
    }

    /// Everything that refers to users and roles, in a database of schema version 3.
    const OLD: &str = "
        INSERT INTO users (id, email, email_key, username, username_key, display_name, profile, created_at, updated_at)
            VALUES ('u2', 'Ada@example.com', 'ada@example.com', 'ada', 'ada', 'Ada', '{}', 1, 2),
                ('u1', NULL, NULL, NULL, NULL, 'Bob', '{}', 3, 4), ('u3', NULL, NULL, 'eve', 'eve', NULL, '{}', 5, 6);
        INSERT INTO credentials (id, user_id, kind, secret, counter, label, created_at, updated_at, last_used_at)
            VALUES ('c1', 'u2', 'password', 'hash', NULL, NULL, 1, 2, 3), ('c2', 'u2', 'totp', 'sealed', 7, 'phone', 4, 5, 6),
                ('c3', 'u1', 'password', 'other', NULL, NULL, 1, 2, NULL);
        INSERT INTO roles (id, name, description, built_in, updated_at) VALUES ('r1', 'editor', 'Edits.', 0, 9),
            ('r2', 'support', '', 0, 9), ('r3', 'readers', '', 0, 9), ('r4', 'boss', '', 0, 9), ('r5', 'posters', '', 0, 9),
            ('r6', 'nothing', '', 0, 9);
        INSERT INTO permissions (id, name, description, updated_at) VALUES ('p1', 'posts:edit', '', 9), ('p2', '*:read', '', 9),
            ('p3', 'posts:*', '', 9), ('p4', 'users.drafts:read', '', 9);
        INSERT INTO role_permissions (role_id, permission_id) VALUES ('r1', 'p1'), ('r3', 'p2'), ('r5', 'p3'), ('r5', 'p4'),
            ('r2', '018bcfe5-6800-7000-8000-000000000102'), ('r4', '018bcfe5-6800-7000-8000-000000000101');
        INSERT INTO user_roles (user_id, role_id) VALUES ('u2', 'r1'), ('u1', '018bcfe5-6800-7000-8000-000000000002');
        INSERT INTO user_terms (term, user_id) VALUES ('ada', 'u2'), ('bob', 'u1');
        INSERT INTO one_time_secrets (digest, purpose, user_id, payload, created_at, expires_at)
            VALUES ('d1', 'reset', 'u2', '{}', 1, 100);
        INSERT INTO sessions (id, user_id, actor_id, amr, authenticated_at, created_at, last_seen_at, expires_at, token)
            VALUES ('s1', 'u2', NULL, 'pwd', 1, 1, 1, 100, 't1'), ('s2', 'u2', 'u1', 'pwd', 1, 1, 1, 100, NULL);
        INSERT INTO refresh_tokens (digest, session_id, expires_at) VALUES ('f1', 's1', 100);";
    /// Leftovers of users, sessions and permissions that somebody deleted with SQL, without their dependent rows.
    const ORPHANS: &str = "
        PRAGMA foreign_keys = OFF;
        INSERT INTO credentials (id, user_id, kind, secret, created_at, updated_at) VALUES ('c9', 'gone', 'password', '', 1, 1);
        INSERT INTO role_permissions (role_id, permission_id) VALUES ('r1', 'gone'), ('gone', 'p1');
        INSERT INTO user_roles (user_id, role_id) VALUES ('gone', 'r1'), ('u1', 'gone');
        INSERT INTO user_terms (term, user_id) VALUES ('gone', 'gone');
        INSERT INTO one_time_secrets (digest, purpose, user_id, payload, created_at, expires_at)
            VALUES ('d9', 'reset', 'gone', '{}', 1, 100);
        INSERT INTO sessions (id, user_id, actor_id, amr, authenticated_at, created_at, last_seen_at, expires_at)
            VALUES ('s8', 'gone', NULL, 'pwd', 1, 1, 1, 100), ('s9', 'u1', 'gone', 'pwd', 1, 1, 1, 100);
        INSERT INTO refresh_tokens (digest, session_id, expires_at) VALUES ('f9', 's9', 100);";

    #[test]
    fn a_database_of_an_older_version_keeps_everything() {
        use auth_core::storage::{
            LoginName, OneTimeSecrets as _, Roles as _, Sessions as _, UserQuery, Users as _,
        };

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("test.db");
        let connection = rusqlite::Connection::open(&path).unwrap();
        for step in &MIGRATIONS[..3] {
            connection.execute_batch(&step.script()).unwrap();
        }
        connection.execute_batch(OLD).unwrap();
        connection.execute_batch(ORPHANS).unwrap();
        let sqlite = Sqlite::open(&path).unwrap();
        let applied = block_on(migrate(&sqlite, Timestamp::from_millis(1)));
        assert_eq!(applied, Ok(MIGRATIONS.len() as u64 - 3));
        let storage = SqliteStorage::new(sqlite.clone());
        block_on(async {
            let by_email = LoginName::Email("ada@example.com".into());
            let account = storage.find_account(by_email).await.unwrap().unwrap();
            let credentials: Vec<_> = account.credentials.iter().collect();
            assert_eq!(account.user.id, "u2");
            assert_eq!(credentials.len(), 2);
            assert_eq!(
                (credentials[1].id.as_str(), credentials[1].counter),
                ("c2", Some(7))
            );
            let member = storage.find_user("u2".into()).await.unwrap().unwrap();
            assert_eq!(member.roles, ["editor"]);
            assert_eq!(member.permissions, ["posts:edit"]);
            let member = storage.find_user("u1".into()).await.unwrap().unwrap();
            assert_eq!(member.roles, ["admin"]);
            assert!(member.permissions.iter().any(|name| name == "users:write"));
            // Custom roles with administrative permissions rank above `user`, the others equal to it.
            let roles = storage.list_roles().await.unwrap();
            let ranks: Vec<_> = roles
                .iter()
                .map(|role| (role.name.as_str(), role.rank))
                .collect();
            let expected = [
                ("admin", 500),
                ("boss", 10),
                ("editor", 0),
                ("moderator", 100),
                ("nothing", 0),
                ("posters", 0),
                ("premium", 0),
                ("readers", 10),
                ("superadmin", 1000),
                ("support", 10),
                ("user", 0),
                ("verified", 0),
            ];
            assert_eq!(ranks, expected);
            let found = UserQuery {
                search: Some("bo".into()),
                limit: 10,
                ..UserQuery::default()
            };
            assert_eq!(storage.list_users(found).await.unwrap().users.len(), 1);
            let session = storage.find_session_by_token("t1".into()).await.unwrap();
            assert_eq!(session.unwrap().session.user_id, "u2");
            let of_token = storage.find_refresh_token_session("f1".into()).await;
            assert_eq!(of_token.unwrap().as_deref(), Some("s1"));
            let secret = storage.find_one_time_secret("d1".into()).await.unwrap();
            assert_eq!(secret.unwrap().user_id.as_deref(), Some("u2"));

            // A deleted user's rows are deleted too.
            let deleted = storage.delete_user(
                "u2".into(),
                Timestamp::from_millis(2),
                Timestamp::from_millis(3),
                None,
                None,
                vec![],
            );
            deleted.await.unwrap();
        });
        for (table, left) in [
            ("users", 2),
            ("credentials", 1),
            ("user_roles", 1),
            ("user_terms", 1),
            ("one_time_secrets", 0),
            ("sessions", 0),
            ("refresh_tokens", 0),
            ("sqlite_schema WHERE name LIKE 'old%'", 0),
            ("pragma_foreign_key_check", 0),
        ] {
            let count = format!("SELECT count(*) FROM {table}");
            let count: i64 = connection.query_row(&count, [], |row| row.get(0)).unwrap();
            assert_eq!(count, left, "{table}");
        }
        sqlite.close();
    }

    /// A newer schema stops this version only if it no longer serves it.
    #[test]
    fn a_newer_schema_says_whom_it_serves() {
        let fresh = empty();
        let (known, now) = (MIGRATIONS.len() as u64, Timestamp::from_millis(2));
        let newer = |version: u64, serves: u64| {
            let newer = "INSERT INTO schema_migrations (version, name, applied_at, serves) VALUES (?1, 'later', 0, ?2)";
            let newer = Statement::new(newer, vec![version.into(), serves.into()]);
            block_on(fresh.executor().execute(newer)).unwrap();
            let check = auth_core::storage::Maintenance::check(&fresh.storage, now);
            let migrated = block_on(migrate(fresh.executor(), now));
            (block_on(check).is_ok(), migrated)
        };
        assert_eq!(newer(known + 1, known), (true, Ok(0)));
        let refused = MigrationError::Newer {
            found: known + 2,
            known,
            serves: known + 1,
        };
        assert_eq!(newer(known + 2, known + 1), (false, Err(refused)));
    }

    #[test]
    fn a_failing_statement_undoes_its_batch_and_no_other() {
        let fresh = empty();
        let insert = |key: &str| {
            Statement::new(
                "INSERT INTO limits (key, count, resets_at) VALUES (?1, 1, 1)",
                vec![key.into()],
            )
        };
        let executor = fresh.executor();
        block_on(async {
            let (failing, working) = futures::join!(
                executor.batch(vec![insert("a"), insert("b"), insert("a")]),
                executor.batch(vec![insert("c")])
            );
            assert!(failing.is_err() && working.is_ok());
            let rows = executor
                .query(Statement::new("SELECT key FROM limits", vec![]))
                .await
                .unwrap();
            assert_eq!(rows.len(), 1);
        });
    }

    /// An import holds the lock nearly all the time, and SQLite grants it to the first that asks.
    #[test]
    fn another_process_writes_between_commits_that_take_long() {
        use std::sync::atomic::{AtomicBool, Ordering};

        let fresh = empty();
        let other = Sqlite::open(&fresh.executor().path).unwrap();
        let insert = |key: &str, rows: u64| {
            let sql = "INSERT INTO limits (key, count, resets_at)
                WITH RECURSIVE numbers (number) AS (VALUES (1) UNION ALL SELECT number + 1 FROM numbers WHERE number < ?2)
                SELECT ?1 || number, 1, 1 FROM numbers WHERE true ON CONFLICT (key) DO UPDATE SET count = count + 1";
            vec![Statement::new(sql, vec![key.into(), rows.into()])]
        };
        let done = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    block_on(fresh.executor().sqlite.batch(insert("long", 200_000))).unwrap();
                }
            });
            let written: Vec<_> = (0..5)
                .map(|_| block_on(other.batch(insert("other", 1))))
                .collect();
            done.store(true, Ordering::Relaxed);
            assert!(written.iter().all(Result::is_ok), "{written:?}");
        });
        other.close();
    }
}

/// The provider on Spin: four instances on one database, as Spin starts them for concurrent requests.
mod spin_provider {
    use gatewright_storage_sqlite::MIGRATIONS;
    use gatewright_tests::ProviderStorage;
    use gatewright_tests::host::component;

    gatewright_tests::contract_tests!(ProviderStorage::on_sqlite(&component("spin-provider"), 4));

    /// Twenty concurrent first calls, in four instances.
    #[test]
    fn concurrent_first_calls_migrate_once() {
        use auth_core::storage::Maintenance as _;
        use futures::executor::block_on;
        use futures::future::join_all;

        let storage = ProviderStorage::new(&component("spin-provider"), 4);
        let now = auth_core::Timestamp::from_millis(0);
        let checks = block_on(join_all((0..20).map(|_| storage.check(now))));
        assert!(checks.iter().all(Result::is_ok), "{checks:?}");
        let database = rusqlite::Connection::open(storage.database()).unwrap();
        let versions = "SELECT count(*) FROM schema_migrations";
        let versions: i64 = database.query_row(versions, [], |row| row.get(0)).unwrap();
        assert_eq!(versions, MIGRATIONS.len() as i64);
    }
}

/// The example of a provider, whose single instance is its storage.
mod memory_provider {
    use gatewright_tests::ProviderStorage;
    use gatewright_tests::host::component;

    gatewright_tests::contract_tests!(ProviderStorage::new(&component("memory-provider"), 1));
}

/// D1, from a Worker in Cloudflare's runtime.
mod d1 {
    use gatewright_tests::WorkerStorage;

    gatewright_tests::contract_tests!(WorkerStorage::start());
}

/// The provider that `GATEWRIGHT_PROVIDER` names, for developers of a provider: a single instance, which serves all
/// calls.
mod named_provider {
    use std::path::{Path, PathBuf};

    use gatewright_tests::ProviderStorage;

    fn named() -> PathBuf {
        let path = std::env::var_os("GATEWRIGHT_PROVIDER")
            .expect("GATEWRIGHT_PROVIDER names no component");
        // Tests run in the folder of their package, but the command runs in that of the workspace.
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        workspace.join(path).canonicalize().unwrap()
    }

    gatewright_tests::contract_tests!(
        ignored "needs a provider: wit/README.md",
        ProviderStorage::new(&named(), 1)
    );
}
