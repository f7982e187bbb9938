//! Error responses of the service.

use std::fmt;
use std::time::Duration;

use gatewright_transfer::objects;
use http::StatusCode;
use http::header::{LOCATION, RETRY_AFTER};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::show::clean;

/// An error response of the service.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    /// Empty if the response was not in the format of the API.
    pub(crate) code: String,
    message: String,
    details: Vec<Detail>,
    request_id: Option<String>,
    pub(super) retry_after: Option<Duration>,
}

/// A rule that the request breaks.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub(crate) struct Detail {
    pub(crate) field: String,
    pub(crate) code: String,
    pub(crate) message: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.code.is_empty() {
            write!(f, "the service answered {}", self.status)?;
            return f.write_str(&clean(&self.message));
        }
        write!(f, "{} [{}]", clean(&self.message), clean(&self.code))?;
        if let Some(wait) = self.retry_after {
            write!(f, " (try again in {} s)", wait.as_secs())?;
        }
        if let Some(id) = &self.request_id {
            write!(f, " (request {})", clean(id))?;
        }
        for Detail {
            field,
            code,
            message,
        } in &self.details
        {
            write!(
                f,
                "\n  {}: {} [{}]",
                clean(field),
                clean(message),
                clean(code)
            )?;
        }
        Ok(())
    }
}

impl std::error::Error for Refusal {}

impl Refusal {
    /// Returns the error in the form of the API.
    pub(crate) fn document(&self) -> Value {
        let code = match self.code.as_str() {
            "" => "failed",
            code => code,
        };
        let mut document =
            json!({"code": code, "message": self.message(), "status_code": self.status.as_u16()});
        if !self.details.is_empty() {
            document["details"] = json!(self.details);
        }
        if let Some(id) = &self.request_id {
            document["request_id"] = id.as_str().into();
        }
        if let Some(wait) = self.retry_after {
            document["retry_after"] = wait.as_secs().into();
        }
        document
    }

    /// Returns the message without the code.
    pub(crate) fn message(&self) -> String {
        match self.code.as_str() {
            "" => self.to_string(),
            _ => self.message.clone(),
        }
    }

    pub(super) fn new(status: StatusCode, headers: &http::HeaderMap, body: &[u8]) -> Self {
        #[derive(Deserialize)]
        struct Envelope {
            error: Body,
        }
        #[derive(Deserialize)]
        struct Body {
            code: String,
            message: String,
            #[serde(default)]
            details: Vec<Detail>,
            request_id: Option<String>,
        }
        let header = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let seconds = header(RETRY_AFTER).and_then(|text| text.trim().parse().ok());
        let retry_after = seconds.map(Duration::from_secs);
        match objects::from_slice(body) {
            Ok(Envelope { error }) => Self {
                status,
                code: error.code,
                message: error.message,
                details: error.details,
                request_id: error.request_id,
                retry_after,
            },
            Err(_) => Self {
                status,
                code: String::new(),
                message: match header(LOCATION) {
                    Some(place) if status.is_redirection() => {
                        format!(
                            ", a redirect to {place}; if that is the right service, use its address"
                        )
                    }
                    _ => String::new(),
                },
                details: Vec::new(),
                request_id: None,
                retry_after,
            },
        }
    }
}

/// Returns an error in the form of the API: an error response of the service unchanged, any other error with the code
/// `failed`.
pub fn error_document(error: &anyhow::Error) -> Value {
    let refusal = error.downcast_ref::<Refusal>();
    let mut document = refusal.map_or_else(|| json!({"code": "failed"}), Refusal::document);
    let reasons = error.chain().map(|reason| {
        let refusal = reason.downcast_ref::<Refusal>();
        refusal.map_or_else(|| reason.to_string(), Refusal::message)
    });
    document["message"] = reasons.collect::<Vec<_>>().join(": ").into();
    json!({ "error": document })
}

/// Returns whether the service answered with this status.
pub(crate) fn refused_with(error: &anyhow::Error, status: StatusCode) -> bool {
    error
        .downcast_ref()
        .is_some_and(|refusal: &Refusal| refusal.status == status)
}

#[cfg(test)]
mod tests {
    use anyhow::{Context as _, anyhow};
    use serde_json::json;

    use super::error_document;
    use crate::api::Api;
    use crate::fake::{Fake, Script};

    #[test]
    fn a_refusal_is_readable_and_harmless() {
        let body = json!({"error": {"code": "validation_failed", "message": "Some fields\u{1b}[2J are not valid.",
            "status_code": 422, "details": [{"field": "email", "code": "format", "message": "No address."}]}});
        let fake = Fake::new([Script::json(422, body)]);
        let error = Api::new(&fake).get("/users").unwrap_err().to_string();
        assert_eq!(
            error,
            "Some fields\\u{1b}[2J are not valid. [validation_failed]\n  email: No address. [format]"
        );
    }

    #[test]
    fn what_is_not_the_api_is_named_by_its_status() {
        let fake = Fake::new([
            Script::text(502, "<html>"),
            Script::text(301, "").with("location", "https://elsewhere.example/"),
            Script::text(200, "<html>"),
        ]);
        let api = Api::new(&fake);
        let error = api.get("/users").unwrap_err().to_string();
        assert_eq!(error, "the service answered 502 Bad Gateway");
        let error = api.get("/users").unwrap_err().to_string();
        assert!(error.contains("https://elsewhere.example/"), "{error}");
        assert!(api.user("ada").is_err());
    }

    #[test]
    fn errors_are_documents() {
        let body = json!({"error": {"code": "validation_failed", "message": "Some fields are not valid.", "status_code": 422,
            "details": [{"field": "email", "code": "format", "message": "No address."}]}});
        let fake = Fake::new([Script::json(422, body.clone()), Script::text(502, "<html>")]);
        let api = Api::new(&fake);
        let error = api.get("/users").unwrap_err();
        assert_eq!(error_document(&error), body);
        let error = Err::<(), _>(error)
            .context("the import stopped")
            .unwrap_err();
        let document = error_document(&error);
        assert_eq!(document["error"]["code"], "validation_failed");
        let message = "the import stopped: Some fields are not valid.";
        assert_eq!(document["error"]["message"], message);
        let document = error_document(&api.get("/users").unwrap_err());
        let (code, message) = ("failed", "the service answered 502 Bad Gateway");
        let expected = json!({"code": code, "message": message, "status_code": 502});
        assert_eq!(document["error"], expected);
        let document = error_document(&anyhow!("nothing was changed"));
        let expected = json!({"code": "failed", "message": "nothing was changed"});
        assert_eq!(document["error"], expected);
    }
}
