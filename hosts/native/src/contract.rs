//! The host's side of the contract with the service.

use gatewright_mail::MailConfig;
use gatewright_smtp::Mailer;
use gatewright_storage_sqlite::SqliteStorage;

use crate::settings::LayeredSettings;
use crate::sqlite::Sqlite;

/// The state behind the functions of the contract.
pub(crate) struct Contract {
    pub(crate) storage: SqliteStorage<Sqlite>,
    pub(crate) settings: LayeredSettings,
    pub(crate) mail: MailConfig,
    /// Set if the mail provider needs it.
    pub(crate) mailer: Option<Mailer>,
}

impl Contract {
    /// Returns whether the service can send a request to this address, which a setting must name.
    pub(crate) fn may_fetch(&self, to: &http::Uri) -> bool {
        let service = self.settings.value("BREACH_CHECK_URL");
        service.is_some_and(|service| to.to_string().starts_with(service))
    }
}
