//! The metadata of an issuer (OpenID Connect Discovery 1.0, RFC 8414).

use serde::Deserialize;
use thiserror::Error;

use super::endpoint::{is_endpoint, origin};
use super::jwks::ALGORITHMS;
use crate::json;

/// The maximum length of a document in bytes.
const MAX_LEN: usize = 128 << 10;

/// The metadata of an issuer, as far as they are used.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Metadata {
    /// The issuer, the `iss` of its tokens.
    pub(crate) issuer: String,
    /// The page where people sign in.
    pub(crate) authorization_endpoint: String,
    /// The endpoint that exchanges codes.
    pub(crate) token_endpoint: String,
    /// The endpoint that knows a person's claims.
    #[serde(default)]
    pub(crate) userinfo_endpoint: Option<String>,
    /// The address of the keys that verify ID tokens.
    pub(crate) jwks_uri: String,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    #[serde(default)]
    code_challenge_methods_supported: Option<Vec<String>>,
    /// Whether every response names its issuer (RFC 9207).
    #[serde(default)]
    pub(crate) authorization_response_iss_parameter_supported: bool,
    #[serde(default)]
    id_token_signing_alg_values_supported: Option<Vec<String>>,
}

/// The reason why metadata are refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(crate) enum MetadataError {
    /// The document is too long, no JSON object, or lacks a required member.
    #[error("the document is not the metadata of an issuer")]
    Malformed,
    /// `issuer` is not the configured one, to the character.
    #[error("the document names another issuer")]
    IssuerMismatch,
    /// An endpoint is not an https URL that may be called.
    #[error("{0} is not an https URL that the issuer may name")]
    Endpoint(&'static str),
    /// The issuer signs ID tokens with no algorithm that is verified here.
    #[error("the issuer signs ID tokens with no accepted algorithm")]
    Algorithm,
}

impl Metadata {
    /// Returns the address of an issuer's metadata (OpenID Connect Discovery section 4).
    pub(crate) fn address(issuer: &str) -> String {
        let issuer = issuer.strip_suffix('/').unwrap_or(issuer);
        format!("{issuer}/.well-known/openid-configuration")
    }

    /// Reads the metadata of an issuer, whose configured name they must have.
    pub(crate) fn read(document: &[u8], issuer: &str) -> Result<Self, MetadataError> {
        if document.len() > MAX_LEN {
            return Err(MetadataError::Malformed);
        }
        let metadata: Self = json::from_slice(document).map_err(|_| MetadataError::Malformed)?;
        if metadata.issuer != issuer {
            return Err(MetadataError::IssuerMismatch);
        }
        for (name, url) in [
            (
                "authorization_endpoint",
                Some(&metadata.authorization_endpoint),
            ),
            ("token_endpoint", Some(&metadata.token_endpoint)),
            ("userinfo_endpoint", metadata.userinfo_endpoint.as_ref()),
            ("jwks_uri", Some(&metadata.jwks_uri)),
        ] {
            if url.is_some_and(|url| !is_endpoint(url, issuer)) {
                return Err(MetadataError::Endpoint(name));
            }
        }
        let accepted = |name: &String| ALGORITHMS.contains(&name.as_str());
        match &metadata.id_token_signing_alg_values_supported {
            Some(names) if !names.iter().any(accepted) => Err(MetadataError::Algorithm),
            _ => Ok(metadata),
        }
    }

    /// Returns the origin of an endpoint that the service would call, if it is none of these. Only browsers go to the
    /// authorization endpoint.
    pub(crate) fn foreign_origin(&self, origins: &[String]) -> Option<String> {
        let called = [&self.token_endpoint, &self.jwks_uri];
        let mut called = called.into_iter().chain(&self.userinfo_endpoint);
        called.find_map(|url| {
            let origin = origin(url).unwrap_or_else(|| url.clone());
            (!origins.contains(&origin)).then_some(origin)
        })
    }

    /// Whether the token endpoint accepts this way to authenticate a client. An issuer that names none accepts
    /// `client_secret_basic`.
    pub(crate) fn authenticates_by(&self, method: &str) -> bool {
        match &self.token_endpoint_auth_methods_supported {
            Some(methods) => methods.iter().any(|one| one == method),
            None => method == "client_secret_basic",
        }
    }

