//! Rows of some tables in an SQL dump: of `pg_dump` (COPY and INSERT), SQLite's `.dump`, and `mysqldump`.
//!
//! This reads the statements that dumps consist of and is no parser of SQL: parsers read whole statements, and one
//! statement of a dump may be as long as its table.

mod copy;
mod dump;
mod lexer;
mod names;
mod skip;
mod tables;
mod value;

pub(crate) use dump::Dump;
pub(crate) use tables::Wanted;
