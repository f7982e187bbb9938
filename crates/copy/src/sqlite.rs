//! An SQLite database as a side of a copy.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use gatewright_storage_postgres::Value;
use gatewright_storage_sqlite::{MIGRATIONS, Migration};
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ToSql, params_from_iter};

use crate::file::{create_private, folder, named, newest, open_alone, version};
use crate::position::{COPYING, CREATE, DROP, NAME, Position, READ};
use crate::side::{Row, Side};
use crate::tables::{Column, Kind, Table};

/// A database that only this process has open.
pub(crate) struct SqliteSide {
    connection: Connection,
    path: PathBuf,
}

impl SqliteSide {
    /// Opens the source of a copy.
    ///
    /// # Errors
    /// There is no database, or another process has it open.
    pub(crate) fn source(path: &Path) -> Result<Self> {
        Ok(Self {
            connection: open_alone(path)?,
            path: path.to_owned(),
        })
    }

    /// Opens the target of a copy, or creates an empty file that only its owner can read.
    ///
    /// # Errors
    /// It can't be created, or another process has it open.
    pub(crate) fn target(path: &Path) -> Result<Self> {
        let folder = folder(path);
        std::fs::create_dir_all(&folder)
            .with_context(|| format!("can't create {}", folder.display()))?;
        if !path.exists() {
            create_private(path).with_context(|| format!("can't create {}", path.display()))?;
        }
        let side = Self::source(path)?;
        side.batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -262144;",
        )?;
        Ok(side)
    }

    fn batch(&self, sql: &str) -> Result<()> {
        self.connection
            .execute_batch(sql)
            .map_err(|error| named(&self.path, error))
    }

    /// Runs statements as one transaction.
    fn transaction(&mut self, run: impl FnOnce(&Connection) -> rusqlite::Result<()>) -> Result<()> {
        let Self { connection, path } = self;
        let done = connection.transaction().and_then(|transaction| {
            run(&transaction)?;
            transaction.commit()
        });
        done.map_err(|error| named(path, error))
    }
}

impl Side for SqliteSide {
    fn name(&self) -> String {
        self.path.display().to_string()
    }

    fn newest(&self) -> u64 {
        newest()
    }

    async fn version(&self) -> Result<u64> {
        let found = version(&self.connection, &self.path)?;
        let objects = "SELECT count(*) FROM sqlite_schema";
        let objects: i64 = self.connection.query_row(objects, [], |row| row.get(0))?;
        if found == 0 && objects > 0 {
            bail!("{} is a database of another program", self.name());
        }
        Ok(found)
    }

    async fn columns(&self) -> Result<Vec<(String, String)>> {
        let columns = "SELECT tables.name, columns.name
            FROM sqlite_schema AS tables JOIN pragma_table_info(tables.name) AS columns
            WHERE tables.type = 'table' AND substr(tables.name, 1, 7) <> 'sqlite_'";
        let mut statement = self.connection.prepare(columns)?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        rows.collect::<Result<_, _>>()
            .map_err(|error| named(&self.path, error))
    }

    fn is_own_column(&self, table: &Table, column: &str) -> bool {
        matches!(
            (table.name, column),
            ("users" | "roles", "row") | ("key_fingerprint", "one")
        )
    }

    fn column_name(&self, column: &Column) -> &'static str {
        column.in_sqlite()
    }

    async fn read(&self, table: &Table, after: &[String]) -> Result<Vec<Row>> {
        let failed = |error| named(&self.path, error);
        let mut statement = self
            .connection
            .prepare_cached(&select(table, !after.is_empty()))
            .map_err(failed)?;
        let mut rows = statement.query(params_from_iter(after)).map_err(failed)?;
        let mut read = Vec::new();
        while let Some(row) = rows.next().map_err(failed)? {
            let columns = table.columns.iter().enumerate().map(|(place, column)| {
                let value = row.get_ref(place).map_err(failed)?;
                canonical(column.kind, value).with_context(|| {
                    format!(
                        "the column {} of the table {} in {} has an unexpected value",
                        column.in_sqlite(),
                        table.name,
                        self.name()
                    )
                })
            });
            read.push(columns.collect::<Result<_>>()?);
        }
        Ok(read)
    }

    async fn refuse_hosts(&self) -> Result<()> {
        // The connection keeps every other one away.
        Ok(())
    }

    async fn create_schema(&mut self) -> Result<()> {
        let scripts: String = MIGRATIONS.iter().map(Migration::script).collect();
        self.transaction(|transaction| transaction.execute_batch(&scripts))
    }

    async fn position(&self) -> Result<Option<Position>> {
        let read = |row: &rusqlite::Row<'_>| {
            Ok((
                row.get::<_, String>(0)?,
                row.get::<_, String>(1)?,
                row.get::<_, String>(2)?,
            ))
        };
        match self.connection.query_row(READ, [], read) {
            Ok((source, table, after)) => Position::new(source, table, &after).map(Some),
            Err(_) => Ok(None),
        }
    }

    async fn begin(&mut self, position: &Position) -> Result<()> {
        self.transaction(|transaction| {
            transaction.execute_batch(CREATE)?;
            let insert =
                "INSERT INTO copy_progress (source, table_name, after_key) VALUES (?1, ?2, ?3)";
            let (table, after) = (&position.table, position.stored_key());
            transaction.execute(insert, [&position.source, table, &after])?;
            let record = "INSERT INTO schema_migrations (version, name, serves, applied_at)
                VALUES (?1, ?2, ?1, unixepoch() * 1000)";
            transaction.execute(record, (COPYING.cast_signed(), NAME))?;
            Ok(())
        })
    }

    async fn write(
        &mut self,
        table: &Table,
        rows: Vec<Row>,
        first: bool,
        position: &Position,
    ) -> Result<()> {
        let insert = insert(table);
        self.transaction(|transaction| {
            if first {
                transaction.execute(&format!("DELETE FROM {}", table.name), [])?;
            }
            let mut statement = transaction.prepare_cached(&insert)?;
            for row in &rows {
                statement.execute(params_from_iter(row.iter().map(Stored)))?;
            }
            let update = "UPDATE copy_progress SET table_name = ?1, after_key = ?2";
            transaction.execute(update, [&position.table, &position.stored_key()])?;
            Ok(())
        })
    }

    async fn finish(&mut self) -> Result<()> {
        self.transaction(|transaction| {
            transaction.execute_batch(DROP)?;
            let record = "DELETE FROM schema_migrations WHERE version = ?1";
            transaction.execute(record, [COPYING.cast_signed()])?;
            Ok(())
        })
    }
}

