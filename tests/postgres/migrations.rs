//! Migrations, and the versions that a schema serves.

use auth_core::storage::StorageError;
use futures::executor::block_on;
use gatewright_storage_postgres::{
    Executor as _, Failure, MIGRATIONS, MigrationError, Statement, is_current, migrate, plan,
};
use gatewright_tests::postgres::PostgresServer;

#[test]
fn concurrent_first_starts_migrate_once() {
    let database = PostgresServer::shared().empty_database();
    assert_eq!(
        block_on(plan(&database.connect())).unwrap().len(),
        MIGRATIONS.len()
    );
    let applied: u64 = std::thread::scope(|scope| {
        let starts: Vec<_> = (0..8)
            .map(|host| {
                let database = &database;
                scope.spawn(move || {
                    let executor = database.connect();
                    let applied = block_on(migrate(&executor, &format!("host{host}")));
                    assert!(block_on(is_current(&executor)));
                    applied.unwrap()
                })
            })
            .collect();
        starts.into_iter().map(|start| start.join().unwrap()).sum()
    });
    assert_eq!(applied, MIGRATIONS.len() as u64);
}

/// A newer schema stops this version only if it no longer serves it.
#[test]
fn a_newer_schema_says_whom_it_serves() {
    let database = PostgresServer::shared().database();
    let executor = database.connect();
    let known = MIGRATIONS.len() as u64;
    let newer = |version: u64, serves: u64| {
        let record = "INSERT INTO schema_migrations (version, name, serves, applied_at) VALUES ($1, 'newer', $2, 0)";
        let record = Statement::new(record, vec![version.into(), serves.into()]);
        block_on(executor.query(record)).unwrap();
        (
            block_on(is_current(&executor)),
            block_on(migrate(&executor, "kit")),
        )
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
fn a_refused_statement_is_lasting_and_its_text_has_no_value() {
    let database = PostgresServer::shared().empty_database();
    let executor = database.connect();
    let wrong = Statement::new("SELECT 1 WHERE $1::text::bigint = 1", vec!["secret".into()]);
    let Err(Failure::Failed(StorageError::Invalid(text))) = block_on(executor.query(wrong)) else {
        panic!("a wrong value is refused for good");
    };
    assert!(!text.contains("secret"), "{text}");
}
