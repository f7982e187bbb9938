//! The contract's imports, met by this host.

use std::sync::OnceLock;

use auth_core::contract::Mirror as _;
use auth_core::storage::Storage as _;
use auth_core::{Level, MailError, Message};
use gatewright_mail::{Delivery, MailConfig, TIMEOUT, accepted};
use gatewright_smtp::Mailer;
use gatewright_storage_sqlite::SqlStorage;
use http_body_util::{BodyExt as _, Full};
use tokio::runtime::{Builder, Runtime};
use wasmtime::component::{Access, Accessor, HasData, Linker};
use wasmtime_wasi_http::RequestOptions;

use crate::instance::InstanceData;
use crate::outbound;
use crate::server::prefer_last;
use crate::settings::LayeredSettings;
use crate::sqlite::Sqlite;

/// Bindings generated from `wit/`.
#[allow(clippy::all, reason = "generated; documented in wit/")]
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
auth_core::mirror_mail!(crate::bindings::generated::gatewright::auth::mail);

/// What the contract is met with.
pub(crate) struct Contract {
    pub(crate) storage: SqlStorage<Sqlite>,
    pub(crate) settings: LayeredSettings,
    pub(crate) mail: MailConfig,
    /// With the provider that needs it.
    pub(crate) mailer: Option<Mailer>,
}

impl Contract {
    /// Whether the service may send a request there: where a setting says that what it asks is.
    pub(crate) fn may_fetch(&self, to: &http::Uri) -> bool {
        let service = self.settings.value("BREACH_CHECK_URL");
        service.is_some_and(|service| to.to_string().starts_with(service))
    }
}

/// Marks the imports in a linker.
struct Imports;

impl HasData for Imports {
    type Data<'a> = &'a mut InstanceData;
}

/// Adds every import of the contract to a linker.
pub(crate) fn add_to_linker(linker: &mut Linker<InstanceData>) -> wasmtime::Result<()> {
    storage::add_to_linker::<_, Imports>(linker, |data| data)?;
    mail::add_to_linker::<_, Imports>(linker, |data| data)?;
    settings::add_to_linker::<_, Imports>(linker, |data| data)?;
    log::add_to_linker::<_, Imports>(linker, |data| data)
}

macro_rules! serve_imports {
    ($($name:ident($($argument:ident: $ty:ty),*) -> $output:ty;)*) => {
        const _: () = {
            use storage::*;
            impl<T: Send + 'static> HostWithStore<T> for Imports {
                $(async fn $name(accessor: &Accessor<T, Self>, $($argument: $ty),*) -> Result<$output, Error> {
                    let storage = accessor.with(|mut store| store.get().contract().storage.clone());
                    storage.$name($($argument.mirror()),*).await.mirror()
                })*
            }
        };
    };
}
auth_core::storage_functions!(serve_imports);

impl storage::Host for InstanceData {}

impl<T: Send + 'static> mail::HostWithStore<T> for Imports {
    async fn send(accessor: &Accessor<T, Self>, message: mail::Message) -> Result<(), mail::Error> {
        let (config, mailer) = accessor.with(|mut store| {
            let contract = store.get().contract();
            (contract.mail.clone(), contract.mailer.clone())
        });
        let message: Message = message.mirror();
        // Elsewhere than where requests run: a hand-over computes, for TLS, and would slow the sender's next request.
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

/// The thread on which mails are handed over. It lets others go first.
fn mail_runtime() -> Result<&'static Runtime, String> {
    static MAIL: OnceLock<Result<Runtime, String>> = OnceLock::new();
    let made = MAIL.get_or_init(|| {
        Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("mail")
            .enable_all()
            .on_thread_start(prefer_last)
            .build()
            .map_err(|error| format!("the thread of mails can't be started: {error}"))
    });
    made.as_ref().map_err(Clone::clone)
}

pub(crate) async fn deliver(
    config: &MailConfig,
    mailer: Option<&Mailer>,
    message: Message,
) -> Result<(), MailError> {
    let request = match (config.delivery(&message)?, mailer) {
        (Delivery::Request(request), _) => request,
        (Delivery::Smtp, Some(mailer)) => return mailer.send(&message).await,
        (Delivery::Log | Delivery::Smtp | Delivery::Binding, _) => {
            let Message {
                to,
                subject,
                text,
                html: _,
                kind,
            } = message;
            tracing::info!(target: "mail", to, subject, kind, "{text}");
            return Ok(());
        }
    };
    let request = request.map(|body| {
        Full::new(body)
            .map_err(|never| match never {})
            .boxed_unsync()
    });
    let options = RequestOptions {
        connect_timeout: Some(TIMEOUT),
        first_byte_timeout: Some(TIMEOUT),
        between_bytes_timeout: Some(TIMEOUT),
    };
    let (response, _reading) = outbound::send(request, options).await.map_err(|error| {
        MailError::Unavailable(format!("the e-mail service can't be reached: {error}"))
    })?;
    accepted(response.status())
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

/// Writes a line of the service's to the log.
pub(crate) fn write_line(level: Level, message: &str, fields: &[(&str, &str)]) {
    let fields: Vec<_> = fields
        .iter()
        .map(|(name, value)| format!("{name}={value:?}"))
        .collect();
    let fields = fields.join(" ");
    match level {
        Level::Debug => tracing::debug!(target: "service", fields, "{message}"),
        Level::Info => tracing::info!(target: "service", fields, "{message}"),
        Level::Warn => tracing::warn!(target: "service", fields, "{message}"),
        Level::Error => tracing::error!(target: "service", fields, "{message}"),
    }
}
