//! Rows of some tables in an SQL dump: of `pg_dump` (COPY and INSERT), SQLite's `.dump`, and `mysqldump`.
//!
//! This module reads the statements of dumps. It is not a parser of SQL, because parsers read whole statements, and a
//! statement of a dump can be as long as its table.

mod copy;
mod dump;
mod lexer;
mod names;
mod skip;
mod tables;
mod value;

pub(crate) use dump::Dump;
pub(crate) use tables::Wanted;