    /// Whether a challenge of PKCE is sent: always, except to an issuer that names methods without S256. Servers must
    /// ignore parameters that they don't know (RFC 6749 section 3.1).
    pub(crate) fn takes_s256(&self) -> bool {
        let methods = self.code_challenge_methods_supported.as_ref();
        methods.is_none_or(|methods| methods.iter().any(|one| one == "S256"))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const ISSUER: &str = "https://op.example/tenant";

    fn document() -> Value {
        json!({
            "issuer": ISSUER,
            "authorization_endpoint": "https://op.example/authorize",
            "token_endpoint": "https://api.op.example/token",
            "userinfo_endpoint": "https://op.example/me",
            "jwks_uri": "https://op.example/jwks",
            "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt"],
            "code_challenge_methods_supported": ["plain", "S256"],
            "authorization_response_iss_parameter_supported": true,
            "id_token_signing_alg_values_supported": ["HS256", "ES256"],
            "response_types_supported": ["code"],
        })
    }

    fn read(document: &Value) -> Result<Metadata, MetadataError> {
        Metadata::read(document.to_string().as_bytes(), ISSUER)
    }

    fn read_with(name: &str, value: Value) -> Result<Metadata, MetadataError> {
        let mut document = document();
        document[name] = value;
        read(&document)
    }

    fn read_without(name: &str) -> Result<Metadata, MetadataError> {
        let mut document = document();
        document.as_object_mut().unwrap().remove(name);
        read(&document)
    }

    #[test]
    fn an_address_follows_the_issuer() {
        for (issuer, address) in [
            (
                "https://a.example",
                "https://a.example/.well-known/openid-configuration",
            ),
            (
                "https://a.example/",
                "https://a.example/.well-known/openid-configuration",
            ),
            (
                "https://a.example/b",
                "https://a.example/b/.well-known/openid-configuration",
            ),
        ] {
            assert_eq!(Metadata::address(issuer), address);
        }
    }

    #[test]
    fn metadata_are_read() {
        let metadata = read(&document()).unwrap();
        assert_eq!(metadata.token_endpoint, "https://api.op.example/token");
        assert!(metadata.authorization_response_iss_parameter_supported);
        assert!(metadata.takes_s256());
        assert!(metadata.authenticates_by("private_key_jwt"));
        assert!(!metadata.authenticates_by("client_secret_basic"));
    }

    #[test]
    fn members_that_may_be_missing() {
        for name in [
            "issuer",
            "authorization_endpoint",
            "token_endpoint",
            "jwks_uri",
        ] {
            assert_eq!(read_without(name), Err(MetadataError::Malformed), "{name}");
        }
        assert_eq!(
            read_without("userinfo_endpoint").unwrap().userinfo_endpoint,
            None
        );
        let metadata = read_without("authorization_response_iss_parameter_supported").unwrap();
        assert!(!metadata.authorization_response_iss_parameter_supported);
        let metadata = read_without("token_endpoint_auth_methods_supported").unwrap();
        assert!(metadata.authenticates_by("client_secret_basic"));
        assert!(!metadata.authenticates_by("client_secret_post"));
        assert!(
            read_without("code_challenge_methods_supported")
                .unwrap()
                .takes_s256()
        );
        assert!(read_without("id_token_signing_alg_values_supported").is_ok());
    }

    /// OpenID Connect Discovery section 4.3, RFC 8414 section 3.3: against impersonation.
    #[test]
    fn the_issuer_is_the_configured_one() {
        for issuer in [
            "https://op.example/tenant/",
            "https://op.example",
            "https://OP.example/tenant",
            "https://evil.example",
        ] {
            let error = read_with("issuer", issuer.into());
            assert_eq!(error, Err(MetadataError::IssuerMismatch), "{issuer}");
        }
    }

    #[test]
    fn endpoints_are_checked() {
        for name in [
            "authorization_endpoint",
            "token_endpoint",
            "userinfo_endpoint",
            "jwks_uri",
        ] {
            for url in [
                "http://op.example/x",
                "https://localhost/x",
                "javascript:alert(1)",
            ] {
                let error = read_with(name, url.into());
                assert_eq!(error, Err(MetadataError::Endpoint(name)), "{url}");
            }
        }
    }

    #[test]
    fn unusable_issuers_are_refused() {
        let error = read_with(
            "id_token_signing_alg_values_supported",
            json!(["HS256", "none"]),
        );
        assert_eq!(error, Err(MetadataError::Algorithm));
        let plain = read_with("code_challenge_methods_supported", json!(["plain"])).unwrap();
        assert!(!plain.takes_s256());
    }

    #[test]
    fn other_documents_are_refused() {
        let long = read_with("x", "x".repeat(MAX_LEN).into());
        assert_eq!(long, Err(MetadataError::Malformed));
        for text in ["", "<html></html>", "[]", "{}", "null", r#""issuer""#] {
            let error = Metadata::read(text.as_bytes(), ISSUER);
            assert_eq!(error, Err(MetadataError::Malformed), "{text}");
        }
        assert_eq!(
            read_with("token_endpoint", json!(1)),
            Err(MetadataError::Malformed)
        );
    }
}
