//! The settings of the service, and the provider's own.

use std::sync::OnceLock;

use auth_core::Settings as _;
use auth_core::config::{LogConfig, SettingError};
use gatewright_mail::MailConfig;

use crate::bindings::Provider;
use crate::bindings::exports::gatewright::auth::settings::{Error, Guest};
use crate::variables::Variables;
use crate::{database, log};

static MAIL: OnceLock<MailConfig> = OnceLock::new();

impl Guest for Provider {
    async fn get(name: String) -> Result<Option<String>, Error> {
        // The service reads its settings before anything else: the provider's own must be valid by then.
        own()
            .await
            .map_err(|error| Error::Unavailable(error.to_string()))?;
        Variables.get(&name).await.map_err(Error::Unavailable)
    }
}

/// Returns the provider's own settings, which the first caller reads.
pub(crate) async fn own() -> Result<&'static MailConfig, SettingError> {
    if let Some(config) = MAIL.get() {
        return Ok(config);
    }
    log::configure(LogConfig::load(&Variables).await?);
    database::check_settings().await?;
    let config = MailConfig::from_settings(&Variables, &[]).await?;
    Ok(MAIL.get_or_init(|| config))
}
