//! The contract of `wit/` on Spin: storage in `spin:sqlite`, settings from `spin:variables`, mail by outbound HTTP, and
//! a log on standard error, which Spin collects.
//!
//! Spin gives an instance up to 16 requests at once and up to 128 in its life. Requests therefore share everything that
//! an instance keeps: open connections, the settings, and whether the schema is current.

// Generated bindings use the component model's ABI, which passes raw pointers.
#![allow(unsafe_code, reason = "generated bindings")]
#![cfg(target_family = "wasm")]

mod bindings;
mod clock;
mod log;
mod mail;
mod schema;
mod settings;
mod sqlite;

use auth_core::storage::{Mirror, StorageError};
use gatewright_storage_sqlite::{MigrationError, SqliteStorage, is_current, migrate};

use crate::bindings::Provider;
use crate::bindings::exports::gatewright::auth;
use crate::clock::now;
use crate::sqlite::SpinSqlite;

auth_core::storage::mirror_storage!(crate::bindings::exports::gatewright::auth);

bindings::export!(Provider with_types_in bindings);

macro_rules! serve_exports {
    ($($noun:ident in $module:ident {
        $($name:ident($($argument:ident: $ty:ty),*) -> $output:ty;)*
    })*) => {
        $(const _: () = {
            use auth::$module::*;
            impl Guest for Provider {
                $(async fn $name($($argument: $ty),*) -> Result<$output, StorageError> {
                    let storage = ready().await.map_err(Mirror::mirror)?;
                    let result = auth_core::storage::$noun::$name(&storage, $($argument.mirror()),*).await;
                    if let Err(auth_core::storage::StorageError::Invalid(_)) = result {
                        // The database could have been replaced: check its schema again.
                        schema::set_current(false);
                    }
                    result.mirror()
                })*
            }
        };)*
    };
}
auth_core::storage::storage_functions!(serve_exports);

/// Returns the storage, on a database whose schema is current.
///
/// Concurrent first calls, in this instance and in others, each check the schema, and one of them migrates. No call
/// waits for another's future, which could be dropped with its request.
async fn ready() -> Result<SqliteStorage<SpinSqlite>, StorageError> {
    if !schema::is_current() {
        if !is_current(&SpinSqlite).await {
            migrate(&SpinSqlite, now())
                .await
                .map_err(|error| match error {
                    MigrationError::Newer { found, known } => StorageError::Invalid(format!(
                        "the database has schema {found}, but this version knows only {known}: use a newer Gatewright"
                    )),
                    MigrationError::Storage(error) => error,
                })?;
        }
        schema::set_current(true);
    }
    Ok(SqliteStorage::new(SpinSqlite))
}
