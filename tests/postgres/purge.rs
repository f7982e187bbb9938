//! Clean-up of more rows than one transaction deletes.

use auth_core::Timestamp;
use auth_core::storage::Maintenance as _;
use futures::executor::block_on;
use gatewright_storage_postgres::PostgresStorage;
use gatewright_tests::postgres::PostgresServer;

#[test]
fn everything_that_has_expired_is_deleted_in_portions() {
    let database = PostgresServer::shared().database();
    let connections = database.connect();
    let many = "INSERT INTO limits (key, count, resets_at) SELECT 'k' || n, 1, n FROM generate_series(1, 5001) AS n";
    connections.run(&[many]).unwrap();
    let storage = PostgresStorage::new(connections.postgres());
    let at = Timestamp::from_millis;
    let purge = |now| block_on(storage.purge(at(now), at(0), None));
    assert_eq!(purge(5000), Ok(5000));
    assert_eq!(purge(5000), Ok(0));
    assert_eq!(purge(5001), Ok(1));
}
