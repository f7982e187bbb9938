//! The core's platform, met by the component's imports.

use auth_core::contract::Mirror as _;
use auth_core::storage::{
    Account, ActiveSession, CreateUserOutcome, Limit, LimitState, LoginName, NewSession, NewUser,
    Rotation, RotationOutcome, SigningKey, StartSessionOutcome, Storage, StorageError,
};
use auth_core::{Deferred, Level, MailError, Message, Platform, Settings, Timestamp};
use wasip3::clocks::system_clock;
use wasip3::random::random;
use wasip3::wit_bindgen;

use crate::SERVICE;
use crate::bindings::gatewright::auth::{log, mail, settings, storage};

auth_core::mirror_storage!(crate::bindings::gatewright::auth::storage);
auth_core::mirror_mail!(crate::bindings::gatewright::auth::mail);

/// The imports as a platform.
pub(crate) struct Host;

macro_rules! call_imports {
    ($($name:ident($($argument:ident: $ty:ty),*) -> $output:ty;)*) => {
        impl Storage for Host {
            $(async fn $name(&self, $($argument: $ty),*) -> Result<$output, StorageError> {
                storage::$name($($argument.mirror()),*).await.mirror()
            })*
        }
    };
}
auth_core::storage_functions!(call_imports);

impl Platform for Host {
    type Storage = Self;

    fn storage(&self) -> &Self {
        self
    }

    fn now(&self) -> Timestamp {
        let now = system_clock::now();
        let seconds = u64::try_from(now.seconds).unwrap_or_default();
        Timestamp::from_millis(seconds * 1000 + u64::from(now.nanoseconds / 1_000_000))
    }

    fn fill_random(&self, bytes: &mut [u8]) {
        let mut filled = 0;
        // The import may return fewer bytes than it was asked for.
        while filled < bytes.len() {
            let drawn = random::get_random_bytes((bytes.len() - filled) as u64);
            bytes[filled..filled + drawn.len()].copy_from_slice(&drawn);
            filled += drawn.len();
        }
    }

    async fn send_mail(&self, message: Message) -> Result<(), MailError> {
        mail::send(message.mirror()).await.mirror()
    }

    fn defer(&self, work: Deferred) {
        wit_bindgen::spawn(async move {
            // What is deferred comes from a service that was made.
            if let Some(service) = SERVICE.get() {
                service.run(work).await;
            }
        });
    }

    fn log(&self, level: Level, message: &str, fields: &[(&str, &str)]) {
        let level = match level {
            Level::Debug => log::Level::Debug,
            Level::Info => log::Level::Info,
            Level::Warn => log::Level::Warn,
            Level::Error => log::Level::Error,
        };
        let fields: Vec<_> = fields
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        log::emit(level, message, &fields);
    }
}

/// The settings import.
pub(crate) struct ContractSettings;

impl Settings for ContractSettings {
    async fn get(&self, name: &str) -> Result<Option<String>, String> {
        settings::get(name.to_owned())
            .await
            .map_err(|settings::Error::Unavailable(cause)| cause)
    }
}
