//! Auth0.

use auth_core::ImportUser;
use serde_json::Value;

use super::convert::{Converted, disabled, full_name};
use crate::fields::{Fields, uuid};

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
