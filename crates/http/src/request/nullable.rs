//! Members of a body that are cleared by null and unchanged if omitted.

use serde::{Deserialize, Deserializer};

/// Reads null as an empty string.
pub(crate) fn or_empty<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<String>, D::Error> {
    Ok(Some(Option::deserialize(deserializer)?.unwrap_or_default()))
}
