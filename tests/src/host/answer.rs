//! Responses of a host.

use reqwest::{RequestBuilder, StatusCode};
use serde_json::Value;

/// A response that is read completely.
#[derive(Debug)]
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: reqwest::header::HeaderMap,
    /// Its body as JSON, or null if it is not JSON.
    pub body: Value,
    /// Its body as text.
    pub text: String,
}

impl Answer {
    /// Sends a request.
    pub async fn of(request: RequestBuilder) -> Self {
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        let text = response.text().await.unwrap();
        Self {
            status,
            headers,
            body: serde_json::from_str(&text).unwrap_or_default(),
            text,
        }
    }

    /// Returns a header's value.
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map(|value| value.to_str().unwrap())
            .unwrap_or_default()
    }

    /// Asserts that the response is a success.
    #[track_caller]
    pub fn assert_ok(&self) {
        assert_eq!(self.status, StatusCode::OK, "{self:?}");
    }

    /// Asserts that the response is an error with this status, in the usual form or in OAuth's.
    #[track_caller]
    pub fn assert_error_code(&self, status: u16) {
        assert_eq!(self.status.as_u16(), status, "{self:?}");
        let error = &self.body["error"];
        assert!(error.is_string() || error["code"].is_string(), "{self:?}");
    }

    /// Asserts that the response is an error in the usual form, with this status and code.
    #[track_caller]
    pub fn assert_error(&self, status: u16, code: &str) {
        assert_eq!(self.status.as_u16(), status, "{self:?}");
        let error = &self.body["error"];
        assert_eq!(error["code"], code, "{self:?}");
        assert_eq!(error["status_code"], status, "{self:?}");
        assert!(
            error["message"]
                .as_str()
                .is_some_and(|message| !message.is_empty()),
            "{self:?}"
        );
        assert_eq!(self.header("content-type"), "application/json");
        if status == 401 {
            assert!(
                self.header("www-authenticate").starts_with("Bearer realm="),
                "{self:?}"
            );
        }
    }

    /// Returns the broken rules, as `field code`.
    pub fn broken_rules(&self) -> Vec<String> {
        let details = self.body["error"]["details"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        details
            .iter()
            .map(|detail| format!("{} {}", text(&detail["field"]), text(&detail["code"])))
            .collect()
    }
}
