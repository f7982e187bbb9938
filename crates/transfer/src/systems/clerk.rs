//! Clerk.

use auth_core::ImportUser;

use super::convert::{Converted, disabled, full_name, with_phone};
use crate::fields::Fields;
use crate::hash;

/// Converts the CSV of Clerk's dashboard, and users in JSON with the same names. `unsafe_metadata` becomes
/// the profile. The other two are left out, because users can't write them in Clerk, but could write them here.
pub(crate) fn convert(mut fields: Fields) -> Converted {
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
