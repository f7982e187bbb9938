//! The Spin application on PostgreSQL: the storage contract kit through its provider, and its failures.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::ops::Deref;

use auth_core::storage::Maintenance as _;
use futures::executor::block_on;
use futures::future::join_all;
use gatewright_storage_postgres::MIGRATIONS;
use gatewright_tests::ProviderStorage;
use gatewright_tests::host::{Host, component};
use gatewright_tests::postgres::{Database, PostgresServer, origin};

/// Four instances on one database, as Spin starts them for concurrent requests.
struct Provider {
    storage: ProviderStorage,
    /// Deleted in the end.
    database: Database,
}

impl Deref for Provider {
    type Target = ProviderStorage;

    fn deref(&self) -> &Self::Target {
        &self.storage
    }
}

fn on(database: Database) -> Provider {
    let provider = component("spin-postgres-provider");
    let storage = ProviderStorage::on_postgres(&provider, 4, &database.network_url());
    Provider { storage, database }
}

fn empty() -> Provider {
    on(PostgresServer::on_network().database())
}

gatewright_tests::contract_tests!(ignored "takes long: cargo xtask prove postgres", *empty());

/// Twenty concurrent first calls, in four instances, on a database without a schema.
#[test]
fn concurrent_first_calls_migrate_once() {
    let provider = on(PostgresServer::on_network().empty_database());
    let now = auth_core::Timestamp::from_millis(0);
    let checks = block_on(join_all((0..20).map(|_| provider.check(now))));
    assert!(checks.iter().all(Result::is_ok), "{checks:?}");
    let versions = ["SELECT version FROM schema_migrations"];
    let versions = provider.database.connect().run(&versions).unwrap();
    assert_eq!(versions.len(), MIGRATIONS.len());
}

/// Passes connections on to the server at this address, each with a transaction open, like a pool that hands them on as
/// they were left. Returns its own address.
fn with_open_transactions(server: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let (mut client, mut server) = (client.unwrap(), TcpStream::connect(&server).unwrap());
            let mut startup = Vec::new();
            read_message(&mut client, &mut startup);
            server.write_all(&startup).unwrap();
            let begun = read_until_ready(&mut server);
            server.write_all(b"Q\0\0\0\x0aBEGIN\0").unwrap();
            read_until_ready(&mut server);
            client.write_all(&begun).unwrap();
            let (mut from, mut to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
            std::thread::spawn(move || std::io::copy(&mut from, &mut to));
            std::thread::spawn(move || std::io::copy(&mut server, &mut client));
        }
    });
    address
}

/// Reads a length and the rest of a message that the length counts.
fn read_message(stream: &mut TcpStream, into: &mut Vec<u8>) {
    let mut length = [0; 4];
    stream.read_exact(&mut length).unwrap();
    let mut rest = vec![0; u32::from_be_bytes(length) as usize - 4];
    stream.read_exact(&mut rest).unwrap();
    into.extend(length);
    into.extend(rest);
}

/// Reads the server's messages until it is ready for a query.
fn read_until_ready(server: &mut TcpStream) -> Vec<u8> {
    let mut read = Vec::new();
    loop {
        let mut kind = [0];
        server.read_exact(&mut kind).unwrap();
        read.extend(kind);
        read_message(server, &mut read);
        if kind == *b"Z" {
            return read;
        }
    }
}

/// Spin's pool hands a connection on with the transaction of a request that ended in its middle. The writes of the next
/// request are nevertheless committed.
#[test]
fn a_transaction_that_was_left_open_is_rolled_back() {
    let database = PostgresServer::on_network().database();
    let url = database.network_url();
    let server = origin(&url).replace("postgres://", "");
    let url = url.replace(&server, &with_open_transactions(server.clone()));
    let provider = component("spin-postgres-provider");
    let storage = ProviderStorage::on_postgres(&provider, 1, &format!("{url}?sslmode=disable"));
    // In the future, so that clean-up deletes nothing.
    let now = auth_core::Timestamp::from_millis(4_102_444_800_000);
    block_on(storage.check(now)).unwrap();
    let written = ["SELECT 1 FROM limits WHERE key = 'written'"];
    assert_eq!(database.connect().run(&written).unwrap().len(), 1);
}

/// Every connection of the application is ended, as by a restart of the server: it answers again without a restart.
#[tokio::test]
async fn a_lost_server_is_found_again() {
    let host = Host::start_spin_on_postgres(&[]);
    host.register("ada@example.com").await;
    let end = "SELECT pg_terminate_backend(pid)::text FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()";
    host.postgres().unwrap().connect().run(&[end]).unwrap();
    // Each instance keeps up to two connections, and finds out that they are lost.
    for _ in 0..4 {
        let answer = host.get("/readyz").await;
        if answer.status != 200 {
            answer.assert_error(503, "unavailable");
        }
    }
    host.get("/readyz").await.assert_ok();
    host.login("ada@example.com").await;
}

/// A wrong variable is named in the log, and the password is not.
#[tokio::test]
async fn a_wrong_url_is_named_without_its_password() {
    let other = "postgresql://ada:s3cr3t-pw@127.0.0.1:1/auth";
    for (url, message) in [
        ("", "DATABASE_URL: DATABASE_URL is not of the form"),
        (
            "mysql://ada:s3cr3t-pw@127.0.0.1/auth",
            "DATABASE_URL is not of the form",
        ),
        (
            "postgresql://ada:s3cr3t-pw@h/auth?sslmode=full",
            "sslmode is none of",
        ),
        (
            "postgresql://ada:s3cr3t-pw@h/auth?s3cr3t-pw=1",
            "DATABASE_URL is not of the form",
        ),
        (
            other,
            "does not allow the host of DATABASE_URL: set database_origin",
        ),
    ] {
        let host = Host::start_spin_on_postgres(&[("DATABASE_URL", url)]);
        let answer = host.get("/readyz").await;
        answer.assert_error(503, "unavailable");
        host.wait_for_log(message);
        assert!(!host.log().contains("s3cr3t"), "{}", host.log());
    }
    let there = [
        ("DATABASE_URL", other),
        ("DATABASE_ORIGIN", "postgres://127.0.0.1:1"),
    ];
    let host = Host::start_spin_on_postgres(&there);
    host.get("/readyz").await.assert_error(503, "unavailable");
    host.wait_for_log("the database can't be reached");
    assert!(!host.log().contains("s3cr3t"), "{}", host.log());
}
