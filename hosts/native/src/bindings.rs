//! The contract's imports, met by this host.

use auth_core::Settings as _;
use auth_core::contract::Mirror as _;
use auth_core::storage::Storage as _;
use wasmtime::component::{Access, Accessor, HasData, Linker};

use crate::instance::InstanceData;

/// Bindings generated from `wit/`.
#[allow(missing_docs, clippy::all, reason = "generated; documented in wit/")]
mod generated {
    wasmtime::component::bindgen!({
        path: "../../wit",
        inline: "
            package gatewright:native;
            world contract {
                import gatewright:auth/storage@0.1.0;
                import gatewright:auth/mail@0.1.0;
                import gatewright:auth/settings@0.1.0;
                import gatewright:auth/log@0.1.0;
            }
        ",
        world: "gatewright:native/contract",
        imports: { default: async | store },
    });
}

use generated::gatewright::auth::{log, mail, settings, storage};

auth_core::mirror_storage!(crate::bindings::generated::gatewright::auth::storage);

/// Marks the imports in a linker.
struct Contract;

impl HasData for Contract {
    type Data<'a> = &'a mut InstanceData;
}

/// Adds every import of the contract to a linker.
pub(crate) fn add_to_linker(linker: &mut Linker<InstanceData>) -> wasmtime::Result<()> {
    storage::add_to_linker::<_, Contract>(linker, |data| data)?;
    mail::add_to_linker::<_, Contract>(linker, |data| data)?;
    settings::add_to_linker::<_, Contract>(linker, |data| data)?;
    log::add_to_linker::<_, Contract>(linker, |data| data)
}

macro_rules! serve_imports {
    ($($name:ident($($argument:ident: $ty:ty),*) -> $output:ty;)*) => {
        const _: () = {
            use storage::*;
            impl<T: Send + 'static> HostWithStore<T> for Contract {
                $(async fn $name(accessor: &Accessor<T, Self>, $($argument: $ty),*) -> Result<$output, Error> {
                    let storage = accessor.with(|mut store| store.get().shared.storage.clone());
                    storage.$name($($argument.mirror()),*).await.mirror()
                })*
            }
        };
    };
}
auth_core::storage_functions!(serve_imports);

impl storage::Host for InstanceData {}

impl<T: Send + 'static> mail::HostWithStore<T> for Contract {
    /// `EMAIL_PROVIDER=console`: the message is a log line, for trying things out.
    async fn send(_: &Accessor<T, Self>, message: mail::Message) -> Result<(), mail::Error> {
        let mail::Message {
            to,
            subject,
            text,
            html: _,
            kind,
        } = message;
        tracing::info!(target: "mail", to, subject, kind, "{text}");
        Ok(())
    }
}

impl mail::Host for InstanceData {}

impl<T: Send + 'static> settings::HostWithStore<T> for Contract {
    async fn get(
        accessor: &Accessor<T, Self>,
        name: String,
    ) -> Result<Option<String>, settings::Error> {
        let shared = accessor.with(|mut store| store.get().shared.clone());
        shared
            .settings
            .get(&name)
            .await
            .map_err(settings::Error::Unavailable)
    }
}

impl settings::Host for InstanceData {}

impl<T: Send + 'static> log::HostWithStore<T> for Contract {
    async fn emit(
        _: Access<'_, T, Self>,
        level: log::Level,
        message: String,
        fields: Vec<(String, String)>,
    ) {
        let fields: Vec<_> = fields
            .iter()
            .map(|(name, value)| format!("{name}={value:?}"))
            .collect();
        let fields = fields.join(" ");
        match level {
            log::Level::Debug => tracing::debug!(target: "service", fields, "{message}"),
            log::Level::Info => tracing::info!(target: "service", fields, "{message}"),
            log::Level::Warn => tracing::warn!(target: "service", fields, "{message}"),
            log::Level::Error => tracing::error!(target: "service", fields, "{message}"),
        }
    }
}

impl log::Host for InstanceData {}
