//! Auth0.

use auth_core::ImportUser;
use serde_json::Value;

use super::convert::{Converted, disabled, full_name};
use crate::fields::{Fields, uuid};
use crate::identity::{Foreign, Found, preset};

/// Providers of Auth0 whose users have no account elsewhere.
const OWN: [&str; 3] = ["auth0", "sms", "email"];

/// Converts the output of `POST /api/v2/jobs/users-exports`, and the password hashes from support ("How to Use the
/// Password Hashes Export from Auth0"), where e-mail address and user name can be only in `identifiers`.
/// `user_metadata` becomes the profile. `app_metadata` is left out, because users can't write it in Auth0, but could
/// write it here.
pub(crate) fn convert(mut fields: Fields) -> Converted {
    let id = fields.text("user_id")?;
    let own_id = fields.text("alt_id")?;
    // `auth0|`, and the ID that the user was created with.
    let id = [own_id, id]
        .into_iter()
        .flatten()
        .find_map(|id| uuid(id.rsplit('|').next()?));
    let mut email = fields.text("email")?;
    let mut verified = fields.flag("email_verified")?;
    let mut username = fields.text("username")?;
    if let Some(Value::Array(identifiers)) = fields.value("identifiers") {
        for identifier in &identifiers {
            let text = |name| {
                identifier
                    .get(name)
                    .and_then(Value::as_str)
                    .map(str::to_owned)
            };
            match text("type").as_deref() {
                Some("email") if email.is_none() => {
                    email = text("value");
                    verified = identifier.get("verified").and_then(Value::as_bool);
                }
                Some("username") if username.is_none() => username = text("value"),
                _ => {}
            }
        }
    }
    // Without a name, Auth0 uses the address.
    let name = fields
        .text("name")?
        .filter(|name| Some(name) != email.as_ref());
    let full = full_name(&mut fields, "given_name", "family_name")?;
    Ok(ImportUser {
        id,
        email_verified: verified.filter(|_| email.is_some()),
        email,
        username,
        display_name: name.or(full),
        profile: fields.object("user_metadata")?,
        password_hash: fields.text("passwordHash")?,
        disabled: disabled(fields.flag("blocked")? == Some(true)),
        created_at: fields.time("created_at")?,
        last_login_at: fields.time("last_login")?,
        ..ImportUser::default()
    })
}

/// Returns the identities of a user. Without the field `identities` there is the one in `user_id`.
pub(crate) fn identities(fields: &mut Fields) -> Result<Found, String> {
    let mut listed = fields.objects("identities")?;
    if listed.is_empty()
        && let Some((provider, id)) = fields.key("user_id").split_once('|')
    {
        let pairs = [("provider", provider), ("user_id", id)];
        let pairs = pairs.map(|(name, value)| (name.to_owned(), value.into()));
        listed.push(Fields::new(pairs.into_iter().collect()));
    }
    let found = listed.into_iter().map(identity);
    found
        .filter_map(|identity| identity.map(|found| found.map(Ok)).transpose())
        .collect()
}

/// Converts an identity. `None` means one of Auth0's own. `oauth2` stands for further providers, whose name is that of
/// the connection, which can also begin the identifier.
fn identity(mut fields: Fields) -> Result<Option<Foreign>, String> {
    let provider = fields.text("provider")?.unwrap_or_default();
    if OWN.contains(&provider.as_str()) {
        return Ok(None);
    }
    let mut id = fields.text("user_id")?.unwrap_or_default();
    let mut connection = fields.text("connection")?;
    if let Some((first, rest)) = id.split_once('|')
        && connection.as_deref().is_none_or(|name| name == first)
    {
        connection = Some(first.to_owned());
        id = rest.to_owned();
    }
    let kind = match (&connection, provider.as_str()) {
        (Some(connection), "oauth2") => preset(connection),
        _ => preset(&provider),
    };
    let id = match (kind, id.strip_prefix("spotify:user:")) {
        (Some("spotify"), Some(user)) => user.to_owned(),
        _ => id,
    };
    let profile = fields.object("profileData")?.map(Fields::new);
    let mut profile = profile.unwrap_or_else(|| Fields::new(serde_json::Map::new()));
    Ok(Some(Foreign {
        names: connection.into_iter().chain([provider]).collect(),
        preset: kind,
        id,
        email: profile.text("email")?,
        label: profile.text("name")?,
        ..Foreign::default()
    }))
}
