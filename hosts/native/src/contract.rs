//! The host's side of the contract with the service.

use gatewright_mail::MailConfig;
use gatewright_smtp::Mailer;

use crate::database::HostStorage;
use crate::destinations::Destinations;
use crate::settings::LayeredSettings;

/// The state behind the functions of the contract.
pub(crate) struct Contract {
    pub(crate) storage: HostStorage,
    pub(crate) settings: LayeredSettings,
    pub(crate) destinations: Destinations,
    pub(crate) mail: MailConfig,
    /// Set if the mail provider needs it.
    pub(crate) mailer: Option<Mailer>,
}
