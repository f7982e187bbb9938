//! The contract's imports, provided by this host.

use auth_core::storage::Mirror as _;
use auth_core::{Level, MailError, Message};
use wasmtime::component::{Access, Accessor, HasData, Linker};

use crate::instance::data::InstanceData;
use crate::log::write_line;
use crate::mail::{deliver, mail_runtime};

/// Bindings generated from `wit/`.
#[allow(clippy::all, reason = "generated; documented in wit/")]
mod generated {
    wasmtime::component::bindgen!({
        path: "../../wit",
        inline: "
            package gatewright:native;
            world contract {
                include gatewright:auth/storage@0.1.0;
                import gatewright:auth/mail@0.1.0;
                import gatewright:auth/settings@0.1.0;
                import gatewright:auth/log@0.1.0;
            }
        ",
        world: "gatewright:native/contract",
        imports: { default: async | store },
    });
}

use generated::gatewright::auth::{self, log, mail, settings};

auth_core::storage::mirror_storage!(crate::bindings::generated::gatewright::auth);
auth_core::mirror_mail!(crate::bindings::generated::gatewright::auth::mail);

/// Marks the imports in a linker.
struct Imports;

impl HasData for Imports {
    type Data<'a> = &'a mut InstanceData;
}

/// Adds every import of the contract to a linker.
pub(crate) fn add_to_linker(linker: &mut Linker<InstanceData>) -> wasmtime::Result<()> {
    add_storage_to_linker(linker)?;
    mail::add_to_linker::<_, Imports>(linker, |data| data)?;
    settings::add_to_linker::<_, Imports>(linker, |data| data)?;
    log::add_to_linker::<_, Imports>(linker, |data| data)
}

macro_rules! serve_imports {
    ($($noun:ident in $module:ident {
        $($name:ident($($argument:ident: $ty:ty),*) -> $output:ty;)*
    })*) => {
        $(const _: () = {
            use auth::$module::*;
            impl<T: Send + 'static> HostWithStore<T> for Imports {
                $(async fn $name(accessor: &Accessor<T, Self>, $($argument: $ty),*) -> Result<$output, StorageError> {
                    let storage = accessor.with(|mut store| store.get().contract().storage.clone());
                    auth_core::storage::$noun::$name(&storage, $($argument.mirror()),*).await.mirror()
                })*
            }
            impl Host for InstanceData {}
        };)*

        /// Adds the imports of storage.
        fn add_storage_to_linker(linker: &mut Linker<InstanceData>) -> wasmtime::Result<()> {
            $(auth::$module::add_to_linker::<_, Imports>(linker, |data| data)?;)*
            Ok(())
        }
    };
}
auth_core::storage::storage_functions!(serve_imports);

impl<T: Send + 'static> mail::HostWithStore<T> for Imports {
    async fn send(accessor: &Accessor<T, Self>, message: mail::Message) -> Result<(), mail::Error> {
        let (config, mailer) = accessor.with(|mut store| {
            let contract = store.get().contract();
            (contract.mail.clone(), contract.mailer.clone())
        });
        let message: Message = message.mirror();
        // Not on the thread of requests: delivery computes for TLS, and would slow the sender's next request.
        let sent = match mail_runtime() {
            Ok(runtime) => runtime
                .spawn(async move { deliver(&config, mailer.as_ref(), message).await })
                .await
                .unwrap_or_else(|error| Err(MailError::Unavailable(error.to_string()))),
            Err(cause) => Err(MailError::Unavailable(cause)),
        };
        sent.mirror()
    }
}

impl mail::Host for InstanceData {}

impl<T: Send + 'static> settings::HostWithStore<T> for Imports {
    async fn get(
        accessor: &Accessor<T, Self>,
        name: String,
    ) -> Result<Option<String>, settings::Error> {
        accessor.with(|mut store| {
            let value = store.get().contract().settings.value(&name);
            Ok(value.map(str::to_owned))
        })
    }
}

impl settings::Host for InstanceData {}

impl<T: Send + 'static> log::HostWithStore<T> for Imports {
    async fn emit(
        _: Access<'_, T, Self>,
        level: log::Level,
        message: String,
        fields: Vec<(String, String)>,
    ) {
        let level = match level {
            log::Level::Debug => Level::Debug,
            log::Level::Info => Level::Info,
            log::Level::Warn => Level::Warn,
            log::Level::Error => Level::Error,
        };
        let fields = fields.iter();
        let fields: Vec<_> = fields
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        write_line(level, &message, &fields);
    }
}

impl log::Host for InstanceData {}
