//! JSON bodies.

use auth_core::json::Objects;
use http::request::Parts;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::error::api_error::ApiError;
use crate::request::media_type;

/// Reads a JSON body. Ignores unknown members, and rejects duplicate members because two readers could see two values.
pub(crate) fn read<T: DeserializeOwned>(parts: &Parts, body: &[u8]) -> Result<T, ApiError> {
    media_type::require(parts, "application/json")?;
    let mut reader = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(Objects(&mut reader)).map_err(|error| {
        let path = error.path().to_string();
        let error = error.into_inner();
        match error.classify() {
            serde_json::error::Category::Data if path == "." => {
                ApiError::invalid_field("", "invalid_type", "The body must be a JSON object.")
            }
            serde_json::error::Category::Data => ApiError::invalid_field(
                &path,
                "invalid_type",
                "The field has the wrong type or is given twice.",
            ),
            _ => ApiError::malformed_json(&format!(
                "line {}, column {}",
                error.line(),
                error.column()
            )),
        }
    })?;
    reader.end().map_err(|error| {
        ApiError::malformed_json(&format!("line {}, column {}", error.line(), error.column()))
    })?;
    Ok(value)
}

/// Reads an optional JSON body.
pub(crate) fn read_optional<T: DeserializeOwned + Default>(
    parts: &Parts,
    body: &[u8],
) -> Result<T, ApiError> {
    match body {
        [] => Ok(T::default()),
        body => read(parts, body),
    }
}

/// Whether a JSON body has this member. A malformed body has none; its reader rejects it later.
pub(crate) fn has_member(body: &[u8], name: &str) -> bool {
    let text = core::str::from_utf8(body).unwrap_or_default();
    let members = auth_core::json::from_str::<Map<String, Value>>(text);
    members.is_ok_and(|members| members.contains_key(name))
}

/// Returns the value of a required field.
pub(crate) fn required<'a>(field: &str, value: &'a str) -> Result<&'a str, ApiError> {
    if value.is_empty() {
        let message = "This field is required.";
        return Err(ApiError::invalid_field(field, "required", message));
    }
    Ok(value)
}
