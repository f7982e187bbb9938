//! The profile of a person at a provider, from the claims of an ID token or from the answer of a userinfo endpoint.

#[cfg(test)]
mod tests;

use serde_json::Value;

use super::provider::{Claims, Provider, Quirk, SUBJECT_MAX, Verification};
use crate::identifier::EmailAddress;
use crate::profile::display_name;

/// The maximum length of a user name in bytes.
const USERNAME_MAX: usize = 255;
/// The maximum length of a picture's URL in bytes.
const PICTURE_MAX: usize = 2048;
/// The maximum length of a language tag in bytes (RFC 5646 section 4.4.1).
const LOCALE_MAX: usize = 35;

/// A person, as a provider describes them. Everything except the subject can be missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Profile {
    /// The identifier of the account at its issuer.
    pub subject: String,
    /// The e-mail address.
    pub email: Option<EmailAddress>,
    /// Whether the provider says that the address belongs to the person.
    pub email_verified: bool,
    /// The name to show.
    pub name: Option<String>,
    /// The user name.
    pub username: Option<String>,
    /// The URL of a picture, with https.
    pub picture: Option<String>,
    /// The language.
    pub locale: Option<String>,
}

impl Profile {
    /// Reads a document by the claims of the provider. Returns `None` if it names no subject. Other values that can't be
    /// used count as missing.
    pub(crate) fn read(provider: &Provider, document: &Value) -> Option<Self> {
        let claims = &provider.claims;
        let text = |pointer: &str| {
            let text = document.pointer(pointer)?.as_str()?.trim();
            (!text.is_empty() && !text.contains(char::is_control)).then_some(text)
        };
        let short = |pointer, max| {
            let text = text(pointer).filter(|text| text.len() <= max);
            text.map(str::to_owned)
        };
        let email = text(&claims.email).and_then(|text| EmailAddress::parse(text).ok());
        let email_verified = match (&email, provider.dialect.quirk, &claims.email_verified) {
            (None, ..) => false,
            (Some(email), Some(Quirk::Microsoft { .. }), _) => {
                is_verified_by_microsoft(document, email)
            }
            (Some(_), _, Verification::Never) => false,
            (Some(_), _, Verification::Claim(claim)) => {
                document.pointer(claim).is_some_and(is_true)
            }
            (Some(_), _, Verification::Always) => true,
        };
        Some(Self {
            subject: account(claims, document).filter(|subject| subject.len() <= SUBJECT_MAX)?,
            email,
            email_verified,
            name: display_name(text(&claims.name)).ok().flatten(),
            username: short(&claims.username, USERNAME_MAX),
            picture: short(&claims.picture, PICTURE_MAX).filter(|url| url.starts_with("https://")),
            locale: short(&claims.locale, LOCALE_MAX),
        })
    }

    /// Returns the profile with the values of the userinfo endpoint where it has none, or `None` if they are another
    /// subject's (OpenID Connect Core 1.0 section 5.3.2). An address and its verification are never from two documents,
    /// unless both have the same address.
    pub(crate) fn completed_by(mut self, userinfo: Self) -> Option<Self> {
        if self.subject != userinfo.subject {
            return None;
        }
        let key = |email: &Option<EmailAddress>| email.as_ref().map(EmailAddress::key);
        if self.email.is_none() {
            (self.email, self.email_verified) = (userinfo.email, userinfo.email_verified);
        } else if key(&self.email) == key(&userinfo.email) {
            self.email_verified |= userinfo.email_verified;
        }
        self.name = self.name.or(userinfo.name);
        self.username = self.username.or(userinfo.username);
        self.picture = self.picture.or(userinfo.picture);
        self.locale = self.locale.or(userinfo.locale);
        Some(self)
    }

    /// Returns the profile with the address that an account at GitHub has as its primary one, if GitHub has verified it
    /// (`GET /user/emails`). The address in the profile of GitHub is whatever a person shows to others, and is never
    /// used.
    pub(crate) fn with_github_addresses(mut self, addresses: &Value) -> Self {
        let is = |address: &&Value, name| address.get(name) == Some(&Value::Bool(true));
        let primary = addresses.as_array().into_iter().flatten();
        let primary = primary
            .filter(|address| is(address, "primary") && is(address, "verified"))
            .find_map(|address| EmailAddress::parse(address.get("email")?.as_str()?).ok());
        self.email_verified = primary.is_some();
        self.email = primary;
        self
    }
}

/// Reads the identifier of an account. Where the subject is unique in a group only, it is the group's identifier, a hyphen
/// and the subject. The group's has no hyphen, so two accounts never have the same.
fn account(claims: &Claims<String>, document: &Value) -> Option<String> {
    let read = |place: &str| subject(document.pointer(place)?);
    let subject = read(&claims.subject)?;
    if claims.group.is_empty() {
        return Some(subject);
    }
    let group = read(&claims.group)?;
    let is_plain = group.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_plain.then(|| format!("{group}-{subject}"))
}

/// Reads a subject: text without blanks around it, or a whole number. Other text is refused rather than changed, because
/// two subjects must never become one.
fn subject(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => {
            let fits = !text.is_empty() && text.trim() == text && !text.contains(char::is_control);
            fits.then(|| text.clone())
        }
        Value::Number(number) if number.is_u64() || number.is_i64() => Some(number.to_string()),
        _ => None,
    }
}

/// Whether a claim says yes. Apple and others write `"true"`, Zoom and Microsoft 1 and `"1"`.
fn is_true(value: &Value) -> bool {
    match value {
        Value::Bool(value) => *value,
        Value::String(text) => matches!(text.as_str(), "true" | "1"),
        Value::Number(number) => number.as_u64() == Some(1),
        _ => false,
    }
}

/// Whether a token of Microsoft proves its address. Anyone can put any address into a tenant of their own, so the claim
/// `email` alone proves nothing. The owner of the address's domain has confirmed it if `xms_edov` is true or if it is in
/// `verified_primary_email`, optional claims that an app requests in its token configuration.
fn is_verified_by_microsoft(claims: &Value, email: &EmailAddress) -> bool {
    let listed = claims.get("verified_primary_email");
    let mut listed = listed.and_then(Value::as_array).into_iter().flatten();
    let same = |listed: &Value| {
        let listed = listed.as_str().map(EmailAddress::parse);
        matches!(listed, Some(Ok(listed)) if listed.key() == email.key())
    };
    claims.get("xms_edov").is_some_and(is_true) || listed.any(same)
}

/// Whether Facebook's answer about an access token (`GET /debug_token`) says that it was issued to this app for this
/// person, and is valid. A token that a person gave to another app describes the same person.
pub(crate) fn is_facebook_token_of(answer: &Value, client_id: &str, subject: &str) -> bool {
    let text = |name| {
        let value = answer.get("data").and_then(|data| data.get(name));
        value.and_then(self::subject)
    };
    let valid = answer.pointer("/data/is_valid") == Some(&Value::Bool(true));
    valid
        && text("app_id").as_deref() == Some(client_id)
        && text("user_id").as_deref() == Some(subject)
}

/// Returns the name in the form field `user` that Apple sends at the first sign-in. Nothing signs the field, so the name
/// is only a suggestion, and the address beside it is ignored.
pub(crate) fn apple_name(user: &Value) -> Option<String> {
    let part = |name| {
        user.pointer(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    let name = format!(
        "{} {}",
        part("/name/firstName").trim(),
        part("/name/lastName").trim()
    );
    display_name(Some(&name)).ok().flatten()
}
