//! The claims that a provider returns for an access token (OpenID Connect Core section 5.3).

use serde_json::{Map, Value};
use thiserror::Error;

use crate::json;
use crate::outbound::{OutboundMethod, OutboundRequest, OutboundResponse};

/// The maximum length of a response in bytes.
const MAX_LEN: usize = 64 << 10;

/// The reason why a response is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(crate) enum UserinfoError {
    /// The provider returned an error.
    #[error("the provider returned status {0} instead of a person's claims")]
    Status(u16),
    /// The response is too long or no JSON object.
    #[error("the person's claims are malformed")]
    Malformed,
    /// `sub` is missing, or not that of the ID token (OpenID Connect Core section 5.3.2).
    #[error("the person's claims are those of another person")]
    Subject,
}

/// Returns a request with the token in a header (RFC 6750 section 2.1): in a body or an address it would be logged.
pub(crate) fn request(
    method: OutboundMethod,
    endpoint: &str,
    access_token: &str,
) -> OutboundRequest {
    let request = OutboundRequest {
        method,
        ..OutboundRequest::get(endpoint.to_owned())
    };
    request.with_header("authorization", format!("Bearer {access_token}"))
}

/// Reads the claims of the person with this subject of an ID token. `None` is for providers without ID tokens.
///
/// # Errors
/// The provider's error, or the claims of another person.
pub(crate) fn read(
    response: &OutboundResponse,
    subject: Option<&str>,
) -> Result<Map<String, Value>, UserinfoError> {
    if response.status != 200 {
        return Err(UserinfoError::Status(response.status));
    }
    if response.body.len() > MAX_LEN {
        return Err(UserinfoError::Malformed);
    }
    let claims: Map<String, Value> =
        json::from_slice(&response.body).map_err(|_| UserinfoError::Malformed)?;
    if subject.is_some() && claims.get("sub").and_then(Value::as_str) != subject {
        return Err(UserinfoError::Subject);
    }
    Ok(claims)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_body(status: u16, body: &str) -> Result<Map<String, Value>, UserinfoError> {
        let body = body.as_bytes().to_vec();
        read(&OutboundResponse { status, body }, Some("ada"))
    }

    /// `oidcc-client-test-userinfo-bearer-header`. `oidcc-client-test-userinfo-bearer-body` is left out deliberately: every
    /// provider takes the header, and the body is only for clients that can't send it (RFC 6750 section 2.2).
    #[test]
    fn the_token_is_in_a_header() {
        let request = request(OutboundMethod::Post, "https://op.example/me", "a.b-c");
        assert_eq!(request.method, OutboundMethod::Post);
        let bearer = ("authorization", "Bearer a.b-c".to_owned());
        assert!(request.headers.contains(&bearer));
        assert_eq!(request.url, "https://op.example/me");
        assert!(request.body.is_empty());
    }

    /// `oidcc-client-test-scope-userinfo-claims`.
    #[test]
    fn claims_are_read() {
        let claims = read_body(200, r#"{"sub":"ada","email":"ada@example.com"}"#).unwrap();
        assert_eq!(claims["email"], "ada@example.com");
        let body = br#"{"id":7}"#.to_vec();
        let response = OutboundResponse { status: 200, body };
        assert_eq!(read(&response, None).unwrap()["id"], 7);
    }

    /// `oidcc-client-test-userinfo-invalid-sub`.
    #[test]
    fn another_subject_is_refused() {
        for body in [
            r#"{"sub":"eve"}"#,
            r#"{"sub":""}"#,
            r#"{"sub":["ada"]}"#,
            r#"{"email":"a"}"#,
        ] {
            assert_eq!(read_body(200, body), Err(UserinfoError::Subject), "{body}");
        }
    }

    #[test]
    fn other_responses_are_refused() {
        for status in [204, 302, 401, 503] {
            let error = read_body(status, r#"{"sub":"ada"}"#);
            assert_eq!(error, Err(UserinfoError::Status(status)));
        }
        let long = format!(r#"{{"sub":"ada","x":"{}"}}"#, "x".repeat(MAX_LEN));
        for body in ["", "[]", "<html>", r#""sub""#, &long] {
            assert_eq!(read_body(200, body), Err(UserinfoError::Malformed));
        }
    }
}
