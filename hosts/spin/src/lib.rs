//! The contract of `wit/` on Spin: storage in `spin:sqlite` or `spin:postgres`, settings from `spin:variables`, mail by
//! outbound HTTP, and a log on standard error, which Spin collects.
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
#[cfg(feature = "postgres")]
mod postgres;
mod purge;
mod schema;
mod settings;
#[cfg(not(feature = "postgres"))]
mod sqlite;
mod variables;

use auth_core::storage::{Mirror, Storage, StorageError};

use crate::bindings::Provider;
use crate::bindings::exports::gatewright::auth;
#[cfg(feature = "postgres")]
use crate::postgres as database;
#[cfg(not(feature = "postgres"))]
use crate::sqlite as database;

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
                    match result {
                        Ok(_) => purge::now_and_then(),
                        // The database could have been replaced: check its schema again.
                        Err(auth_core::storage::StorageError::Invalid(_)) => schema::set_current(false),
                        Err(_) => {}
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
async fn ready() -> Result<impl Storage, StorageError> {
    if !schema::is_current() {
        if !database::is_current().await {
            database::migrate().await?;
        }
        schema::set_current(true);
    }
    Ok(database::storage())
}
