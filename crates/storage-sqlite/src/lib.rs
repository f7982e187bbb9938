//! The storage contract in SQL, shared by all hosts.
//!
//! A host supplies an [`Executor`]: query, execute, and an atomic batch. Edge databases have no interactive
//! transactions, so each function of the contract is one statement or one batch, and everything that must happen once
//! is a condition inside the SQL. The last statement of a batch reads back what the batch decided.

#![forbid(unsafe_code)]

mod audit;
mod columns;
mod credentials;
mod documents;
mod email_keys;
mod executor;
mod grounds;
mod identities;
mod maintenance;
mod migrations;
mod one_time_secrets;
mod rate_limits;
mod roles;
mod sessions;
mod signing_keys;
mod storage;
mod users;
mod value;

pub use executor::{Executor, Statement, error_of_text, is_locked};
pub use gatewright_storage_sql::intervals::PURGE_EVERY;
pub use maintenance::purge_when_due;
pub use migrations::{MIGRATIONS, Migration, MigrationError, is_current, migrate, plan};
pub use storage::SqliteStorage;
pub use value::{Row, Value};
