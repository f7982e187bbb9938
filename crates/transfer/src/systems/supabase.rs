//! Supabase.

use auth_core::ImportUser;
use serde_json::Value;

use super::convert::{Converted, disabled, past, with_phone};
use super::join::{Account, Tables};
use crate::fields::Fields;
use crate::hash;
use crate::identity::{Foreign, Found, MICROSOFT, SLACK_TEAM};

pub(crate) const TABLES: Tables = Tables {
    user: convert,
    account,
};

/// Providers of Supabase whose users have no account elsewhere.
const OWN: [&str; 2] = ["email", "phone"];
/// The issuers of providers that can also be servers of the operator.
const PUBLIC: [(&str, &str); 2] = [
    ("github", "https://api.github.com"),
    ("gitlab", "https://gitlab.com"),
];

/// Fields of `raw_user_meta_data` that Supabase's auth server writes itself, about the account and the provider.
const OWN_FIELDS: [&str; 6] = [
    "sub",
    "iss",
    "provider_id",
    "email",
    "email_verified",
    "phone_verified",
];

/// Converts a row of the table `auth.identities`.
fn account(mut fields: Fields) -> Result<Account, String> {
    Ok(Account {
        user: fields.text("user_id")?.unwrap_or_default(),
        password_hash: None,
        identity: identity(fields)?.map(Ok),
    })
}

/// Returns the identities of a user in a column of its own.
pub(crate) fn identities(fields: &mut Fields) -> Result<Found, String> {
    let rows = fields.objects("identities")?.into_iter().map(identity);
    rows.filter_map(|row| row.map(|found| found.map(Ok)).transpose())
        .collect()
}

/// Converts an identity. `None` means one of Supabase's own. `sub` and `iss` are those of the ID token, except for
/// providers of plain OAuth 2.0, where they are the identifier and a server.
fn identity(mut fields: Fields) -> Result<Option<Foreign>, String> {
    let provider = fields.text("provider")?.unwrap_or_default();
    if OWN.contains(&provider.as_str()) {
        return Ok(None);
    }
    let data = fields.object("identity_data")?.unwrap_or_default();
    let text = |name| data.get(name)?.as_str().map(str::to_owned);
    let id = fields.text("provider_id")?.or_else(|| text("sub"));
    let mut identity = Foreign::new(provider, id.unwrap_or_default());
    let claims = data.get("custom_claims");
    let claim = |name| Some(claims?.get(name)?.as_str()?.to_owned());
    identity.team = claim(SLACK_TEAM);
    if identity.preset == Some(MICROSOFT) {
        identity.object = claim("oid");
        identity.issuer = text("iss");
    }
    if let Some(server) = text("iss")
        && PUBLIC
            .iter()
            .any(|(preset, public)| identity.preset == Some(*preset) && server != *public)
    {
        identity.preset = None;
    }
    identity.email = text("email");
    let names = ["full_name", "name", "user_name", "preferred_username"];
    identity.label = names.into_iter().find_map(text);
    Ok(Some(identity))
}

/// Converts a row of the table `auth.users` (`migrations/` of Supabase's auth server). `raw_user_meta_data` becomes the
/// profile, except for the name and the fields that the auth server writes itself. `raw_app_meta_data` is left out,
/// because users can't write it in Supabase, but could write it here. `is_super_admin` is left out, because the server
/// doesn't use it.
pub(crate) fn convert(mut fields: Fields) -> Converted {
    if let Some(at) = fields.time("deleted_at")? {
        return Err(format!("the user was deleted at {at}"));
    }
    let banned = fields.instant("banned_until");
    // The word of Postgres for a time without end.
    let banned = match banned {
        Err(_) => true,
        Ok(until) => until.is_some() && !past(until),
    };
    let email = fields.text("email")?;
    let confirmed = fields.time("email_confirmed_at")?;
    let mut profile = fields.object("raw_user_meta_data")?;
    let name = |key| profile.as_ref()?.get(key)?.as_str().map(str::to_owned);
    let display_name = name("full_name").or_else(|| name("name"));
    if let Some(profile) = &mut profile {
        let is_name = |key: &str, value: &Value| {
            ["full_name", "name"].contains(&key) && value.as_str() == display_name.as_deref()
        };
        profile.retain(|key, value| !OWN_FIELDS.contains(&key.as_str()) && !is_name(key, value));
    }
    let phone = fields.text("phone")?;
    Ok(ImportUser {
        id: fields.uuid("id"),
        email_verified: email.as_ref().map(|_| confirmed.is_some()),
        email_verified_at: confirmed.filter(|_| email.is_some()),
        email,
        display_name: display_name.filter(|name| !name.is_empty()),
        profile: with_phone(profile, phone),
        password_hash: fields.text("encrypted_password")?.map(hash::supabase),
        disabled: disabled(banned),
        created_at: fields.time("created_at")?,
        last_login_at: fields.time("last_sign_in_at")?,
        ..ImportUser::default()
    })
}
