//! Settings of a preset.

use std::sync::Arc;

use super::read::{client_id, client_secret, read, refused, scopes};
use super::values::FederationValues;
use crate::config::parse;
use crate::config::setting::SettingError;
use crate::federation::presets::row::Row;
use crate::federation::private_key::signing_key;
use crate::federation::provider::{PERSONAL_TENANT, Provider, Quirk, TENANT_ID};
use crate::federation::registration::{Credential, Registration};
use crate::platform::Settings;

/// Reads the settings of a preset, or returns `None` if it has no client ID.
///
/// # Errors
/// The first setting whose value can't be used.
pub(super) async fn preset_registration(
    settings: &impl Settings,
    row: &'static Row,
    values: &FederationValues,
) -> Result<Option<Registration>, SettingError> {
    let [id_row, scopes_row, secret_row @ ..] = row.settings else {
        return Ok(None);
    };
    let mut provider = configured(settings, row, values).await?;
    let Some(client_id) = read(settings, id_row, id_row.name, client_id).await? else {
        return Ok(None);
    };
    let usual = row.preset.scopes;
    let given = read(settings, scopes_row, scopes_row.name, |text| {
        scopes(text, usual)
    })
    .await?;
    if let Some(scopes) = given {
        provider.scopes = scopes;
    }
    let lacking = |name: &'static str| {
        let mut rows = FederationValues::TABLE.iter().chain(row.settings);
        let row = rows.find(|row| row.name == name).unwrap_or(id_row);
        refused(row, name, format!("not set, but {} is", id_row.name))
    };
    let credential = match secret_row {
        [secret_row] => {
            let secret = read(settings, secret_row, secret_row.name, client_secret).await?;
            Credential::Secret(secret.ok_or_else(|| lacking(secret_row.name))?)
        }
        _ => apple(values).map_err(lacking)?,
    };
    Ok(Some(Registration {
        provider,
        client_id,
        credential,
        hosts: Vec::new(),
    }))
}

/// Returns the provider of a preset, with the values of settings in its URLs.
///
/// # Errors
/// The URL of the server can't be used.
async fn configured(
    settings: &impl Settings,
    row: &'static Row,
    values: &FederationValues,
) -> Result<Provider, SettingError> {
    let mut provider = row.preset.map(str::to_owned);
    if let Some(server) = &row.server {
        let given = read(settings, &server.setting, server.setting.name, |text| {
            parse::base_url_with_path(text).filter(|url| parse::endpoint(url).is_some())
        });
        if let Some(url) = given.await?.filter(|url| !server.is_usual(url)) {
            provider = provider.map(|text| server.text_at(&url, text));
            // Its administrators decide themselves which addresses it calls verified, and which version it is.
            provider.dialect.trusted = false;
            provider.dialect.names_issuer = false;
        }
    }
    if let Some(Quirk::Microsoft { .. }) = provider.dialect.quirk {
        let tenant = values.microsoft_tenant.as_str();
        let tenant_id = match tenant {
            "common" | "organizations" => TENANT_ID,
            "consumers" => PERSONAL_TENANT,
            tenant => tenant,
        };
        let in_tenant = |text: &str| {
            text.replace(TENANT_ID, tenant_id)
                .replace("{tenant}", tenant)
        };
        provider = provider.map(in_tenant);
        let personal = tenant != "organizations";
        provider.dialect.quirk = Some(Quirk::Microsoft { personal });
    }
    Ok(provider)
}

/// Returns the credential of Apple, or the name of a setting that it lacks.
fn apple(values: &FederationValues) -> Result<Credential, &'static str> {
    let team_id = values.apple_team_id.clone();
    let key_id = values.apple_key_id.as_deref();
    let key_id = key_id.ok_or("APPLE_KEY_ID")?;
    let pem = values.apple_private_key.as_ref();
    let key = pem.and_then(|pem| signing_key(pem.expose(), Some(key_id)).ok());
    Ok(Credential::Apple {
        team_id: team_id.ok_or("APPLE_TEAM_ID")?,
        key: Arc::new(key.ok_or("APPLE_PRIVATE_KEY")?),
    })
}
