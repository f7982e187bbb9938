//! Clerk.

use auth_core::ImportUser;
use serde_json::Value;

use super::convert::{Converted, disabled, full_name, with_phone};
use crate::fields::Fields;
use crate::hash;
use crate::identity::{Foreign, Found};

/// Returns the identities of a user of the API; the CSV has none. Those that Clerk has not verified are left out.
pub(crate) fn identities(fields: &mut Fields) -> Result<Found, String> {
    let accounts = fields.objects("external_accounts")?;
    accounts.into_iter().map(identity).collect()
}

fn identity(mut fields: Fields) -> Result<Result<Foreign, String>, String> {
    let name = fields.text("provider")?.unwrap_or_default();
    let name = name.strip_prefix("oauth_").unwrap_or(&name).to_owned();
    if !is_verified(&mut fields)? {
        return Ok(Err(format!(
            "{name}: Clerk has not verified that the account belongs to the user"
        )));
    }
    let mut identity = Foreign::new(name, fields.text("provider_user_id")?.unwrap_or_default());
    identity.email = fields.text("email_address")?;
    identity.label =
        full_name(&mut fields, "first_name", "last_name")?.or(fields.text("username")?);
    Ok(Ok(identity))
}

fn is_verified(fields: &mut Fields) -> Result<bool, String> {
    let verification = fields.object("verification")?.unwrap_or_default();
    Ok(verification.get("status").and_then(Value::as_str) == Some("verified"))
}

/// Replaces the addresses and telephone numbers of a user of the API by the columns of the CSV.
fn flatten(fields: &mut Fields) -> Result<(), String> {
    for (list, value, primary, column) in [
        (
            "email_addresses",
            "email_address",
            "primary_email_address_id",
            "primary_email_address",
        ),
        (
            "phone_numbers",
            "phone_number",
            "primary_phone_number_id",
            "primary_phone_number",
        ),
    ] {
        let Some(primary) = fields.text(primary)? else {
            continue;
        };
        for mut entry in fields.objects(list)? {
            if entry.key("id") != primary {
                continue;
            }
            let Some(text) = entry.text(value)? else {
                continue;
            };
            if list == "email_addresses" {
                let state = if is_verified(&mut entry)? {
                    "verified"
                } else {
                    "unverified"
                };
                fields.set(
                    &format!("{state}_email_addresses"),
                    vec![text.clone()].into(),
                );
            }
            fields.set(column, text.into());
        }
    }
    Ok(())
}

/// Converts the CSV of Clerk's dashboard, and users in JSON with the same names or with those of the API.
/// `unsafe_metadata` becomes the profile. The other two are left out, because users can't write them in Clerk, but could
/// write them here.
pub(crate) fn convert(mut fields: Fields) -> Converted {
    flatten(&mut fields)?;
    let verified = fields.texts("verified_email_addresses")?;
    let unverified = fields.texts("unverified_email_addresses")?;
    let any = fields.texts("email_addresses")?;
    let first = [&verified, &unverified, &any].into_iter().flatten().next();
    let email = fields
        .text("primary_email_address")?
        .or_else(|| first.cloned());
    let in_list = |list: &[String]| email.as_ref().is_some_and(|email| list.contains(email));
    let email_verified = match (in_list(&verified), in_list(&unverified)) {
        (true, _) => Some(true),
        (_, true) => Some(false),
        _ => None,
    };
    let hasher = fields.text("password_hasher")?.unwrap_or_default();
    let digest = fields.text("password_digest")?;
    let own_id = fields.uuid("external_id");
    let phone = fields.text("primary_phone_number")?;
    Ok(ImportUser {
        id: fields.uuid("id").or(own_id),
        email,
        email_verified,
        username: fields.text("username")?,
        display_name: full_name(&mut fields, "first_name", "last_name")?,
        profile: with_phone(fields.object("unsafe_metadata")?, phone),
        password_hash: digest
            .map(|digest| hash::clerk(&hasher, digest))
            .transpose()?,
        disabled: disabled(fields.flag("banned")? == Some(true)),
        created_at: fields.time("created_at")?,
        last_login_at: fields.time("last_sign_in_at")?,
        totp_secret: fields.text("totp_secret")?,
        ..ImportUser::default()
    })
}