/// Returns the query for the next rows. The order of joined tables is fixed, so that an index has the order of the key.
fn select(table: &Table, continues: bool) -> String {
    let name = table.name;
    let columns = table.columns.iter();
    let columns: Vec<_> = columns
        .map(|column| match column.kind {
            Kind::UserRow => "users.id".to_owned(),
            Kind::RoleRow => "roles.id".to_owned(),
            _ => format!("{name}.{}", column.name),
        })
        .collect();
    let mut from = name.to_owned();
    for (place, column) in table.columns.iter().enumerate() {
        let (other, row) = match column.kind {
            Kind::UserRow => ("users", "user_row"),
            Kind::RoleRow => ("roles", "role_row"),
            _ => continue,
        };
        from = match place {
            0 => format!("{other} CROSS JOIN {from} ON {name}.{row} = {other}.row"),
            _ => format!("{from} CROSS JOIN {other} ON {other}.row = {name}.{row}"),
        };
    }
    let next = table.next_rows(&columns[..table.key].join(", "), '?', continues);
    format!("SELECT {} FROM {from} {next}", columns.join(", "))
}

fn insert(table: &Table) -> String {
    let columns: Vec<_> = table
        .columns
        .iter()
        .map(|column| column.in_sqlite())
        .collect();
    let places = (1..).zip(table.columns);
    let values: Vec<_> = places
        .map(|(place, column)| match column.kind {
            Kind::UserRow => format!("(SELECT row FROM users WHERE id = ?{place})"),
            Kind::RoleRow => format!("(SELECT row FROM roles WHERE id = ?{place})"),
            _ => format!("?{place}"),
        })
        .collect();
    let (columns, values) = (columns.join(", "), values.join(", "));
    format!("INSERT INTO {} ({columns}) VALUES ({values})", table.name)
}

/// Returns the canonical form of a value.
fn canonical(kind: Kind, value: ValueRef<'_>) -> Result<Value> {
    Ok(match (kind, value) {
        (_, ValueRef::Null) => Value::Null,
        (Kind::Text | Kind::UserRow | Kind::RoleRow, ValueRef::Text(_)) => {
            Value::Text(value.as_str()?.to_owned())
        }
        (Kind::Integer, ValueRef::Integer(number)) => Value::Integer(number),
        (Kind::Flag, ValueRef::Integer(number @ (0 | 1))) => Value::Boolean(number == 1),
        (Kind::Names, ValueRef::Text(_)) => {
            let names = value.as_str()?.split(',').filter(|name| !name.is_empty());
            Value::Texts(names.map(|name| Some(name.to_owned())).collect())
        }
        (_, other) => bail!("its type is {}", other.data_type()),
    })
}

/// A canonical value as SQLite stores it.
struct Stored<'a>(&'a Value);

impl ToSql for Stored<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self.0 {
            Value::Null => ToSqlOutput::Borrowed(ValueRef::Null),
            Value::Boolean(flag) => i64::from(*flag).into(),
            Value::Integer(number) => (*number).into(),
            Value::Text(text) => text.as_str().into(),
            Value::Texts(texts) => {
                let texts: Vec<_> = texts.iter().flatten().map(String::as_str).collect();
                texts.join(",").into()
            }
            // No column has this type.
            Value::Integers(_) => return Err(rusqlite::Error::InvalidQuery),
        })
    }
}
