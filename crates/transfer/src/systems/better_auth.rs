//! better-auth.

use auth_core::ImportUser;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use super::convert::{Converted, disabled, past};
use super::join::{Account, Tables};
use crate::fields::Fields;
use crate::identity::{Foreign, MICROSOFT, SLACK_TEAM};

pub(crate) const TABLES: Tables = Tables {
    user: convert,
    account,
};

/// Converts a row of the table `account`. Since version 1.7 it has the issuer, which begins with `local:` if the
/// provider has none. Before that, the ID token names it, if the row has one.
fn account(mut fields: Fields) -> Result<Account, String> {
    for (with_underscores, name) in [
        ("provider_id", "providerId"),
        ("account_id", "accountId"),
        ("user_id", "userId"),
        ("id_token", "idToken"),
    ] {
        fields.rename(with_underscores, name);
    }
    let user = fields.text("userId")?.unwrap_or_default();
    let provider = fields.text("providerId")?.unwrap_or_default();
    if provider == "credential" {
        return Ok(Account {
            user,
            password_hash: fields.text("password")?,
            identity: None,
        });
    }
    let mut identity = Foreign::new(provider, fields.text("accountId")?.unwrap_or_default());
    let issuer = fields.text("issuer")?;
    identity.issuer = issuer.filter(|issuer| !issuer.starts_with("local:"));
    if let Some(claims) = fields.text("idToken")?.and_then(|token| claims(&token)) {
        let claim = |name| claims.get(name)?.as_str().map(str::to_owned);
        let same = claim("sub").as_ref() == Some(&identity.id);
        if identity.preset == Some(MICROSOFT) && claim("oid").is_some() {
            (identity.issuer, identity.object) = (claim("iss"), claim("oid"));
        } else if identity.issuer.is_none() && same {
            identity.issuer = claim("iss");
        }
        if same {
            identity.team = claim(SLACK_TEAM);
        }
        identity.email = claim("email");
    }
    Ok(Account {
        user,
        password_hash: None,
        identity: Some(Ok(identity)),
    })
}

/// Returns the claims of an ID token, which better-auth verified when it came. `None` means that the column is encrypted.
fn claims(token: &str) -> Option<Map<String, Value>> {
    let payload = BASE64_URL_SAFE_NO_PAD
        .decode(token.split('.').nth(1)?)
        .ok()?;
    auth_core::json::from_slice(&payload).ok()
}

/// Converts a row of the table `user` (`packages/core/src/db/get-tables.ts`) with the plugins `username`, `admin` and
/// `phoneNumber`, with the column names of better-auth or with underscores. Roles of the plugin `admin` and the table
/// `twoFactor`, whose keys are encrypted with a secret of better-auth, are left out. Further columns are fields of the
/// profile.
fn convert(mut fields: Fields) -> Converted {
    for (with_underscores, name) in [
        ("email_verified", "emailVerified"),
        ("created_at", "createdAt"),
        ("ban_expires", "banExpires"),
        ("phone_number", "phoneNumber"),
    ] {
        fields.rename(with_underscores, name);
    }
    let banned = fields.flag("banned")? == Some(true);
    let over = past(fields.instant("banExpires")?);
    fields.drop(&[
        "updatedAt",
        "updated_at",
        "displayUsername",
        "display_username",
        "role",
        "banReason",
        "ban_reason",
        "twoFactorEnabled",
        "two_factor_enabled",
        "isAnonymous",
        "is_anonymous",
        "phoneNumberVerified",
        "phone_number_verified",
    ]);
    fields.rename("phoneNumber", "phone_number");
    let user = ImportUser {
        id: fields.uuid("id"),
        email: fields.text("email")?,
        email_verified: fields.flag("emailVerified")?,
        username: fields.text("username")?,
        display_name: fields.text("name")?,
        disabled: disabled(banned && !over),
        created_at: fields.time("createdAt")?,
        ..ImportUser::default()
    };
    Ok(ImportUser {
        profile: fields.rest(),
        ..user
    })
}
