//! The list of providers that are set up.

use crate::error::{Error, Result};
use crate::federation::Federation;
use crate::federation::presets::PRESETS;
use crate::federation::registration::Registration;
use crate::platform::Platform;

/// A provider, for a button.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderInfo {
    /// The name in paths.
    pub id: String,
    /// The name on the button.
    pub label: String,
    /// Whether it is a preset, which has an icon.
    pub preset: bool,
    /// Whether it can confirm that a person has signed in again.
    pub reauthenticates: bool,
}

impl<P: Platform> Federation<'_, P> {
    /// Returns the providers that are set up, presets first.
    pub fn providers(self) -> Vec<ProviderInfo> {
        let registrations = self.context.config.federation.registrations.iter();
        let info = |Registration { provider, .. }: &Registration| ProviderInfo {
            id: provider.id.clone(),
            label: provider.label.clone(),
            preset: PRESETS.iter().any(|row| row.preset.id == provider.id),
            reauthenticates: provider.reauthenticates(),
        };
        registrations.map(info).collect()
    }

    /// Returns a provider that is set up.
    pub(super) fn registration(&self, id: &str) -> Result<&Registration> {
        let registration = self.context.config.federation.registration(id);
        registration.ok_or(Error::ProviderUnknown)
    }
}
