//! JSON bodies.

use auth_core::json::Objects;
use http::request::Parts;
use serde::de::DeserializeOwned;
use serde_json::error::Category;
use serde_json::{Map, Value};

use crate::error::api_error::ApiError;
use crate::request::media_type;

/// Reads a JSON body. Ignores unknown members, and rejects duplicate members because two readers could see two values.
pub(crate) fn read<T: DeserializeOwned>(parts: &Parts, body: &[u8]) -> Result<T, ApiError> {
    media_type::require(parts, "application/json")?;
    let mut reader = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(Objects(&mut reader)).map_err(refusal)?;
    reader.end().map_err(|error| malformed(&error))?;
    Ok(value)
}

/// Returns the answer to a body that does not match its type.
fn refusal(error: serde_path_to_error::Error<serde_json::Error>) -> ApiError {
    let path = error.path().to_string();
    let error = error.into_inner();
    match error.classify() {
        Category::Data if path == "." => {
            ApiError::invalid_field("", "invalid_type", "The body must be a JSON object.")
        }
        // The only sign of it that serde gives.
        Category::Data if error.to_string().starts_with("unknown field") => {
            ApiError::invalid_field(&path, "unknown_field", "There is no such field.")
        }
        Category::Data => ApiError::invalid_field(
            &path,
            "invalid_type",
            "The field has the wrong type or is given twice.",
        ),
        _ => malformed(&error),
    }
}

fn malformed(error: &serde_json::Error) -> ApiError {
    ApiError::malformed_json(&format!("line {}, column {}", error.line(), error.column()))
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

/// Whether a JSON body may have this member. A body that can't be read as a map counts as having it, because the reader of a
/// typed body skips unknown members without looking into them and so accepts more.
pub(crate) fn may_have_member(body: &[u8], name: &str) -> bool {
    let text = core::str::from_utf8(body).ok();
    let members = text.and_then(|text| auth_core::json::from_str::<Map<String, Value>>(text).ok());
    members.is_none_or(|members| members.contains_key(name))
}

/// Returns the value of a required field.
pub(crate) fn required<'a>(field: &str, value: &'a str) -> Result<&'a str, ApiError> {
    if value.is_empty() {
        let message = "This field is required.";
        return Err(ApiError::invalid_field(field, "required", message));
    }
    Ok(value)
}

/// Returns the value of an optional field. An empty value counts as omitted.
pub(crate) fn optional(value: Option<&str>) -> Option<&str> {
    value.filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code, reason = "read to see what is refused")]
    struct Known {
        name: Option<String>,
        inner: Option<Box<Self>>,
    }

    /// An unknown field is named, where it stands.
    #[test]
    fn an_unknown_field_is_named() {
        let (parts, ()) = http::Request::builder()
            .header("content-type", "application/json")
            .body(())
            .unwrap()
            .into_parts();
        for (body, field) in [
            (r#"{"nmae": "x"}"#, "nmae"),
            (r#"{"inner": {"nmae": "x"}}"#, "inner.nmae"),
        ] {
            let error = read::<Known>(&parts, body.as_bytes()).unwrap_err();
            let answer = error.into_response(None);
            let answer: Value = serde_json::from_slice(answer.body()).unwrap();
            let detail = &answer["error"]["details"][0];
            assert_eq!(
                (&detail["field"], &detail["code"]),
                (&field.into(), &"unknown_field".into())
            );
        }
    }

    /// A body that only a reader of types accepts may have each member.
    #[test]
    fn an_unreadable_body_may_have_each_member() {
        assert!(may_have_member(br#"{"roles": []}"#, "roles"));
        assert!(!may_have_member(br#"{"role": []}"#, "roles"));
        for body in [r#"{"z": 1e999}"#, r#"{"z": "\ud800"}"#, ""] {
            assert!(may_have_member(body.as_bytes(), "roles"), "{body}");
        }
    }
}
