//! The storage contract kit on every storage that runs here.

#![allow(missing_docs, clippy::unwrap_used, reason = "tests")]

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
    use gatewright_sql::{
        Executor, MIGRATIONS, MigrationError, Row, SqlStorage, Statement, migrate,
    };

    struct Fresh {
        storage: SqlStorage<Checked>,
        _folder: tempfile::TempDir,
    }

    impl Deref for Fresh {
        type Target = SqlStorage<Checked>;

        fn deref(&self) -> &Self::Target {
            &self.storage
        }
    }

    impl Drop for Fresh {
        fn drop(&mut self) {
            self.storage.executor().sqlite.close();
        }
    }

    /// Checks what is promised of every statement: that its columns have names of their own.
    struct Checked {
        sqlite: Sqlite,
        path: PathBuf,
    }

    impl Checked {
        fn check(&self, statement: &Statement) {
            let connection = rusqlite::Connection::open(&self.path).unwrap();
            let prepared = connection.prepare(statement.sql).unwrap();
            let names: BTreeSet<_> = prepared.column_names().collect();
            let sql = statement.sql;
            assert_eq!(names.len(), prepared.column_count(), "{names:?} in {sql}");
            let number = |name: &&str| name.parse::<u32>().is_ok();
            assert!(names.len() < 2 || !names.iter().any(number), "{sql}");
        }
    }

    impl Executor for Checked {
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
            storage: SqlStorage::new(Checked { sqlite, path }),
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

    #[test]
    fn a_newer_schema_is_refused() {
        let fresh = empty();
        let newer =
            "INSERT INTO schema_migrations (version, name, applied_at) VALUES (99, 'later', 0)";
        block_on(fresh.executor().execute(Statement::new(newer, vec![]))).unwrap();
        let known = MIGRATIONS.len() as u64;
        let refused = block_on(migrate(fresh.executor(), Timestamp::from_millis(2)));
        assert_eq!(refused, Err(MigrationError::Newer { found: 99, known }));
        assert!(block_on(auth_core::storage::Storage::check(&fresh.storage)).is_err());
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
}

/// The provider on Spin: four instances on one database, as Spin has when requests come together.
mod spin_provider {
    use gatewright_sql::MIGRATIONS;
    use gatewright_tests::ProviderStorage;
    use gatewright_tests::host::component;

    fn empty() -> ProviderStorage {
        ProviderStorage::new(&component("spin-provider"), 4)
    }

    gatewright_tests::contract_tests!(empty());

    /// Twenty first calls at once, in four instances.
    #[test]
    fn concurrent_first_calls_migrate_once() {
        use auth_core::storage::Storage as _;
        use futures::executor::block_on;
        use futures::future::join_all;

        let storage = empty();
        let checks = block_on(join_all((0..20).map(|_| storage.check())));
        assert!(checks.iter().all(Result::is_ok), "{checks:?}");
        let database = storage.folder().join(".spin/sqlite_db.db");
        let database = rusqlite::Connection::open(database).unwrap();
        let versions = "SELECT count(*) FROM schema_migrations";
        let versions: i64 = database.query_row(versions, [], |row| row.get(0)).unwrap();
        assert_eq!(versions, MIGRATIONS.len() as i64);
    }
}

/// The example of a provider, whose one instance is its storage.
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

/// The provider that `GATEWRIGHT_PROVIDER` names, for who writes one; without it, the one on Spin in a single instance,
/// where all calls meet.
mod named_provider {
    use std::path::PathBuf;

    use gatewright_tests::ProviderStorage;
    use gatewright_tests::host::component;

    fn named() -> PathBuf {
        match std::env::var_os("GATEWRIGHT_PROVIDER") {
            // Tests run in the folder of their package, the command in that of the workspace.
            Some(path) => {
                let path = PathBuf::from(path);
                let workspace = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
                workspace.join(path).canonicalize().unwrap()
            }
            None => component("spin-provider"),
        }
    }

    gatewright_tests::contract_tests!(ProviderStorage::new(&named(), 1));
}
