//! Form bodies of OAuth 2.0.

use http::request::Parts;

use crate::error::api_error::ApiError;
use crate::request::media_type::{self, FORM, MULTIPART};
use crate::request::multipart;
use crate::route::Route;

/// Maximum number of parameters in a form. No route has as many.
const MAX_PARAMETERS: usize = 32;

/// A form body: names and values, with unique names (RFC 6749 section 3.2).
pub(crate) struct Form(Vec<(String, String)>);

impl Form {
    pub(crate) fn parse(parts: &Parts, route: &Route, body: &[u8]) -> Result<Self, ApiError> {
        if route.takes_multipart() && media_type::is(parts, MULTIPART) {
            let fields = multipart::fields(media_type::given(parts), body, MAX_PARAMETERS);
            return Self::of(fields.map_err(ApiError::bad_request)?);
        }
        media_type::require(parts, FORM)?;
        Self::of(form_urlencoded::parse(body).into_owned())
    }

    fn of(given: impl IntoIterator<Item = (String, String)>) -> Result<Self, ApiError> {
        let mut fields: Vec<(String, String)> = Vec::new();
        for (name, value) in given {
            if fields.len() >= MAX_PARAMETERS {
                return Err(ApiError::bad_request("The form has too many parameters."));
            }
            if fields.iter().any(|(known, _)| *known == name) {
                return Err(ApiError::bad_request(format!(
                    "The parameter {name:?} is given twice."
                )));
            }
            fields.push((name, value));
        }
        Ok(Self(fields))
    }

    /// Returns the value of a parameter. An empty value counts as omitted (RFC 6749 section 3.2).
    pub(crate) fn optional(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(known, value)| known == name && !value.is_empty())
            .map(|(_, value)| value.as_str())
    }

    /// Returns the value of a required parameter.
    pub(crate) fn get(&self, name: &str) -> Result<&str, ApiError> {
        self.optional(name)
            .ok_or_else(|| ApiError::bad_request(format!("The parameter {name:?} is missing.")))
    }
}
