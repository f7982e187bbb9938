//! An example of a provider, and the plainest form of the storage contract: everything in memory, gone with the
//! instance.
//!
//! [`MemoryStorage`] is also the reference that other storages are compared with. As a component this crate exports
//! the world `provider`: settings are environment variables, the log is standard error, mail is refused.

#![allow(unsafe_code, reason = "generated bindings")]

mod storage;

pub use storage::MemoryStorage;

#[cfg(target_family = "wasm")]
mod component {
    use std::sync::LazyLock;

    use auth_core::contract::Mirror as _;
    use auth_core::storage::Storage as _;
    use wasip2::cli::{environment, stderr};

    use crate::MemoryStorage;

    /// Bindings generated from `wit/`.
    #[allow(clippy::all, reason = "generated; documented in wit/")]
    mod bindings {
        wit_bindgen::generate!({
            path: "../../wit",
            world: "provider",
            generate_all,
        });
    }

    use bindings::exports::gatewright::auth::{log, mail, settings, storage};

    auth_core::mirror_storage!(crate::component::bindings::exports::gatewright::auth::storage);

    static STORAGE: LazyLock<MemoryStorage> = LazyLock::new(MemoryStorage::default);

    struct Provider;

    bindings::export!(Provider with_types_in bindings);

    macro_rules! serve_exports {
        ($($name:ident($($argument:ident: $ty:ty),*) -> $output:ty;)*) => {
            const _: () = {
                use storage::*;
                impl Guest for Provider {
                    $(async fn $name($($argument: $ty),*) -> Result<$output, Error> {
                        STORAGE.$name($($argument.mirror()),*).await.mirror()
                    })*
                }
            };
        };
    }
    auth_core::storage_functions!(serve_exports);

    impl settings::Guest for Provider {
        async fn get(name: String) -> Result<Option<String>, settings::Error> {
            let mut variables = environment::get_environment().into_iter();
            Ok(variables.find_map(|(variable, value)| (variable == name).then_some(value)))
        }
    }

    impl mail::Guest for Provider {
        async fn send(_: mail::Message) -> Result<(), mail::Error> {
            Err(mail::Error::Refused("the example sends no mail".to_owned()))
        }
    }

    impl log::Guest for Provider {
        fn emit(level: log::Level, message: String, fields: Vec<(String, String)>) {
            let line = format!("{level:?} {message} {fields:?}\n");
            let stderr = stderr::get_stderr();
            // The most that `wasi:io/streams` takes at once.
            for chunk in line.as_bytes().chunks(4096) {
                let _ = stderr.blocking_write_and_flush(chunk);
            }
        }
    }
}
