//! The parameters behind the question mark.

use auth_core::Timestamp;
use auth_core::storage::TimeRange;
use http::request::Parts;

use crate::error::api_error::ApiError;
use crate::route::{Parameter, ParameterForm};

/// The parameters of a request. Each is given at most once, and each is one of the route's.
pub(crate) struct Query {
    known: &'static [Parameter],
    given: Vec<(String, String)>,
}

impl Query {
    /// Reads the parameters; `known` are those of the route.
    pub(crate) fn parse(parts: &Parts, known: &'static [Parameter]) -> Result<Self, ApiError> {
        let text = parts.uri.query().unwrap_or_default();
        let mut given: Vec<(String, String)> = Vec::new();
        for (name, value) in form_urlencoded::parse(text.as_bytes()).into_owned() {
            if !known.iter().any(|parameter| parameter.name == name) {
                let message = "There is no such parameter.";
                let name: String = name.chars().take(64).collect();
                return Err(ApiError::invalid_field(&name, "unknown_field", message));
            }
            if given.iter().any(|(other, _)| *other == name) {
                return Err(invalid(&name, "It stands twice."));
            }
            given.push((name, value));
        }
        // Without a value it is not there.
        given.retain(|(_, value)| !value.is_empty());
        Ok(Self { known, given })
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        let found = self.given.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    pub(crate) fn flag(&self, name: &str) -> Result<Option<bool>, ApiError> {
        match self.text(name) {
            None => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(_) => Err(invalid(name, "true or false.")),
        }
    }

    fn time(&self, name: &str) -> Result<Option<Timestamp>, ApiError> {
        let read =
            |text| Timestamp::parse(text).ok_or_else(|| invalid(name, "A time of RFC 3339."));
        self.text(name).map(read).transpose()
    }

    /// From `…from`, itself included, to `…to`, itself not.
    pub(crate) fn times(&self, from: &str, to: &str) -> Result<TimeRange, ApiError> {
        Ok(TimeRange {
            begin: self.time(from)?,
            end: self.time(to)?,
        })
    }

    /// How many records the page has, at most as many as the route's parameter `limit` allows.
    pub(crate) fn limit(&self) -> Result<u64, ApiError> {
        let max = self
            .known
            .iter()
            .find_map(|parameter| match parameter.form {
                ParameterForm::Limit { max } => Some(max),
                _ => None,
            });
        let max = max.unwrap_or(DEFAULT_LIMIT);
        let Some(text) = self.text("limit") else {
            return Ok(max.min(DEFAULT_LIMIT));
        };
        let limit = text.parse().ok().filter(|limit| (1..=max).contains(limit));
        limit.ok_or_else(|| invalid("limit", &format!("A whole number from 1 to {max}.")))
    }
}

/// How many records a page has if the request does not say.
pub(crate) const DEFAULT_LIMIT: u64 = 50;

/// A parameter or field that is not of its form.
pub(crate) fn invalid(name: &str, message: &str) -> ApiError {
    ApiError::invalid_field(name, "invalid_format", message)
}
