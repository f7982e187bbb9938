//! The storage contract in SQL, once for every host.
//!
//! A host supplies an [`Executor`]: query, execute, and an atomic batch. Edge databases have no interactive
//! transactions, so each function of the contract is one statement or one batch, and whatever must happen once is
//! a condition inside the SQL. What a batch decided is read back by its last statement.

#![forbid(unsafe_code)]

mod accounts;
mod audit;
mod changes;
mod costs;
mod executor;
mod grounds;
mod keys;
mod limits;
mod members;
mod migrations;
mod purge;
mod roles;
mod secrets;
mod sessions;
mod storage;
mod value;

pub use executor::{Executor, Statement, error_of_text};
pub use migrations::{MIGRATIONS, Migration, MigrationError, is_current, migrate};
pub use purge::{PURGE_EVERY, purge_when_due};
pub use storage::SqlStorage;
pub use value::{Row, Value};
