//! What stands behind the question mark.

use auth_core::Timestamp;
use auth_core::storage::TimeRange;
use http::request::Parts;

use crate::error::ApiError;

/// The parameters of a request, each at most once; every one has to be asked for.
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    /// Reads the parameters; `known` are those that the route has.
    pub(crate) fn parse(parts: &Parts, known: &[&str]) -> Result<Self, ApiError> {
        let text = parts.uri.query().unwrap_or_default();
        let mut given: Vec<(String, String)> = Vec::new();
        for (name, value) in form_urlencoded::parse(text.as_bytes()).into_owned() {
            if !known.contains(&name.as_str()) {
                let message = "There is no such parameter.";
                let name: String = name.chars().take(64).collect();
                return Err(ApiError::invalid_field(&name, "unknown_field", message));
            }
            if given.iter().any(|(other, _)| *other == name) {
                return Err(ApiError::invalid_field(
                    &name,
                    "invalid_format",
                    "It stands twice.",
                ));
            }
            given.push((name, value));
        }
        // Without a value it is not there.
        given.retain(|(_, value)| !value.is_empty());
        Ok(Self(given))
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(known, _)| known == name);
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

    /// How many a page has.
    pub(crate) fn limit(&self, most: u64) -> Result<u64, ApiError> {
        let Some(text) = self.text("limit") else {
            return Ok(most.min(50));
        };
        let limit = text.parse().ok().filter(|limit| (1..=most).contains(limit));
        limit.ok_or_else(|| invalid("limit", &format!("A whole number from 1 to {most}.")))
    }
}

pub(crate) fn invalid(name: &str, message: &str) -> ApiError {
    ApiError::invalid_field(name, "invalid_format", message)
}
