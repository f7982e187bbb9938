//! What the conversions of several systems share.

use auth_core::ImportUser;
use serde_json::{Map, Value};
use time::OffsetDateTime;

use crate::fields::Fields;

/// A user, or why the row is none.
pub(super) type Converted = Result<ImportUser, String>;

/// The list, unless it is empty.
pub(super) fn some<T>(list: Vec<T>) -> Option<Vec<T>> {
    Some(list).filter(|list| !list.is_empty())
}

/// `true`, or nothing.
pub(super) fn disabled(disabled: bool) -> Option<bool> {
    disabled.then_some(true)
}

/// The roles of a superuser.
pub(super) fn superadmin(is: Option<bool>) -> Option<Vec<String>> {
    (is == Some(true)).then(|| vec!["superadmin".into()])
}

/// Whether a time is over.
pub(super) fn past(time: Option<OffsetDateTime>) -> bool {
    time.is_some_and(|time| time <= OffsetDateTime::now_utc())
}

/// A name, from its two parts.
pub(super) fn full_name(
    fields: &mut Fields,
    first: &str,
    last: &str,
) -> Result<Option<String>, String> {
    let (first, last) = (fields.text(first)?, fields.text(last)?);
    let parts: Vec<_> = [first, last].into_iter().flatten().collect();
    let name = parts.join(" ").trim().to_owned();
    Ok(Some(name).filter(|name| !name.is_empty()))
}

/// A profile with a phone number.
pub(super) fn with_phone(
    profile: Option<Map<String, Value>>,
    phone: Option<String>,
) -> Option<Map<String, Value>> {
    let mut profile = profile.unwrap_or_default();
    if let Some(phone) = phone {
        profile.entry("phone_number").or_insert(phone.into());
    }
    Some(profile).filter(|profile| !profile.is_empty())
}
