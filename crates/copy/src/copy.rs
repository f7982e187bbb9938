//! The copy of all data from one database to another.

use std::collections::BTreeSet;

use anyhow::{Result, bail};
use gatewright_storage_postgres::Value;

use crate::digest::{RowsDigest, Sum, whole};
use crate::position::{COPYING, Position, refuse_unfinished};
use crate::side::{Row, Side};
use crate::tables::{NOT_COPIED, TABLES, Table};

/// A step of a copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// Rows of the source were read once, to know what must arrive.
    Read(&'static str, u64),
    /// Rows were stored in the target, of all rows of the table.
    Stored(&'static str, u64, u64),
    /// Rows of the target were read again and compared.
    Verified(&'static str, u64),
}

/// The result of a copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copied {
    /// The tables and the numbers of their rows.
    pub tables: Vec<(&'static str, u64)>,
    /// Whether an interrupted copy was continued.
    pub continued: bool,
}

/// Copies everything, and compares both sides. An interrupted copy of the same data goes on where it stopped.
///
/// # Errors
/// A database has another schema than this program, the target has data of its own, the source has changed since the copy
/// was interrupted, or the two differ at the end.
pub(crate) async fn copy(
    source: &impl Side,
    target: &mut impl Side,
    progress: &mut dyn FnMut(Progress),
) -> Result<Copied> {
    check_source(source).await?;
    check_columns(source).await?;
    let interrupted = prepare(target).await?;
    check_columns(target).await?;
    let (mut sums, mut stored) = (Vec::with_capacity(TABLES.len()), 0);
    for table in TABLES {
        let here = interrupted
            .iter()
            .find(|position| position.table == table.name);
        let until = here.map_or(&[][..], |position| position.after.as_slice());
        let (sum, before) = sum(source, table, until).await?;
        stored = stored.max(before);
        progress(Progress::Read(table.name, sum.rows));
        sums.push(sum);
    }
    let digest = whole(&sums);
    let continued = interrupted.is_some();
    let mut position = match interrupted {
        Some(position) if position.source == digest => position,
        Some(_) => bail!(
            "{} has the first part of a copy of other data: the source was used since, or is another one. Empty the target and copy again",
            target.name()
        ),
        None => {
            let start = Position {
                source: digest,
                table: TABLES[0].name.to_owned(),
                after: Vec::new(),
            };
            target.begin(&start).await?;
            // A host that has started while the source was read, before anything kept it away.
            if let Err(error) = refuse_used(target).await {
                target.finish().await?;
                return Err(error);
            }
            start
        }
    };
    let Some(next) = TABLES.iter().position(|table| table.name == position.table) else {
        bail!("{} has an unknown position of a copy", target.name());
    };
    for (table, sum) in TABLES.iter().zip(&sums).skip(next) {
        if position.table != table.name {
            position.table = table.name.to_owned();
            position.after.clear();
            stored = 0;
        }
        let mut report = |rows| {
            stored += rows;
            progress(Progress::Stored(table.name, stored, sum.rows));
        };
        copy_table(source, target, table, &mut position, &mut report).await?;
    }
    verify(target, &sums, progress).await?;
    target.finish().await?;
    let tables = TABLES.iter().zip(&sums);
    Ok(Copied {
        tables: tables.map(|(table, sum)| (table.name, sum.rows)).collect(),
        continued,
    })
}

async fn check_source(source: &impl Side) -> Result<()> {
    let (found, known) = (source.version().await?, source.newest());
    let name = source.name();
    refuse_unfinished(found, &name)?;
    match found {
        0 => bail!("{name} is no database of Gatewright"),
        found if found < known => bail!(
            "{name} has schema {found}, and this version copies schema {known}: run `gatewright migrate` on it first"
        ),
        found if found > known => bail!(
            "{name} has schema {found}, but this version only supports schema {known}; use a newer gatewright"
        ),
        _ => Ok(()),
    }
}

/// Fails unless a database has exactly the tables and columns that are copied, so that none is forgotten.
async fn check_columns(side: &impl Side) -> Result<()> {
    let found: BTreeSet<_> = side.columns().await?.into_iter().collect();
    let mut known = BTreeSet::new();
    for table in TABLES {
        let columns = table.columns.iter().map(|column| side.column_name(column));
        known.extend(columns.map(|column| (table.name.to_owned(), column.to_owned())));
    }
    let own = |(name, column): &&(String, String)| {
        let table = TABLES.iter().find(|table| table.name == name);
        NOT_COPIED.contains(&name.as_str())
            || table.is_some_and(|table| side.is_own_column(table, column))
    };
    let mut differences = found
        .symmetric_difference(&known)
        .filter(|column| !own(column));
    match differences.next() {
        None => Ok(()),
        Some((table, column)) => bail!(
            "{} does not have the tables of this version: {table}.{column} differs. Tables of other programs belong in another schema",
            side.name()
        ),
    }
}

/// Returns the position of an interrupted copy, or makes sure that the target has its schema and nothing else.
async fn prepare(target: &mut impl Side) -> Result<Option<Position>> {
    let (found, known) = (target.version().await?, target.newest());
    let name = target.name();
    match found {
        COPYING => {
            let Some(position) = target.position().await? else {
                bail!(
                    "{name} has lost the position of an unfinished copy: empty it and copy again"
                );
            };
            return Ok(Some(position));
        }
        0 => target.create_schema().await?,
        found if found != known => bail!(
            "the target {name} has schema {found}, but this version needs schema {known}, or an empty database"
        ),
        _ => {}
    }
    refuse_used(target).await?;
    Ok(None)
}

/// Fails if hosts use the target, or have stored something there.
async fn refuse_used(target: &impl Side) -> Result<()> {
    target.refuse_hosts().await?;
    for table in TABLES {
        let rows = target.read(table, &[]).await?;
        let built_in = table
            .columns
            .iter()
            .position(|column| column.name == "built_in");
        let own = rows.iter().any(|row| match built_in {
            Some(place) => row.get(place) != Some(&Value::Boolean(true)),
            None => !table.has_built_in,
        });
        if own {
            bail!(
                "the target {} is not empty: the table {} has rows. Copy into a new database",
                target.name(),
                table.name
            );
        }
    }
    Ok(())
}

async fn copy_table(
    source: &impl Side,
    target: &mut impl Side,
    table: &Table,
    position: &mut Position,
    report: &mut dyn FnMut(u64),
) -> Result<()> {
    let mut first = position.after.is_empty();
    loop {
        let rows = source.read(table, &position.after).await?;
        let Some(last) = rows.last() else {
            if first {
                // Deletes the rows of a new schema.
                target.write(table, rows, true, position).await?;
            }
            return Ok(());
        };
        position.after = key(table, last)?;
        let number = rows.len() as u64;
        target.write(table, rows, first, position).await?;
        first = false;
        report(number);
    }
}

async fn verify(
    target: &impl Side,
    sums: &[Sum],
    progress: &mut dyn FnMut(Progress),
) -> Result<()> {
    for (table, expected) in TABLES.iter().zip(sums) {
        let (found, _) = sum(target, table, &[]).await?;
        if found.rows != expected.rows {
            bail!(
                "the copy is wrong: {} of {} rows of the table {} are in the target. Empty it and copy again",
                found.rows,
                expected.rows,
                table.name
            );
        }
        if &found != expected {
            bail!(
                "the copy is wrong: the rows of the table {} differ. Empty the target and copy again",
                table.name
            );
        }
        progress(Progress::Verified(table.name, found.rows));
    }
    Ok(())
}

/// Returns the number and the digest of the rows, and the number of those up to a key, which ends a batch.
async fn sum(side: &impl Side, table: &Table, until: &[String]) -> Result<(Sum, u64)> {
    let (mut digest, mut after, mut before) = (RowsDigest::default(), Vec::new(), 0);
    loop {
        let rows = side.read(table, &after).await?;
        let Some(last) = rows.last() else {
            return Ok((digest.finish(), before));
        };
        after = key(table, last)?;
        if after.as_slice() <= until {
            before += rows.len() as u64;
        }
        rows.iter().for_each(|row| digest.add(row));
    }
}

/// Returns the key of a row.
fn key(table: &Table, row: &Row) -> Result<Vec<String>> {
    let key = row.iter().take(table.key).map(|value| match value {
        Value::Text(text) => Ok(text.clone()),
        _ => bail!("a row of the table {} has no key", table.name),
    });
    key.collect()
}
