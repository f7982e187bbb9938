//! The storage in memory as a component that exports the world `provider`: an example, whose data is lost when the
//! instance ends. Settings are environment variables, the log is standard error, and mail is refused.

// Generated bindings use the component model's ABI, which passes raw pointers.
#![allow(unsafe_code, reason = "generated bindings")]
#![cfg(target_family = "wasm")]

use std::sync::LazyLock;

use gatewright_storage::Mirror as _;
use gatewright_storage_memory::MemoryStorage;
use wasip2::cli::{environment, stderr};

/// Bindings generated from `wit/`.
#[allow(clippy::all, reason = "generated; documented in wit/")]
mod bindings {
    wit_bindgen::generate!({
        path: "../../wit",
        world: "provider",
        generate_all,
    });
}

use bindings::exports::gatewright::auth::{self, log, mail, settings};

gatewright_storage::mirror_storage!(crate::bindings::exports::gatewright::auth);

static STORAGE: LazyLock<MemoryStorage> = LazyLock::new(MemoryStorage::default);

struct Provider;

bindings::export!(Provider with_types_in bindings);

macro_rules! serve_exports {
    ($($noun:ident in $module:ident {
        $($name:ident($($argument:ident: $ty:ty),*) -> $output:ty;)*
    })*) => {
        $(const _: () = {
            use auth::$module::*;
            impl Guest for Provider {
                $(async fn $name($($argument: $ty),*) -> Result<$output, StorageError> {
                    gatewright_storage::$noun::$name(&*STORAGE, $($argument.mirror()),*).await.mirror()
                })*
            }
        };)*
    };
}
gatewright_storage::storage_functions!(serve_exports);

impl settings::Guest for Provider {
    async fn get(name: String) -> Result<Option<String>, settings::Error> {
        let mut variables = environment::get_environment().into_iter();
        Ok(variables.find_map(|(variable, value)| (variable == name).then_some(value)))
    }
}

impl mail::Guest for Provider {
    async fn send(_: mail::Message) -> Result<(), mail::Error> {
        Err(mail::Error::Refused(
            "this example sends no mail".to_owned(),
        ))
    }
}

impl log::Guest for Provider {
    fn emit(level: log::Level, message: String, fields: Vec<(String, String)>) {
        let line = format!("{level:?} {message} {fields:?}\n");
        let stderr = stderr::get_stderr();
        // `wasi:io/streams` accepts at most this many bytes at once.
        for chunk in line.as_bytes().chunks(4096) {
            let _ = stderr.blocking_write_and_flush(chunk);
        }
    }
}
