//! Migrations, and the versions that a schema serves.

use std::time::Duration;

use auth_core::storage::StorageError;
use futures::executor::block_on;
use gatewright_postgres::{Address, PoolSettings, Session};
use gatewright_storage_postgres::{
    Executor as _, Failure, MIGRATIONS, MigrationError, Statement, is_current, migrate, plan,
};
use gatewright_tests::postgres::{Connections, Database, PostgresServer};

use crate::guards::WAITS;

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

/// Returns a database of the first version.
fn first_version() -> Database {
    let database = PostgresServer::shared().empty_database();
    let connections = database.connect();
    let records = "CREATE TABLE schema_migrations
        (version bigint PRIMARY KEY, name text NOT NULL, serves bigint NOT NULL, applied_at bigint NOT NULL)";
    let record = "INSERT INTO schema_migrations VALUES (1, 'first', 1, 0)";
    connections.run(MIGRATIONS[0].statements).unwrap();
    connections.run(&[records, record]).unwrap();
    database
}

const ADA: [&str; 4] = [
    "INSERT INTO users (id, profile, created_at, updated_at) VALUES ('ada', '{}', 0, 0)",
    "INSERT INTO user_terms (term, user_id) VALUES ('term', 'ada')",
    "INSERT INTO user_roles (user_id, role_id) SELECT 'ada', id FROM roles",
    "INSERT INTO credentials (id, user_id, kind, secret, created_at, updated_at) VALUES ('one', 'ada', 'password', '', 0, 0)",
];
const PARTS: &str = "SELECT user_id FROM user_terms UNION ALL SELECT user_id FROM user_roles
    UNION ALL SELECT user_id FROM credentials";

#[test]
fn the_schema_before_loses_only_what_belongs_to_nobody() {
    let database = first_version();
    let connections = database.connect();
    let left = "INSERT INTO user_terms (term, user_id) VALUES ('left', 'deleted')";
    connections.run(&[left]).unwrap();
    connections.run(&ADA).unwrap();
    let before = connections.run(&[PARTS]).unwrap().len();
    let applied = block_on(migrate(&connections, "kit"));
    assert_eq!(applied, Ok(MIGRATIONS.len() as u64 - 1));
    assert_eq!(connections.run(&[PARTS]).unwrap().len(), before - 1);
}

/// An operator who deletes users by SQL, in whatever session, deletes their credentials, roles and terms.
#[test]
fn users_whom_an_operator_deletes_leave_nothing() {
    let database = PostgresServer::shared().database();
    let one = PoolSettings {
        size: 1,
        ..PoolSettings::default()
    };
    let connections = Connections::new(&database.url(), &one);
    for deletion in ["DELETE FROM public.users", "TRUNCATE public.users CASCADE"] {
        connections.run(&ADA).unwrap();
        assert!(!connections.run(&[PARTS]).unwrap().is_empty());
        let elsewhere = "SET search_path = pg_catalog";
        let here = "RESET search_path";
        let left = connections.run(&[elsewhere, deletion, here, PARTS]);
        assert!(left.unwrap().is_empty(), "{deletion}");
    }
}

/// While a migration waits for a transaction that is open for long, others still read the same table.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_migration_that_waits_holds_up_nobody() {
    let database = first_version();
    let address = Address::parse(&database.url()).unwrap();
    let reader = Session::connect(&address, "a reader").await.unwrap();
    let read = "SELECT 1 FROM credentials";
    reader.batch(&format!("BEGIN; {read}")).await.unwrap();
    let patient = PoolSettings {
        statement_timeout: Duration::from_secs(60),
        ..PoolSettings::default()
    };
    let (read, migration) = std::thread::scope(|scope| {
        let connections = Connections::new(&database.url(), &patient);
        let migration = scope.spawn(move || block_on(migrate(&connections, "kit")));
        let other = database.connect();
        while other.run(&[WAITS]).unwrap().is_empty() {
            std::thread::yield_now();
        }
        let read = other.run(&[read]);
        block_on(reader.batch("COMMIT")).unwrap();
        (read, migration.join().unwrap())
    });
    assert!(read.unwrap().is_empty());
    assert_eq!(migration, Ok(MIGRATIONS.len() as u64 - 1));
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
