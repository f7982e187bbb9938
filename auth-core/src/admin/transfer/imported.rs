//! Converts a record of an import to a user.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::access::{USER, VERIFIED};
use crate::account::change::{MAX_IDENTITIES, identity_key};
use crate::account::creation::new_record;
use crate::admin::actor::Actor;
use crate::admin::transfer::record::{CreatedUser, IgnoredField, ImportIdentity, ImportUser};
use crate::config::is_provider_name;
use crate::context::Context;
use crate::credential::{CredentialKind, new_credential};
use crate::error::{FieldError, FieldErrorCode};
use crate::federation::provider::SUBJECT_MAX;
use crate::identifier::{EmailAddress, Username};
use crate::mfa::second_factor::encrypt_totp_key;
use crate::mfa::totp;
use crate::password::error::PasswordHashError;
use crate::platform::Platform;
use crate::profile::{Editor, display_name};
use crate::storage::{Identity, NewUser, Role, User};
use crate::time::Timestamp;

/// Maximum number of recovery codes of one user.
const RECOVERY_CODES_MAX: usize = 20;

/// Maximum lengths of an issuer and a label in bytes.
const ISSUER_MAX: usize = 2048;
const LABEL_MAX: usize = 512;

/// Returns the user to store, with the new identifier unless one is given. Only fields in `ignore` may break a rule; they are left
/// out.
pub(super) fn imported<P: Platform>(
    context: &Context<P>,
    actor: &Actor,
    given: ImportUser,
    new_id: String,
    known: &[Role],
    ignore: &[IgnoredField],
) -> Result<(NewUser, CreatedUser), Vec<FieldError>> {
    let now = context.now();
    let mut broken = Vec::new();
    let mut keep = |rule: FieldError| broken.push(rule);
    let id = given.id.map_or(Some(new_id), |text| {
        let id = uuid::Uuid::parse_str(text.trim());
        id.ok().map(|id| id.to_string())
    });
    if id.is_none() {
        keep(FieldError::new(
            "id",
            FieldErrorCode::InvalidFormat,
            "Must be a UUID.",
        ));
    }
    let id = id.unwrap_or_default();
    let there = |text: &String| !text.trim().is_empty();
    let email = given
        .email
        .filter(there)
        .map(|text| EmailAddress::parse(&text));
    let email = email.transpose().unwrap_or_else(|rule| {
        keep(rule);
        None
    });
    let username = given
        .username
        .filter(there)
        .map(|text| Username::parse(&text));
    let username = username.transpose().unwrap_or_else(|rule| {
        keep(rule);
        None
    });
    let shown = display_name(given.display_name.as_deref()).unwrap_or_else(|rule| {
        keep(rule);
        None
    });
    let mut time = |field: &'static str, text: Option<String>| {
        let text = text?;
        let time = Timestamp::parse(&text);
        if time.is_none() {
            let message = "Must be an RFC 3339 time.";
            keep(FieldError::new(
                field,
                FieldErrorCode::InvalidFormat,
                message,
            ));
        }
        time
    };
    let verified_at = time("email_verified_at", given.email_verified_at);
    let created_at = time("created_at", given.created_at).unwrap_or(now);
    let last_login_at = time("last_login_at", given.last_login_at);
    let profile = context.config.profile_fields.change(
        "{}",
        &given.profile.unwrap_or_default(),
        Editor::Admin,
        false,
    );
    let profile = profile.unwrap_or_else(|rules| {
        broken.extend(rules);
        String::new()
    });
    let mut credentials = Vec::new();
    let mut credential = |kind: CredentialKind, secret: String| {
        let mut made = new_credential(context, &id, kind, secret);
        made.created_at = created_at;
        made.updated_at = created_at;
        credentials.push(made);
    };
    let mut password_cost_ms = None;
    if let Some(hash) = given.password_hash.filter(|hash| !hash.is_empty()) {
        let max = context.config.import_hash_milliseconds;
        match context.hasher.estimate(&hash, max) {
            Ok(cost) => {
                password_cost_ms = Some(cost);
                credential(CredentialKind::Password, hash);
            }
            Err(error) => broken.push(FieldError::new(
                "password_hash",
                FieldErrorCode::InvalidFormat,
                match error {
                    PasswordHashError::TooSlow { .. } => {
                        format!("{error} (IMPORT_HASH_MILLISECONDS).")
                    }
                    _ => format!("{error}."),
                },
            )),
        }
    }
    if let Some(text) = given.totp_secret.filter(|text| !text.is_empty()) {
        match totp::decode_key(&text) {
            Some(key) => {
                let mut made = new_credential(context, &id, CredentialKind::Totp, String::new());
                made.secret = encrypt_totp_key(context, &made.id, &key);
                credentials.push(made);
                // The factor was established elsewhere: no mailed link undoes it.
                let mark = CredentialKind::FormerTotp;
                credentials.push(new_credential(context, &id, mark, String::new()));
            }
            None => broken.push(FieldError::new(
                "totp_secret",
                FieldErrorCode::InvalidFormat,
                "Must be 10 to 64 bytes in Base32.",
            )),
        }
    }
    let is_digest = |text: &String| {
        text.len() == 43
            && URL_SAFE_NO_PAD
                .decode(text)
                .is_ok_and(|bytes| bytes.len() == 32)
    };
    let recovery_codes = given.recovery_codes.unwrap_or_default();
    if recovery_codes.len() > RECOVERY_CODES_MAX || !recovery_codes.iter().all(is_digest) {
        broken.push(FieldError::new(
            "recovery_codes",
            FieldErrorCode::InvalidFormat,
            format!("Must be at most {RECOVERY_CODES_MAX} SHA-256 digests in base64url."),
        ));
    } else {
        for digest in recovery_codes {
            credentials.push(new_credential(
                context,
                &id,
                CredentialKind::RecoveryCode,
                digest,
            ));
        }
    }
    let identities = given.identities.unwrap_or_default();
    let identities = imported_identities(identities, &id, created_at).unwrap_or_else(|message| {
        let code = FieldErrorCode::InvalidFormat;
        broken.push(FieldError::new("identities", code, message));
        Vec::new()
    });
    let email_verified_at = match (given.email_verified, verified_at) {
        _ if email.is_none() => None,
        (Some(false), _) => None,
        (Some(true), None) => Some(created_at),
        (_, verified_at) => verified_at,
    };
    // The default role is `user`, and `verified` follows the address.
    let mut roles: Vec<String> = match given.roles {
        Some(names) => names,
        None => vec![USER.to_owned()],
    };
    roles.retain(|name| name != VERIFIED);
    if email_verified_at.is_some() {
        roles.push(VERIFIED.to_owned());
    }
    roles.sort();
    roles.dedup();
    roles.retain(|name| {
        let (code, message) = match known.iter().find(|role| role.name == *name) {
            Some(role) if actor.may_grant(role).is_ok() => return true,
            Some(_) => (
                FieldErrorCode::GrantNotHeld,
                format!("You can't grant {name:?}."),
            ),
            None => (
                FieldErrorCode::NotFound,
                format!("{name:?} does not exist."),
            ),
        };
        broken.push(FieldError::new("roles", code, message));
        false
    });
    let is_ignored = |rule: &FieldError| ignore.iter().any(|field| field.as_str() == rule.field);
    let (left_out, mut broken): (Vec<_>, Vec<_>) = broken.into_iter().partition(is_ignored);
    if email.is_none() && username.is_none() && broken.is_empty() {
        let message = "An e-mail address or a user name is required to sign in.";
        broken.push(FieldError::new("email", FieldErrorCode::Required, message));
    }
    if !broken.is_empty() {
        broken.extend(left_out);
        return Err(broken);
    }
    let made = CreatedUser {
        id: id.clone(),
        password_cost_ms,
        left_out,
    };
    let user = User {
        id,
        email: email.map(|email| email.as_str().to_owned()),
        email_verified_at,
        email_proved_at: None,
        username: username.map(|name| name.as_str().to_owned()),
        display_name: shown,
        profile,
        disabled_at: given.disabled.unwrap_or_default().then_some(now),
        locked_until: None,
        created_at,
        updated_at: now,
        last_login_at,
    };
    let new = NewUser {
        identities,
        ..new_record(user, credentials, roles)
    };
    Ok((new, made))
}

