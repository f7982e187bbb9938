//! What the host provides for the contract with the service.

use gatewright_mail::MailConfig;
use gatewright_smtp::Mailer;
use gatewright_storage_sqlite::SqliteStorage;

use crate::settings::LayeredSettings;
use crate::sqlite::Sqlite;

/// What serves the functions of the contract.
pub(crate) struct Contract {
    pub(crate) storage: SqliteStorage<Sqlite>,
    pub(crate) settings: LayeredSettings,
    pub(crate) mail: MailConfig,
    /// Set if the provider of mail needs it.
    pub(crate) mailer: Option<Mailer>,
}

impl Contract {
    /// Whether the service may send a request to this address, which a setting must name.
    pub(crate) fn may_fetch(&self, to: &http::Uri) -> bool {
        let service = self.settings.value("BREACH_CHECK_URL");
        service.is_some_and(|service| to.to_string().starts_with(service))
    }
}
