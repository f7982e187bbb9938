//! The storage contract in PostgreSQL's SQL, shared by all hosts.
//!
//! A host supplies an [`Executor`]: query, execute, and a transaction of several statements. Each function of the
//! contract is one statement or one transaction. A decision that counts once is a condition inside a statement, or
//! is made while a guard row is locked. The isolation level is READ COMMITTED; a transaction that a concurrent one has overtaken
//! runs again. Nothing depends on advisory locks, sequences or notifications, so that engines which speak PostgreSQL's
//! protocol and scale out stay possible.
//!
//! Times are `bigint`, in milliseconds: they are stored and returned unrounded. Compared texts have the collation `C`.
//! Texts that are returned as they were written (a profile, the details of an event) are `text` and not `jsonb`, which
//! would reorder them.

#![forbid(unsafe_code)]

mod audit;
mod columns;
mod credentials;
mod database;
mod documents;
mod email_keys;
mod executor;
mod grounds;
mod guards;
mod identities;
mod maintenance;
mod migrations;
mod one_time_secrets;
mod rate_limits;
mod roles;
mod schema;
mod sessions;
mod signing_keys;
mod storage;
mod url;
mod users;
mod value;

pub use database::pause_before;
pub use executor::{Executor, Failure, Statement};
pub use gatewright_storage_sql::intervals::PURGE_EVERY;
pub use maintenance::purge_when_due;
pub use migrations::{MigrationError, is_current, migrate, plan};
pub use schema::{MIGRATIONS, Migration};
pub use storage::PostgresStorage;
pub use url::{PostgresUrl, UrlError, Verification};
pub use value::{Row, Value};
