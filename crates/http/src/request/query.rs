//! Query parameters.

use auth_core::Timestamp;
use auth_core::storage::TimeRange;
use http::request::Parts;

use crate::error::api_error::ApiError;
use crate::route::{Parameter, ParameterForm};

/// The query parameters of a request. Each belongs to the route and is given at most once.
pub(crate) struct Query {
    known: &'static [Parameter],
    given: Vec<(String, String)>,
}

impl Query {
    /// Parses the query parameters. `known` are the parameters of the route.
    pub(crate) fn parse(parts: &Parts, known: &'static [Parameter]) -> Result<Self, ApiError> {
        let text = parts.uri.query().unwrap_or_default();
        let mut given: Vec<(String, String)> = Vec::new();
        for (name, value) in form_urlencoded::parse(text.as_bytes()).into_owned() {
            if !known.iter().any(|parameter| parameter.name == name) {
                let message = "This route has no such parameter.";
                let name: String = name.chars().take(64).collect();
                return Err(ApiError::invalid_field(&name, "unknown_field", message));
            }
            if given.iter().any(|(other, _)| *other == name) {
                return Err(invalid(&name, "The parameter is given twice."));
            }
            given.push((name, value));
        }
        // A parameter without a value counts as omitted.
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
            Some(_) => Err(invalid(name, "Use true or false.")),
        }
    }

    fn time(&self, name: &str) -> Result<Option<Timestamp>, ApiError> {
        let read = |text| {
            Timestamp::parse(text)
                .ok_or_else(|| invalid(name, "Use an RFC 3339 time, such as 2026-01-31T12:00:00Z."))
        };
        self.text(name).map(read).transpose()
    }

    /// Returns the range from `from`, inclusive, to `to`, exclusive.
    pub(crate) fn times(&self, from: &str, to: &str) -> Result<TimeRange, ApiError> {
        Ok(TimeRange {
            begin: self.time(from)?,
            end: self.time(to)?,
        })
    }

    /// Returns the page size, bounded by the `limit` parameter of the route.
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
        limit.ok_or_else(|| invalid("limit", &format!("Use a whole number from 1 to {max}.")))
    }
}

/// Default page size.
pub(crate) const DEFAULT_LIMIT: u64 = 50;

/// Returns the error for a parameter or field with an invalid format.
pub(crate) fn invalid(name: &str, message: &str) -> ApiError {
    ApiError::invalid_field(name, "invalid_format", message)
}
