//! A PostgreSQL database as a side of a copy.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, bail};
use gatewright_postgres::{APPLICATION_NAME, Address, Session, Type};
use gatewright_storage::StorageError;
use gatewright_storage_postgres::{Failure, MIGRATIONS, Statement, Value};

use crate::position::{COPYING, CREATE, DROP, NAME, Position, READ};
use crate::side::{Row, Side};
use crate::tables::{Column, Kind, TABLES, Table};

/// A database that no host uses.
pub(crate) struct PostgresSide {
    session: Session,
    name: String,
}

/// The time in which the connections of stopped hosts end.
const PATIENCE: Duration = Duration::from_secs(2);
const LOOK: Duration = Duration::from_millis(50);
const SESSION: &str = "SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0; SET lock_timeout = '2s'";
const HOSTS: &str = "SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name = $1";
const CREATED: &str = "SELECT count(*) FROM information_schema.tables
    WHERE table_schema = current_schema() AND table_name = 'schema_migrations'";
const TABLES_OF_SCHEMA: &str = "SELECT count(*) FROM information_schema.tables
    WHERE table_schema = current_schema()";
const COLUMNS: &str = "SELECT table_name::text, column_name::text FROM information_schema.columns
    WHERE table_schema = current_schema()";
const VERSION: &str = "SELECT coalesce(max(version), 0) FROM schema_migrations";
/// The column of a sharded table that the copy doesn't have.
const SHARD: &str = "shard";
const ENCODING: &str = "SELECT current_setting('server_encoding')";

impl PostgresSide {
    /// Connects to the source of a copy, and locks its tables: until the copy ends, nobody can write in them.
    ///
    /// # Errors
    /// The database can't be reached, or hosts are connected to it.
    pub(crate) async fn source(address: &Address) -> Result<Self> {
        let side = Self::connect(address).await?;
        // Another schema can lack some of the tables. The copy refuses it.
        if side.version().await? == side.newest() {
            let tables: Vec<_> = TABLES.iter().map(|table| table.name).collect();
            let tables = tables.join(", ");
            // The transaction sees what was committed before it had the locks, and nothing later.
            let lock =
                format!("BEGIN ISOLATION LEVEL REPEATABLE READ; LOCK TABLE {tables} IN SHARE MODE");
            let locked = side.batch(&lock).await;
            locked.with_context(|| {
                format!(
                    "the tables of {} can't be locked: stop every program that writes in them",
                    side.name
                )
            })?;
        }
        Ok(side)
    }

    /// Connects to the target of a copy.
    ///
    /// # Errors
    /// The database can't be reached, or hosts are connected to it.
    pub(crate) async fn target(address: &Address) -> Result<Self> {
        Self::connect(address).await
    }

    async fn connect(address: &Address) -> Result<Self> {
        let session = Session::connect(address, "gatewright copy");
        let session = session.await.map_err(error)?;
        let mut side = Self {
            session,
            name: "the PostgreSQL database".to_owned(),
        };
        side.batch(SESSION).await?;
        let database = Statement::new("SELECT current_database()::text", vec![]);
        if let Some(Value::Text(database)) = side.one(database).await? {
            side.name = format!("the PostgreSQL database {database}");
        }
        let encoding = side.one(Statement::new(ENCODING, vec![])).await?;
        if let Some(Value::Text(encoding)) = encoding
            && encoding != "UTF8"
        {
            bail!(
                "{} has the encoding {encoding}; create it with UTF8",
                side.name
            );
        }
        side.refuse_hosts().await?;
        Ok(side)
    }

    async fn one(&self, statement: Statement) -> Result<Option<Value>> {
        let rows = self.session.query(statement).await.map_err(error)?;
        Ok(rows
            .into_iter()
            .next()
            .and_then(|row| row.into_iter().next()))
    }

    async fn number(&self, sql: &'static str, parameters: Vec<Value>) -> Result<u64> {
        match self.one(Statement::new(sql, parameters)).await? {
            Some(Value::Integer(number)) => Ok(number.unsigned_abs()),
            _ => bail!("{} did not return a number", self.name),
        }
    }

    async fn batch(&self, sql: &str) -> Result<()> {
        self.session.batch(sql).await.map_err(error)
    }

    /// Runs the steps as one transaction.
    async fn transaction(&self, steps: impl AsyncFnOnce() -> Result<()>) -> Result<()> {
        self.batch("BEGIN").await?;
        match steps().await {
            Ok(()) => self.batch("COMMIT").await,
            Err(failed) => {
                // The first failure is the one to report.
                let _ = self.batch("ROLLBACK").await;
                Err(failed)
            }
        }
    }

    async fn run(&self, sql: &'static str, parameters: Vec<Value>) -> Result<usize> {
        let rows = self.session.query(Statement::new(sql, parameters)).await;
        Ok(rows.map_err(error)?.len())
    }
}

impl Side for PostgresSide {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn newest(&self) -> u64 {
        MIGRATIONS.last().map_or(0, |migration| migration.version)
    }

    async fn version(&self) -> Result<u64> {
        if self.number(CREATED, vec![]).await? > 0 {
            return self.number(VERSION, vec![]).await;
        }
        if self.number(TABLES_OF_SCHEMA, vec![]).await? > 0 {
            bail!("{} has tables of another program in its schema", self.name);
        }
        Ok(0)
    }

    async fn columns(&self) -> Result<Vec<(String, String)>> {
        let rows = self.session.query(Statement::new(COLUMNS, vec![])).await;
        let rows = rows.map_err(error)?.into_iter();
        let names = rows.map(|row| match <[Value; 2]>::try_from(row) {
            Ok([Value::Text(table), Value::Text(column)]) => Ok((table, column)),
            _ => bail!("{} did not return the names of its columns", self.name),
        });
        names.collect()
    }

