//! pgbouncer, which gives each transaction any of its connections.

use std::sync::OnceLock;

use crate::daemon::{Commands, Daemon};
use crate::postgres::{Database, PostgresServer};

/// Returns the URL of a database of the shared server through a pooler in transaction mode.
pub fn pooled(database: &Database) -> String {
    static POOLER: OnceLock<Daemon> = OnceLock::new();
    let pooler = POOLER.get_or_init(|| {
        let server = PostgresServer::shared().folder();
        // Few connections, so that consecutive transactions of a client get different ones.
        let settings = format!(
            "[databases]\n* = host={server} user=ada\n[pgbouncer]\nlisten_addr =\nunix_socket_dir = $folder\nauth_type = any\n\
            pool_mode = transaction\ndefault_pool_size = 6\nmax_client_conn = 1000\nmax_db_connections = 6\n\
            server_round_robin = 1\nignore_startup_parameters = extra_float_digits,options"
        );
        Daemon::start(&Commands {
            prepare: &format!("cat > pgbouncer.ini <<END\n{settings}\nEND\n"),
            program: "pgbouncer pgbouncer.ini",
            is_ready: "test -S .s.PGSQL.6432",
            stop: "-TERM",
        })
    });
    let socket = pooler.folder().to_str().unwrap().replace('/', "%2F");
    format!("postgresql://ada@{socket}:6432/{}", database.name())
}