/// Returns the identities to store, or the broken rule.
fn imported_identities(
    given: Vec<ImportIdentity>,
    user_id: &str,
    created_at: Timestamp,
) -> Result<Vec<Identity>, String> {
    if given.len() > MAX_IDENTITIES {
        return Err(format!("At most {MAX_IDENTITIES} identities."));
    }
    let mut identities: Vec<Identity> = Vec::new();
    for one in given {
        let plain = |text: &str, max| {
            !text.trim().is_empty() && text.len() <= max && !text.contains(char::is_control)
        };
        if !plain(&one.issuer, ISSUER_MAX) || !plain(&one.subject, SUBJECT_MAX) {
            let limits = format!("{ISSUER_MAX} and {SUBJECT_MAX} bytes");
            return Err(format!(
                "Issuer and subject must be text of at most {limits}."
            ));
        }
        if !is_provider_name(&one.provider) {
            return Err("The provider must be a name as in the settings.".to_owned());
        }
        let time = |text: Option<String>| match text {
            Some(text) => Timestamp::parse(&text)
                .map(Some)
                .ok_or_else(|| "Must be RFC 3339 times.".to_owned()),
            None => Ok(None),
        };
        let shown = |text: Option<String>| text.filter(|text| plain(text, LABEL_MAX));
        let identity = Identity {
            user_id: user_id.to_owned(),
            email: shown(one.email),
            label: shown(one.label),
            created_at: time(one.created_at)?.unwrap_or(created_at),
            last_used_at: time(one.last_used_at)?,
            issuer: one.issuer,
            subject: one.subject,
            provider: one.provider,
            tokens: None,
        };
        let key = identity_key(&identity);
        if identities.iter().any(|other| identity_key(other) == key) {
            return Err("Each identity must be given once.".to_owned());
        }
        identities.push(identity);
    }
    Ok(identities)
}