    fn is_own_column(&self, table: &Table, column: &str) -> bool {
        table.sharded && column == SHARD || (table.name, column) == ("key_fingerprint", "one")
    }

    fn column_name(&self, column: &Column) -> &'static str {
        column.name
    }

    async fn read(&self, table: &Table, after: &[String]) -> Result<Vec<Row>> {
        let statement = Statement {
            sql: select(table, !after.is_empty()).into(),
            parameters: after.iter().map(|key| key.as_str().into()).collect(),
        };
        self.session.query(statement).await.map_err(error)
    }

    async fn refuse_hosts(&self) -> Result<()> {
        let until = Instant::now() + PATIENCE;
        loop {
            let hosts = self.number(HOSTS, vec![APPLICATION_NAME.into()]).await?;
            if hosts == 0 {
                return Ok(());
            }
            if Instant::now() > until {
                bail!(
                    "{} is in use: stop every host, and close the connections that a pooler keeps ({hosts} connections are named {APPLICATION_NAME})",
                    self.name
                );
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    async fn create_schema(&mut self) -> Result<()> {
        gatewright_storage_postgres::migrate(&self.session, "gatewright copy")
            .await
            .map(drop)
            .map_err(|failed| anyhow!("the schema can't be created in {}: {failed:?}", self.name))
    }

    async fn position(&self) -> Result<Option<Position>> {
        let rows = self.session.query(Statement::new(READ, vec![])).await;
        let row = rows.map_err(error)?.into_iter().next();
        match row.as_deref() {
            Some([Value::Text(source), Value::Text(table), Value::Text(after)]) => {
                Position::new(source.clone(), table.clone(), after).map(Some)
            }
            _ => Ok(None),
        }
    }

    async fn begin(&mut self, position: &Position) -> Result<()> {
        self.transaction(async || {
            self.batch(CREATE).await?;
            let insert =
                "INSERT INTO copy_progress (source, table_name, after_key) VALUES ($1, $2, $3)";
            let (source, table) = (position.source.as_str(), position.table.as_str());
            let values = vec![source.into(), table.into(), position.stored_key().into()];
            self.run(insert, values).await?;
            let record = "INSERT INTO schema_migrations (version, name, serves, applied_at)
                VALUES ($1, $2, $1, (extract(epoch FROM now()) * 1000)::bigint)";
            self.run(record, vec![COPYING.into(), NAME.into()]).await?;
            Ok(())
        })
        .await
    }

    async fn write(
        &mut self,
        table: &Table,
        mut rows: Vec<Row>,
        first: bool,
        position: &Position,
    ) -> Result<()> {
        for value in rows.iter().flatten() {
            if matches!(value, Value::Text(text) if text.contains('\0')) {
                bail!(
                    "a text in the table {} contains the character U+0000, which PostgreSQL can't store",
                    table.name
                );
            }
        }
        let mut columns: Vec<_> = table.columns.iter().map(|column| column.name).collect();
        let kinds = table.columns.iter().map(|column| match column.kind {
            Kind::Text | Kind::UserRow | Kind::RoleRow => Type::TEXT,
            Kind::Integer => Type::INT8,
            Kind::Flag => Type::BOOL,
            Kind::Names => Type::TEXT_ARRAY,
        });
        let mut kinds: Vec<_> = kinds.collect();
        if table.sharded {
            columns.push(SHARD);
            kinds.push(Type::INT8);
            rows.iter_mut().for_each(|row| row.push(Value::Integer(0)));
        }
        let copy = format!(
            "COPY {} ({}) FROM STDIN BINARY",
            table.name,
            columns.join(", ")
        );
        self.transaction(async || {
            let update = "UPDATE copy_progress SET table_name = $1, after_key = $2 RETURNING 1";
            let values = vec![position.table.as_str().into(), position.stored_key().into()];
            // A concurrent copy waits here for this one, and then fails at the first key that is taken.
            if self.run(update, values).await? != 1 {
                bail!("{} has lost the position of the copy", self.name);
            }
            if first {
                self.batch(&format!("DELETE FROM {}", table.name)).await?;
            }
            self.session
                .copy_in(&copy, &kinds, rows)
                .await
                .map_err(error)
        })
        .await
        .with_context(|| format!("the table {} can't be written", table.name))
    }

    async fn finish(&mut self) -> Result<()> {
        self.transaction(async || {
            self.batch(DROP).await?;
            let record = "DELETE FROM schema_migrations WHERE version = $1";
            self.run(record, vec![COPYING.into()]).await?;
            Ok(())
        })
        .await?;
        // Without statistics, the first queries would read whole tables.
        let tables: Vec<_> = TABLES.iter().map(|table| table.name).collect();
        self.batch(&format!("ANALYZE {}", tables.join(", "))).await
    }
}

fn select(table: &Table, continues: bool) -> String {
    let columns: Vec<_> = table.columns.iter().map(|column| column.name).collect();
    let (key, columns) = (columns[..table.key].join(", "), columns.join(", "));
    let from = match table.sharded {
        true => format!(
            "(SELECT {key}, sum(count)::bigint AS count FROM {name} GROUP BY {key}) AS {name}",
            name = table.name
        ),
        false => table.name.to_owned(),
    };
    let next = table.next_rows(&key, '$', continues);
    format!("SELECT {columns} FROM {from} {next}")
}

fn error(failure: Failure) -> anyhow::Error {
    match StorageError::from(failure) {
        StorageError::Unavailable(text) | StorageError::Invalid(text) => anyhow!(text),
    }
}
