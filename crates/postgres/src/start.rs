//! The check of a database at the start of a host, with advice for each problem. No text contains a password.

use std::error::Error as _;
use std::time::Duration;

use tokio_postgres::config::Host;
use tokio_postgres::{Client, Error};

use crate::address::{Address, AddressError};
use crate::failure::with_cause;
use crate::tls;

/// The oldest version of PostgreSQL, as `server_version_num` has it.
const OLDEST: i64 = 140_000;

/// The reason why a database can't be used, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StartError {
    /// The address can't be used.
    #[error("{0}")]
    Address(#[from] AddressError),
    /// No server answers.
    #[error(
        "no PostgreSQL server answers at {at}: {cause}; check host and port of DATABASE_URL, and that the server runs and accepts connections from here"
    )]
    Unreachable {
        /// Host and port.
        at: String,
        /// The cause.
        cause: String,
    },
    /// TLS fails.
    #[error(
        "TLS with the server at {at} fails: {cause}; set sslrootcert to the certificate of its authority, or sslmode to what the server supports"
    )]
    Tls {
        /// Host and port.
        at: String,
        /// The cause.
        cause: String,
    },
    /// The server refuses user or password.
    #[error(
        "the server at {at} refuses the user {user}: {cause}; check user and password in DATABASE_URL, and pg_hba.conf on the server"
    )]
    Refused {
        /// Host and port.
        at: String,
        /// The user.
        user: String,
        /// The message of the server.
        cause: String,
    },
    /// There is no such database.
    #[error(
        "the server at {at} has no database {database}; create it: CREATE DATABASE {database} OWNER {user} ENCODING 'UTF8' TEMPLATE template0"
    )]
    NoDatabase {
        /// Host and port.
        at: String,
        /// The database.
        database: String,
        /// The user.
        user: String,
    },
    /// The server is too old.
    #[error("the server at {at} has PostgreSQL {version}; Gatewright needs version 14 or newer")]
    Version {
        /// Host and port.
        at: String,
        /// The version.
        version: String,
    },
    /// The database has an encoding that can't store every text.
    #[error(
        "the database {database} has the encoding {encoding}; create one with ENCODING 'UTF8' TEMPLATE template0"
    )]
    Encoding {
        /// The database.
        database: String,
        /// The encoding.
        encoding: String,
    },
    /// The user can't create the tables.
    #[error(
        "the user {user} can't create tables in the database {database}; as its owner, run: GRANT CREATE, USAGE ON SCHEMA {schema} TO {user}"
    )]
    Create {
        /// The user.
        user: String,
        /// The database.
        database: String,
        /// The schema.
        schema: String,
    },
    /// The user can't use a table.
    #[error(
        "the user {user} can't use the table {table}; as the owner of the tables, run: GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO {user}"
    )]
    Use {
        /// The user.
        user: String,
        /// The table.
        table: String,
        /// The schema.
        schema: String,
    },
    /// Another problem.
    #[error("the database {database} on {at} can't be used: {cause}")]
    Other {
        /// Host and port.
        at: String,
        /// The database.
        database: String,
        /// The cause.
        cause: String,
    },
}

const FACTS: &str =
    "SELECT current_setting('server_version_num')::bigint, current_setting('server_version'),
    current_setting('server_encoding'), current_user::text, current_database()::text,
    coalesce(current_schema()::text, 'public'),
    coalesce(has_schema_privilege(current_schema(), 'CREATE'), false)";
// Whether there are tables, and one of them that the user can't use.
const TABLES: &str =
    "SELECT count(*), min(relname::text) FILTER (WHERE NOT (has_table_privilege(oid, 'SELECT')
        AND has_table_privilege(oid, 'INSERT') AND has_table_privilege(oid, 'UPDATE')
        AND has_table_privilege(oid, 'DELETE')))
    FROM pg_class WHERE relnamespace = to_regnamespace(current_schema()::text) AND relkind = 'r'
    AND relname IN ('schema_migrations', 'users', 'sessions', 'limits', 'audit_events')";

