//! Private PostgreSQL servers, and databases on them.

use std::future::Future;
use std::net::TcpListener;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use futures::executor::block_on;
use gatewright_postgres::{Address, PoolSettings, Postgres};
use gatewright_storage_postgres::{Executor, Failure, Row, Statement, migrate};

use crate::daemon::{Commands, Daemon};

/// Creates the files of a server. `POSTGRES_BIN` names the folder of its programs, by default Debian's newest.
const INITIALIZE: &str = r#"
    bin=${POSTGRES_BIN:-$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -n 1)}
    "$bin/initdb" -D data -U ada -E UTF8 --locale=C.UTF-8 -A trust --no-sync"#;
const PROGRAM: &str = r#""$bin/postgres" -D data -k "$folder" -c fsync=off -c autovacuum=off -c max_connections=1000 -c deadlock_timeout=100ms"#;
const IS_READY: &str = "grep -q ready data/postmaster.pid";

/// Waits for a future, also if the caller is in an executor that must not wait.
pub fn wait_for<T: Send>(future: impl Future<Output = T> + Send) -> T {
    std::thread::scope(|scope| scope.spawn(|| block_on(future)).join().unwrap())
}

/// Connections that are closed when dropped.
pub struct Connections(Postgres);

impl Connections {
    /// Creates a pool for this URL.
    pub fn new(url: &str, settings: &PoolSettings) -> Self {
        let address = Address::parse(url).unwrap();
        Self(Postgres::new(&address, settings).unwrap())
    }

    /// Returns the pool.
    pub fn postgres(&self) -> Postgres {
        self.0.clone()
    }

    /// Runs statements without parameters, one by one, and returns the rows of the last.
    pub fn run(&self, statements: &[&str]) -> Result<Vec<Row>, Failure> {
        let mut rows = Vec::new();
        for sql in statements {
            let statement = Statement {
                sql: (*sql).to_owned().into(),
                parameters: vec![],
            };
            rows = wait_for(self.0.query(statement))?;
        }
        Ok(rows)
    }
}

impl Drop for Connections {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl Executor for Connections {
    async fn query(&self, statement: Statement) -> Result<Vec<Row>, Failure> {
        self.0.query(statement).await
    }

    async fn execute(&self, statement: Statement) -> Result<Vec<Row>, Failure> {
        self.0.execute(statement).await
    }

    async fn batch(&self, statements: Vec<Statement>) -> Result<Vec<Vec<Row>>, Failure> {
        self.0.batch(statements).await
    }

    async fn pause(&self, attempt: u32) {
        self.0.pause(attempt).await;
    }
}

/// A server in a temporary folder.
pub struct PostgresServer {
    daemon: Daemon,
    port: u16,
    template: OnceLock<()>,
    number: AtomicU32,
}

impl PostgresServer {
    /// Returns the server that the tests of this process share.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<PostgresServer> = OnceLock::new();
        SHARED.get_or_init(|| Self::start("true", "-h ''"))
    }

    /// Returns another one, which also listens on a port of this machine, for clients without Unix sockets.
    pub fn on_network() -> &'static Self {
        static ON_NETWORK: OnceLock<PostgresServer> = OnceLock::new();
        ON_NETWORK.get_or_init(|| {
            let free = TcpListener::bind("127.0.0.1:0").unwrap();
            let port = free.local_addr().unwrap().port();
            drop(free);
            let mut server = Self::start("true", &format!("-h 127.0.0.1 -p {port}"));
            server.port = port;
            server
        })
    }

    /// Starts a server with further shell commands that prepare its folder, and further options.
    pub fn start(prepare: &str, options: &str) -> Self {
        let daemon = Daemon::start(&Commands {
            prepare: &format!("{INITIALIZE} && {prepare}"),
            program: &format!("{PROGRAM} {options}"),
            is_ready: IS_READY,
            stop: "-INT",
        });
        Self {
            daemon,
            port: 5432,
            template: OnceLock::new(),
            number: AtomicU32::new(0),
        }
    }

    /// Returns the folder of the server, which contains its Unix socket.
    pub fn folder(&self) -> String {
        self.daemon.folder().to_str().unwrap().to_owned()
    }

    /// Creates an empty database.
    pub fn empty_database(&'static self) -> Database {
        self.create("template0")
    }

    /// Creates a database with the newest schema.
    pub fn database(&'static self) -> Database {
        self.template.get_or_init(|| {
            self.run("CREATE DATABASE migrated TEMPLATE template0");
            let connections = Connections::new(&self.url("migrated"), &PoolSettings::default());
            block_on(migrate(&connections, "the template")).unwrap();
        });
        self.create("migrated")
    }

    fn create(&'static self, template: &str) -> Database {
        let number = self.number.fetch_add(1, Ordering::Relaxed);
        let name = format!("test{number}");
        self.run(&format!("CREATE DATABASE {name} TEMPLATE {template}"));
        Database { server: self, name }
    }

    fn url(&self, database: &str) -> String {
        let socket = self.folder().replace('/', "%2F");
        format!("postgresql://ada@{socket}:{}/{database}", self.port)
    }

    /// Runs a statement about databases.
    fn run(&self, sql: &str) {
        let connections = Connections::new(&self.url("postgres"), &PoolSettings::default());
        connections.run(&[sql]).unwrap();
    }
}

/// A database of a test, which is deleted in the end.
pub struct Database {
    server: &'static PostgresServer,
    name: String,
}

impl Database {
    /// Returns the name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the URL, over the Unix socket of the server.
    pub fn url(&self) -> String {
        self.server.url(&self.name)
    }

    /// Returns the URL over the network.
    pub fn network_url(&self) -> String {
        format!(
            "postgresql://ada@127.0.0.1:{}/{}",
            self.server.port, self.name
        )
    }

    /// Opens connections to it.
    pub fn connect(&self) -> Connections {
        Connections::new(&self.url(), &PoolSettings::default())
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let name = &self.name;
        self.server
            .run(&format!("DROP DATABASE {name} WITH (FORCE)"));
    }
}

/// Returns the host and port of a URL in the form of Spin's manifests.
pub fn origin(url: &str) -> String {
    let (_, rest) = url.split_once('@').unwrap_or_default();
    let host = rest.split('/').next().unwrap_or_default();
    format!("postgres://{host}")
}
