//! Members of a body that null clears, where leaving them out changes nothing.

use serde::{Deserialize, Deserializer};

/// Reads null as an empty text.
pub(crate) fn or_empty<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<String>, D::Error> {
    Ok(Some(Option::deserialize(deserializer)?.unwrap_or_default()))
}
