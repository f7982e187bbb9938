//! Firebase Authentication.

use auth_core::ImportUser;
use serde_json::Map;

use super::convert::{Converted, disabled, with_phone};
use crate::fields::Fields;
use crate::hash;
use crate::identity::{Foreign, Found};
use crate::options::FirebaseHash;

/// The columns of `firebase auth:export --format=csv`, which has no header (`src/accountExporter.ts` of
/// firebase-tools), without the pictures of the providers.
pub(crate) const COLUMNS: [&str; 27] = [
    "localId",
    "email",
    "emailVerified",
    "passwordHash",
    "salt",
    "displayName",
    "photoUrl",
    "google.com",
    "google.com email",
    "google.com name",
    "",
    "facebook.com",
    "facebook.com email",
    "facebook.com name",
    "",
    "twitter.com",
    "twitter.com email",
    "twitter.com name",
    "",
    "github.com",
    "github.com email",
    "github.com name",
    "",
    "createdAt",
    "lastSignedInAt",
    "phoneNumber",
    "disabled",
];

/// Providers of the CSV.
const PROVIDERS: [&str; 4] = ["google.com", "facebook.com", "twitter.com", "github.com"];
/// Providers of Firebase whose users have no account elsewhere.
const OWN: [&str; 2] = ["password", "phone"];

/// Returns the identities of a user: of `providerUserInfo`, or of the columns of the CSV. The command writes only those
/// of [`PROVIDERS`]; its API (`accounts:batchGet`) has the others as well.
pub(crate) fn identities(fields: &mut Fields) -> Result<Found, String> {
    let mut found = Vec::new();
    for mut provider in fields.objects("providerUserInfo")? {
        let name = provider.text("providerId")?.unwrap_or_default();
        if OWN.contains(&name.as_str()) {
            continue;
        }
        let mut identity = Foreign::new(name, provider.text("rawId")?.unwrap_or_default());
        identity.email = provider.text("email")?;
        identity.label = provider.text("displayName")?;
        found.push(Ok(identity));
    }
    for name in PROVIDERS {
        if let Some(id) = fields.text(name)? {
            let mut identity = Foreign::new(name.into(), id);
            identity.email = fields.text(&format!("{name} email"))?;
            identity.label = fields.text(&format!("{name} name"))?;
            found.push(Ok(identity));
        }
    }
    Ok(found)
}

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
