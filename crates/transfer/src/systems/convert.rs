//! Shared code of the conversions of several systems.

use auth_core::ImportUser;
use serde_json::{Map, Value};
use time::OffsetDateTime;

use crate::fields::Fields;

/// A user, or the reason why the row is none.
pub(super) type Converted = Result<ImportUser, String>;

/// Returns the list, unless it is empty.
pub(super) fn some<T>(list: Vec<T>) -> Option<Vec<T>> {
    Some(list).filter(|list| !list.is_empty())
}

/// Returns `true`, or `None` for false.
pub(super) fn disabled(disabled: bool) -> Option<bool> {
    disabled.then_some(true)
}

/// Returns the roles of a superuser.
pub(super) fn superadmin(is: Option<bool>) -> Option<Vec<String>> {
    (is == Some(true)).then(|| vec!["superadmin".into()])
}

/// Returns whether a time is in the past.
pub(super) fn past(time: Option<OffsetDateTime>) -> bool {
    time.is_some_and(|time| time <= OffsetDateTime::now_utc())
}

/// Returns a name from its two parts.
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

/// Returns a profile with a phone number.
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
