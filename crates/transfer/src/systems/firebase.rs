//! Firebase Authentication.

use auth_core::ImportUser;
use serde_json::Map;

use super::convert::{Converted, disabled, with_phone};
use crate::fields::Fields;
use crate::hash;
use crate::options::FirebaseHash;

/// The columns of `firebase auth:export --format=csv`, which has no header (`src/accountExporter.ts` of
/// firebase-tools), without those of the providers.
pub(crate) const COLUMNS: [&str; 27] = [
    "localId",
    "email",
    "emailVerified",
    "passwordHash",
    "salt",
    "displayName",
    "photoUrl",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "createdAt",
    "lastSignedInAt",
    "phoneNumber",
    "disabled",
];

/// Converts a user of `firebase auth:export`. `customAttributes` are left out, because users can't write these claims
/// in Firebase.
pub(crate) fn convert(mut fields: Fields, parameters: Option<&FirebaseHash>) -> Converted {
    let salt = fields.text("salt")?.unwrap_or_default();
    let password_hash = match (fields.text("passwordHash")?, parameters) {
        (None, _) => None,
        (Some(hash), Some(parameters)) => Some(hash::firebase(parameters, &salt, &hash)),
        (Some(_), None) => {
            return Err(
                "it has a password hash, and the hash parameters of the project are not given"
                    .into(),
            );
        }
    };
    let mut profile = Map::new();
    if let Some(photo) = fields.text("photoUrl")? {
        profile.insert("photo_url".into(), photo.into());
    }
    let phone = fields.text("phoneNumber")?;
    let email = fields.text("email")?;
    Ok(ImportUser {
        id: fields.uuid("localId"),
        email_verified: fields.flag("emailVerified")?.filter(|_| email.is_some()),
        email,
        display_name: fields.text("displayName")?,
        profile: with_phone(Some(profile), phone),
        password_hash,
        disabled: disabled(fields.flag("disabled")? == Some(true)),
        created_at: fields.time("createdAt")?,
        last_login_at: fields.time("lastSignedInAt")?,
        ..ImportUser::default()
    })
}
