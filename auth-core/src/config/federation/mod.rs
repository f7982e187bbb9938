//! Settings of sign-in with accounts of other providers.

mod named;
mod preset;
mod read;
#[cfg(test)]
mod tests;
mod values;

use std::collections::BTreeSet;

use self::named::{NAMED, named_registration};
use self::preset::preset_registration;
pub(crate) use self::values::is_name as is_provider_name;
use self::values::is_name;
use super::setting::{Setting, SettingError};
use crate::federation::endpoint::origin;
use crate::federation::issuer::is_issuer_in_any_tenant;
use crate::federation::presets::{PRESETS, SETTINGS};
use crate::federation::registration::Registration;
use crate::platform::Settings;
use crate::storage::Identity;

pub(super) use self::read::lasting;
pub use self::values::FederationValues;

/// The providers that are set up, and the rules for their accounts.
#[derive(Clone)]
pub struct FederationConfig {
    pub(crate) values: FederationValues,
    /// The presets first, in the order of their table.
    pub(crate) registrations: Vec<Registration>,
}

impl FederationConfig {
    /// The settings with fixed names.
    pub const TABLES: [&'static [Setting]; 2] = [FederationValues::TABLE, &SETTINGS];
    /// The settings of each of `OIDC_PROVIDERS`. `NAME` stands for the provider's name in upper case.
    pub const NAMED: &'static [Setting] = NAMED;

    /// Returns the row of a setting, also of `OIDC_ACME_ISSUER` for any name.
    pub fn row(name: &str) -> Option<&'static Setting> {
        let mut fixed = Self::TABLES.into_iter().flatten();
        let named = |row: &&Setting| {
            let (before, after) = row.name.split_once("NAME").unwrap_or_default();
            let id = name
                .strip_prefix(before)
                .and_then(|rest| rest.strip_suffix(after));
            id.is_some_and(|id| {
                is_name(&id.to_ascii_lowercase()) && !id.contains(|c: char| c.is_ascii_lowercase())
            })
        };
        fixed
            .find(|row| row.name == name)
            .or_else(|| Self::NAMED.iter().find(named))
    }

    /// Reads every setting, and checks those that depend on each other.
    ///
    /// # Errors
    /// The first setting whose value can't be used.
    pub async fn load(settings: &impl Settings) -> Result<Self, SettingError> {
        let values = FederationValues::load(settings).await?;
        let mut registrations = Vec::new();
        for row in PRESETS {
            registrations.extend(preset_registration(settings, row, &values).await?);
        }
        for name in &values.names {
            let registration = named_registration(settings, name, &registrations).await?;
            registrations.push(registration);
        }
        Ok(Self {
            values,
            registrations,
        })
    }

    /// Returns the settings with the URLs of the presets' servers, which the operator can choose.
    pub fn servers() -> impl Iterator<Item = &'static Setting> {
        let servers = PRESETS.iter().filter_map(|row| row.server.as_ref());
        servers.map(|server| &server.setting)
    }

    /// Returns the origins of the presets' endpoints, each once.
    pub fn preset_origins() -> BTreeSet<String> {
        let urls = PRESETS.iter().flat_map(|row| row.preset.called_urls());
        urls.filter_map(origin).collect()
    }

    /// Returns the origins that requests to the providers go to, each once.
    pub(crate) fn outbound_origins(&self) -> BTreeSet<String> {
        self.registrations
            .iter()
            .flat_map(Registration::origins)
            .collect()
    }

    /// Returns the provider with this name, if it is set up.
    pub(crate) fn registration(&self, id: &str) -> Option<&Registration> {
        let mut registrations = self.registrations.iter();
        registrations.find(|registration| registration.provider.id == id)
    }

    /// Returns the provider that is set up with the issuer of an identity. It can have got another name since, and the
    /// name can be another one's by now. If two providers fit, because one is for all tenants, the name decides, and then
    /// the whole issuer.
    pub(crate) fn registration_of(&self, identity: &Identity) -> Option<&Registration> {
        let fits = |known: &&Registration| {
            is_issuer_in_any_tenant(&identity.issuer, &known.provider.issuer)
        };
        let fitting = self.registrations.iter().filter(fits);
        fitting.max_by_key(|known| {
            let Registration { provider, .. } = known;
            (
                provider.id == identity.provider,
                provider.issuer == identity.issuer,
            )
        })
    }
}