impl Address {
    /// Connects, and checks everything that a host needs.
    ///
    /// # Errors
    /// The first problem.
    pub async fn check(&self, connect_timeout: Duration) -> Result<(), StartError> {
        let client = self.connect(connect_timeout).await?;
        let checked = tokio::time::timeout(connect_timeout, self.check_server(&client)).await;
        checked.unwrap_or_else(|_| {
            Err(StartError::Unreachable {
                at: self.place(),
                cause: "it does not reply in time".to_owned(),
            })
        })
    }

    /// Opens one connection. Its end ends the task that serves it.
    async fn connect(&self, connect_timeout: Duration) -> Result<Client, StartError> {
        let mut config = self.config.clone();
        config.connect_timeout(connect_timeout);
        let connecting = config.connect(tls::connector(self)?);
        let connected = tokio::time::timeout(connect_timeout, connecting).await;
        let (client, connection) = connected
            .map_err(|_| StartError::Unreachable {
                at: self.place(),
                cause: "it does not reply in time".to_owned(),
            })?
            .map_err(|error| self.explain(&error))?;
        tokio::spawn(async move {
            // A failure is seen by the statement that it concerns.
            let _ = connection.await;
        });
        Ok(client)
    }

    async fn check_server(&self, client: &Client) -> Result<(), StartError> {
        let other = |error: Error| self.explain(&error);
        let facts = client.query_typed_one(FACTS, &[]).await.map_err(other)?;
        let version: i64 = facts.try_get(0).map_err(other)?;
        let text = |place: usize| facts.try_get::<_, String>(place).map_err(other);
        if version < OLDEST {
            return Err(StartError::Version {
                at: self.place(),
                version: text(1)?,
            });
        }
        let (encoding, user, database, schema) = (text(2)?, text(3)?, text(4)?, text(5)?);
        if encoding != "UTF8" {
            return Err(StartError::Encoding { database, encoding });
        }
        let creates: bool = facts.try_get(6).map_err(other)?;
        let tables = client.query_typed_one(TABLES, &[]).await.map_err(other)?;
        let count: i64 = tables.try_get(0).map_err(other)?;
        let refused: Option<String> = tables.try_get(1).map_err(other)?;
        match refused {
            Some(table) => Err(StartError::Use {
                user,
                table,
                schema,
            }),
            None if count == 0 && !creates => Err(StartError::Create {
                user,
                database,
                schema,
            }),
            None => Ok(()),
        }
    }

    /// Returns what an error at the start means.
    fn explain(&self, error: &Error) -> StartError {
        let at = self.place();
        let named = |name: Option<&str>| name.unwrap_or("(not named)").to_owned();
        let user = named(self.config.get_user());
        let database = named(self.config.get_dbname().or_else(|| self.config.get_user()));
        if let Some(reported) = error.as_db_error() {
            let cause = format!("{} ({})", reported.message(), reported.code().code());
            return match reported.code().code() {
                "28P01" | "28000" => StartError::Refused { at, user, cause },
                "3D000" => StartError::NoDatabase { at, database, user },
                _ => StartError::Other {
                    at,
                    database,
                    cause,
                },
            };
        }
        let cause = with_cause(error);
        let text = error.to_string();
        if text.contains("TLS") {
            StartError::Tls { at, cause }
        } else if text.contains("connect")
            || text.contains("communicating")
            || text.contains("timeout")
        {
            StartError::Unreachable { at, cause }
        } else if text.contains("authentication")
            || error
                .source()
                .is_some_and(|cause| cause.to_string().contains("password"))
        {
            StartError::Refused { at, user, cause }
        } else {
            StartError::Other {
                at,
                database,
                cause,
            }
        }
    }

    /// Returns hosts and ports for messages.
    fn place(&self) -> String {
        let (hosts, ports) = (self.config.get_hosts(), self.config.get_ports());
        let places = hosts.iter().enumerate().map(|(number, host)| {
            let port = ports.get(number).or_else(|| ports.first()).unwrap_or(&5432);
            match host {
                Host::Tcp(name) => format!("{name}:{port}"),
                Host::Unix(folder) => format!("{}:{port}", folder.display()),
            }
        });
        places.collect::<Vec<_>>().join(",")
    }
}
