//! TLS by each mode of libpq, against a server whose certificate is of an authority that nobody else knows.

use std::sync::OnceLock;

use futures::executor::block_on;
use gatewright_postgres::{Address, AddressError, PoolSettings, Postgres};
use gatewright_storage_postgres::{Executor as _, Statement};
use gatewright_tests::postgres::{Connections, PostgresServer};

/// Two authorities, and a certificate of the first for `localhost`. Only connections with TLS are accepted over TCP.
const CERTIFICATES: &str = r#"
    for name in ca other; do
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "/CN=$name" \
            -keyout $name.key -out $name.pem
    done
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost -keyout server.key -out server.csr
    printf 'subjectAltName=DNS:localhost\nextendedKeyUsage=serverAuth\n' >server.ext
    openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile server.ext -out server.pem
    chmod 600 server.key
    printf 'local all all trust\nhostssl all all 127.0.0.1/32 trust\n' >data/pg_hba.conf
    chmod 755 .
"#;

struct Server {
    server: PostgresServer,
    port: u16,
}

fn server() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| {
        let free = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let options = format!(
            "-h 127.0.0.1 -p {port} -c ssl=on -c ssl_cert_file=$folder/server.pem -c ssl_key_file=$folder/server.key"
        );
        let server = PostgresServer::start(CERTIFICATES.trim(), &options);
        Server { server, port }
    })
}

/// Returns whether the connection is encrypted, or that none is made.
fn connect(host: &str, mode: &str, authority: Option<&str>) -> Result<bool, ()> {
    let Server { server, port } = server();
    let root = authority.map(|name| format!("&sslrootcert={}/{name}.pem", server.folder()));
    let url = format!(
        "postgresql://ada@{host}:{port}/postgres?sslmode={mode}{}",
        root.unwrap_or_default()
    );
    let settings = PoolSettings {
        size: 1,
        ..PoolSettings::default()
    };
    let connections = Connections::new(&url, &settings);
    let encrypted = "SELECT 1 FROM pg_stat_ssl WHERE pid = pg_backend_pid() AND ssl";
    let rows = block_on(connections.query(Statement::new(encrypted, vec![])));
    rows.map(|rows| !rows.is_empty()).map_err(drop)
}

#[test]
fn each_mode_verifies_what_libpq_does() {
    let (refused, encrypted) = (Err(()), Ok(true));
    for (host, mode, authority, expected) in [
        // The server refuses connections without TLS.
        ("localhost", "disable", None, refused),
        ("localhost", "prefer", None, encrypted),
        ("localhost", "require", None, encrypted),
        ("localhost", "verify-ca", None, refused),
        ("localhost", "verify-ca", Some("other"), refused),
        ("localhost", "verify-ca", Some("ca"), encrypted),
        ("localhost", "verify-full", None, refused),
        ("localhost", "verify-full", Some("other"), refused),
        ("localhost", "verify-full", Some("ca"), encrypted),
        // The certificate doesn't name the address.
        ("127.0.0.1", "require", None, encrypted),
        ("127.0.0.1", "verify-ca", Some("other"), refused),
        ("127.0.0.1", "verify-ca", Some("ca"), encrypted),
        ("127.0.0.1", "verify-full", Some("ca"), refused),
    ] {
        let found = connect(host, mode, authority);
        assert_eq!(found, expected, "{host} {mode} {authority:?}");
    }
}

#[test]
fn a_file_without_certificates_is_refused() {
    for file in ["/dev/null", "/nowhere"] {
        let url = format!("postgresql://ada@localhost/auth?sslmode=verify-full&sslrootcert={file}");
        let address = Address::parse(&url).unwrap();
        let made = Postgres::new(&address, &PoolSettings::default());
        assert_eq!(made.err(), Some(AddressError::Certificates), "{file}");
    }
}
