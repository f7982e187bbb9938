//! The variables of the application: the settings' names in lower case.

use auth_core::Settings;
use spin_sdk::variables;

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
