//! Settings from `spin:variables`: the same names in lower case.

use std::sync::OnceLock;

use auth_core::Settings;
use auth_core::config::{LogConfig, SettingError};
use gatewright_mail::MailConfig;
use spin_sdk::variables;

use crate::bindings::Provider;
use crate::bindings::exports::gatewright::auth::settings::{Error, Guest};
use crate::log;

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
    let config = MailConfig::from_settings(&Variables, &[]).await?;
    Ok(MAIL.get_or_init(|| config))
}

/// The settings of the application.
pub(crate) struct Variables;

impl Settings for Variables {
    async fn get(&self, name: &str) -> Result<Option<String>, String> {
        match variables::get(name.to_ascii_lowercase()).await {
            Ok(value) => Ok(Some(value)),
            // The variable is not in the manifest.
            Err(variables::Error::Undefined(_)) => Ok(None),
            Err(
                variables::Error::InvalidName(cause)
                | variables::Error::Provider(cause)
                | variables::Error::Other(cause),
            ) => Err(format!("the variable for {name} can't be read: {cause}")),
        }
    }
}
