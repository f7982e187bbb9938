//! The token request (RFC 6749 sections 4.1.3 and 6).

use form_urlencoded::Serializer;

use crate::outbound::{OutboundMethod, OutboundRequest};

/// A request to a token endpoint, to which a client adds its proof.
pub(crate) struct TokenRequest {
    fields: Vec<(&'static str, String)>,
    headers: Vec<(&'static str, String)>,
}

impl TokenRequest {
    /// Creates the request that exchanges a code, with the verifier of the challenge if one was sent.
    pub(crate) fn exchange(code: &str, redirect_uri: &str, verifier: Option<&str>) -> Self {
        let mut request = Self::new("authorization_code");
        request.add_field("code", code);
        request.add_field("redirect_uri", redirect_uri);
        if let Some(verifier) = verifier {
            request.add_field("code_verifier", verifier);
        }
        request
    }

    /// Creates the request for new tokens.
    pub(crate) fn refresh(refresh_token: &str) -> Self {
        let mut request = Self::new("refresh_token");
        request.add_field("refresh_token", refresh_token);
        request
    }

    fn new(grant_type: &str) -> Self {
        let mut request = Self {
            fields: Vec::new(),
            headers: Vec::new(),
        };
        request.add_field("grant_type", grant_type);
        request
    }

    /// Adds a field to the body.
    pub(crate) fn add_field(&mut self, name: &'static str, value: impl Into<String>) {
        self.fields.push((name, value.into()));
    }

    /// Adds a header, with a lower-case name.
    pub(crate) fn add_header(&mut self, name: &'static str, value: String) {
        self.headers.push((name, value));
    }

    /// Returns the request with its fields as a form.
    pub(crate) fn into_form(self, endpoint: &str) -> OutboundRequest {
        let mut form = Serializer::new(String::new());
        form.extend_pairs(&self.fields);
        let body = form.finish();
        self.with_body(endpoint, "application/x-www-form-urlencoded", body)
    }

    /// Returns the request with its fields as JSON, which Notion reads.
    pub(crate) fn into_json(self, endpoint: &str) -> OutboundRequest {
        let fields = self.fields.iter().cloned();
        let body = fields.collect::<serde_json::Value>().to_string();
        self.with_body(endpoint, "application/json", body)
    }

    fn with_body(mut self, endpoint: &str, content_type: &str, body: String) -> OutboundRequest {
        self.add_header("content-type", content_type.to_owned());
        OutboundRequest {
            method: OutboundMethod::Post,
            url: endpoint.to_owned(),
            headers: self.headers,
            body: body.into_bytes(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_exchanged() {
        let request = || TokenRequest::exchange("a&b", "https://auth.example/cb", Some("v"));
        let form = request().into_form("https://op.example/token");
        assert_eq!(form.method, OutboundMethod::Post);
        assert_eq!(form.url, "https://op.example/token");
        assert_eq!(
            str::from_utf8(&form.body).unwrap(),
            "grant_type=authorization_code&code=a%26b&redirect_uri=https%3A%2F%2Fauth.example%2Fcb&code_verifier=v"
        );
        let content_type = "application/x-www-form-urlencoded".to_owned();
        assert!(form.headers.contains(&("content-type", content_type)));
        let json = request().into_json("https://op.example/token");
        let body: serde_json::Value = serde_json::from_slice(&json.body).unwrap();
        assert_eq!(body["code"], "a&b");
        assert!(
            json.headers
                .contains(&("content-type", "application/json".to_owned()))
        );
    }

    #[test]
    fn without_a_challenge_no_verifier_is_sent() {
        let request = TokenRequest::exchange("a", "https://auth.example/cb", None);
        let body = request.into_form("https://op.example/token").body;
        assert!(!String::from_utf8(body).unwrap().contains("code_verifier"));
    }

    #[test]
    fn tokens_are_refreshed() {
        let body = TokenRequest::refresh("r+1")
            .into_form("https://op.example/token")
            .body;
        assert_eq!(body, b"grant_type=refresh_token&refresh_token=r%2B1");
    }
}
