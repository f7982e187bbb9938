//! One connection of its own, on which a transaction can stay open: for commands that copy whole databases.

use std::pin::pin;
use std::time::Duration;

use gatewright_storage::StorageError;
use gatewright_storage_postgres::{Executor, Failure, Row, Statement, Value};
use tokio::task::JoinHandle;
use tokio_postgres::Client;
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::{ToSql, Type};

use crate::address::Address;
use crate::failure::failure;
use crate::tls;
use crate::values::{Column, Parameter};

/// The wait for another host that migrates the same database.
const PAUSE: Duration = Duration::from_millis(100);

/// A connection, closed when dropped.
pub struct Session {
    client: Client,
    connection: JoinHandle<()>,
}

impl Session {
    /// Connects with this name, by which the server lists the connection.
    ///
    /// # Errors
    /// The server can't be reached, or refuses the connection.
    pub async fn connect(address: &Address, name: &str) -> Result<Self, Failure> {
        let tls = tls::connector(address)
            .map_err(|error| Failure::Failed(StorageError::Invalid(error.to_string())))?;
        let mut config = address.config.clone();
        config.application_name(name);
        let (client, connection) = config.connect(tls).await.map_err(|error| failure(&error))?;
        let connection = tokio::spawn(async move {
            // Each statement reports the failure of the connection.
            let _ = connection.await;
        });
        Ok(Self { client, connection })
    }

    /// Runs a statement and returns its rows.
    ///
    /// # Errors
    /// The server refuses the statement, or the connection is lost.
    pub async fn query(&self, statement: Statement) -> Result<Vec<Vec<Value>>, Failure> {
        let parameters: Vec<_> = statement.parameters.into_iter().map(Parameter).collect();
        let typed = parameters.iter().map(|one| {
            let given: &(dyn ToSql + Sync) = one;
            (given, one.declared())
        });
        let typed: Vec<_> = typed.collect();
        let rows = self.client.query_typed(&statement.sql, &typed).await;
        let rows = rows.map_err(|error| failure(&error))?;
        let read = |row: &tokio_postgres::Row| {
            let places = 0..row.len();
            let values = places.map(|place| row.try_get::<_, Column>(place));
            let values = values.map(|column| column.map(|column| column.0));
            values.collect::<Result<Vec<_>, _>>()
        };
        rows.iter()
            .map(read)
            .collect::<Result<_, _>>()
            .map_err(|error| failure(&error))
    }

    /// Runs statements without parameters and without results.
    ///
    /// # Errors
    /// Those of [`query`](Self::query).
    pub async fn batch(&self, sql: &str) -> Result<(), Failure> {
        let done = self.client.batch_execute(sql).await;
        done.map_err(|error| failure(&error))
    }

    /// Stores rows by a `COPY … FROM STDIN BINARY` statement with columns of these types.
    ///
    /// # Errors
    /// Those of [`query`](Self::query). No row was stored.
    pub async fn copy_in(
        &self,
        sql: &str,
        types: &[Type],
        rows: Vec<Vec<Value>>,
    ) -> Result<(), Failure> {
        let copied = async {
            let sink = self.client.copy_in(sql).await?;
            let mut writer = pin!(BinaryCopyInWriter::new(sink, types));
            for row in rows {
                let row: Vec<_> = row.into_iter().map(Parameter).collect();
                writer.as_mut().write_raw(&row).await?;
            }
            writer.finish().await
        };
        copied.await.map(drop).map_err(|error| failure(&error))
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.connection.abort();
    }
}

impl Executor for Session {
    async fn query(&self, statement: Statement) -> Result<Vec<Row>, Failure> {
        let rows = Self::query(self, statement).await?;
        Ok(rows.into_iter().map(Row::new).collect())
    }

    async fn execute(&self, statement: Statement) -> Result<Vec<Row>, Failure> {
        Executor::query(self, statement).await
    }

    async fn batch(&self, statements: Vec<Statement>) -> Result<Vec<Vec<Row>>, Failure> {
        Self::batch(self, "BEGIN").await?;
        let mut results = Vec::with_capacity(statements.len());
        for statement in statements {
            match Executor::query(self, statement).await {
                Ok(rows) => results.push(rows),
                Err(failed) => {
                    // The first failure is the one to report.
                    let _ = Self::batch(self, "ROLLBACK").await;
                    return Err(failed);
                }
            }
        }
        Self::batch(self, "COMMIT").await?;
        Ok(results)
    }

    async fn pause(&self, _: u32) {
        tokio::time::sleep(PAUSE).await;
    }
}
