//! Gatewright's own fields, those of [`ImportUser`]: in CSV by a header, and in JSON.

use auth_core::ImportUser;

use super::convert::{Converted, some};
use crate::fields::Fields;

/// Converts a row. Roles are separated by blanks or semicolons, and `profile.X` is the field X of the profile.
pub(crate) fn convert(mut fields: Fields) -> Converted {
    let roles = fields.texts("roles")?;
    let codes = fields.texts("recovery_codes")?;
    let user = ImportUser {
        id: fields.uuid("id"),
        email: fields.text("email")?,
        email_verified: fields.flag("email_verified")?,
        email_verified_at: fields.time("email_verified_at")?,
        username: fields.text("username")?,
        display_name: fields.text("display_name")?,
        password_hash: fields.text("password_hash")?,
        disabled: fields.flag("disabled")?,
        roles: some(roles),
        created_at: fields.time("created_at")?,
        last_login_at: fields.time("last_login_at")?,
        totp_secret: fields.text("totp_secret")?,
        recovery_codes: some(codes),
        profile: None,
        identities: None,
    };
    let profile = fields.rest().map(|rest| {
        let named = rest
            .into_iter()
            .filter_map(|(name, value)| Some((name.strip_prefix("profile.")?.to_owned(), value)));
        named.collect()
    });
    Ok(ImportUser { profile, ..user })
}

/// Returns whether a column is known.
pub(crate) fn is_column(name: &str) -> bool {
    const NAMES: [&str; 13] = [
        "id",
        "email",
        "email_verified",
        "email_verified_at",
        "username",
        "display_name",
        "password_hash",
        "disabled",
        "roles",
        "created_at",
        "last_login_at",
        "totp_secret",
        "recovery_codes",
    ];
    NAMES.contains(&name)
        || name
            .strip_prefix("profile.")
            .is_some_and(|name| !name.is_empty())
}
