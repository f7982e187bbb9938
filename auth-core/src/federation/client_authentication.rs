//! The ways in which the service proves at a token endpoint that it is the client (RFC 6749 section 2.3, RFC 7523).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use form_urlencoded::byte_serialize;
use serde::Serialize;

use super::token_request::TokenRequest;
use crate::jose::SigningKey;
use crate::time::Timestamp;

/// The number of seconds for which a signed assertion is valid.
const LIFE: u64 = 60;

/// The type of a signed assertion (RFC 7523 section 2.2).
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// The issuer of Apple, which is the audience of its client secrets.
pub(super) const APPLE: &str = "https://appleid.apple.com";

/// A client at a provider.
#[derive(Clone, Copy)]
pub(crate) struct Client<'a> {
    /// The client's identifier.
    pub(crate) id: &'a str,
    /// The name of the parameter with it: `client_id`, except at TikTok.
    pub(crate) id_name: &'static str,
    /// How the client proves its identity.
    pub(crate) authentication: ClientAuthentication<'a>,
}

/// A way to prove a client's identity.
#[derive(Clone, Copy)]
pub(crate) enum ClientAuthentication<'a> {
    /// `client_secret_basic`: the secret in a header.
    SecretBasic(&'a str),
    /// `client_secret_post`: the secret in the body.
    SecretPost(&'a str),
    /// `private_key_jwt`: an assertion signed with the client's key.
    PrivateKeyJwt(&'a SigningKey),
    /// Apple's client secret: an assertion, signed by ES256 with the key of a team.
    Apple {
        /// The team's identifier.
        team: &'a str,
        /// The key, with the identifier that Apple has given to it.
        key: &'a SigningKey,
    },
}

/// The facts of one request that an assertion names.
#[derive(Clone, Copy)]
pub(crate) struct Occasion<'a> {
    /// The address that the request goes to. As the audience it keeps another server from using the assertion.
    pub(crate) endpoint: &'a str,
    /// The current time.
    pub(crate) now: Timestamp,
    /// A random identifier, so that no assertion is used twice.
    pub(crate) jti: &'a str,
}

/// The claims of an assertion (RFC 7523 section 3).
#[derive(Serialize)]
struct Assertion<'a> {
    iss: &'a str,
    sub: &'a str,
    aud: &'a str,
    jti: &'a str,
    iat: u64,
    exp: u64,
}

impl Client<'_> {
    /// Adds the client's identity and its proof to a request.
    pub(crate) fn authenticate(&self, request: &mut TokenRequest, occasion: Occasion<'_>) {
        let assertion = |iss, aud, key: &SigningKey| {
            let iat = occasion.now.as_secs();
            let claims = Assertion {
                iss,
                sub: self.id,
                aud,
                jti: occasion.jti,
                iat,
                exp: iat + LIFE,
            };
            key.sign("JWT", &claims)
        };
        if !matches!(self.authentication, ClientAuthentication::SecretBasic(_)) {
            request.add_field(self.id_name, self.id);
        }
        match self.authentication {
            ClientAuthentication::SecretBasic(secret) => {
                request.add_header("authorization", basic(self.id, secret));
            }
            ClientAuthentication::SecretPost(secret) => request.add_field("client_secret", secret),
            ClientAuthentication::PrivateKeyJwt(key) => {
                request.add_field("client_assertion_type", JWT_BEARER);
                request.add_field(
                    "client_assertion",
                    assertion(self.id, occasion.endpoint, key),
                );
            }
            ClientAuthentication::Apple { team, key } => {
                request.add_field("client_secret", assertion(team, APPLE, key));
            }
        }
    }
}

/// Returns the header of HTTP Basic. User name and password are encoded as in a form first (RFC 6749 section 2.3.1).
fn basic(id: &str, secret: &str) -> String {
    let mut text = String::new();
    text.extend(byte_serialize(id.as_bytes()));
    text.push(':');
    text.extend(byte_serialize(secret.as_bytes()));
    format!("Basic {}", STANDARD.encode(text.as_bytes()))
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use serde_json::{Value, json};

    use super::*;
    use crate::jose::{Algorithm, VerifyingKey};
    use crate::outbound::OutboundRequest;

    fn request(
        authentication: ClientAuthentication<'_>,
    ) -> (OutboundRequest, Vec<(String, String)>) {
        let client = Client {
            id: "a client",
            id_name: "client_id",
            authentication,
        };
        let mut request = TokenRequest::refresh("r");
        let occasion = Occasion {
            endpoint: "https://op.example/token",
            now: Timestamp::from_millis(1_000_000),
            jti: "j1",
        };
        client.authenticate(&mut request, occasion);
        let request = request.into_form(occasion.endpoint);
        let fields = form_urlencoded::parse(&request.body)
            .into_owned()
            .skip(2)
            .collect();
        (request, fields)
    }

    fn authorization(request: &OutboundRequest) -> Option<&str> {
        let header = request
            .headers
            .iter()
            .find(|(name, _)| *name == "authorization");
        header.map(|(_, value)| value.as_str())
    }

    fn pair(name: &str, value: &str) -> (String, String) {
        (name.to_owned(), value.to_owned())
    }

    /// Returns header and claims of an assertion that the key has signed.
    fn read(assertion: &str, key: &VerifyingKey) -> (Value, Value) {
        let (message, signature) = assertion.rsplit_once('.').unwrap();
        let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).unwrap();
        assert!(key.verifies(message.as_bytes(), &decode(signature)));
        let (header, claims) = message.split_once('.').unwrap();
        let json = |part| serde_json::from_slice(&decode(part)).unwrap();
        (json(header), json(claims))
    }

    /// The example of RFC 6749 section 2.3.1, and characters that its appendix B encodes.
    ///
    /// `oidcc-client-test-client-secret-basic`.
    #[test]
    fn a_secret_in_a_header() {
        let example = "Basic czZCaGRSa3F0Mzo3RmpmcDBaQnIxS3REUmJuZlZkbUl3";
        assert_eq!(basic("s6BhdRkqt3", "7Fjfp0ZBr1KtDRbnfVdmIw"), example);
        let (request, fields) = request(ClientAuthentication::SecretBasic("a:b+c %&\u{a3}"));
        assert!(fields.is_empty(), "neither is in the body");
        let encoded = STANDARD.encode("a+client:a%3Ab%2Bc+%25%26%C2%A3");
        assert_eq!(
            authorization(&request),
            Some(format!("Basic {encoded}").as_str())
        );
    }

    #[test]
    fn a_secret_in_the_body() {
        let (request, fields) = request(ClientAuthentication::SecretPost("s&1"));
        assert_eq!(
            fields,
            [pair("client_id", "a client"), pair("client_secret", "s&1")]
        );
        assert_eq!(authorization(&request), None);
        assert!(!request.url.contains('?'), "no secret is in an address");
    }

    /// RFC 7523 section 3.
    #[test]
    fn a_signed_assertion() {
        for algorithm in [Algorithm::Es256, Algorithm::EdDsa] {
            let key = SigningKey::from_private(algorithm, &[7; 32]).unwrap();
            let (request, fields) = request(ClientAuthentication::PrivateKeyJwt(&key));
            assert_eq!(authorization(&request), None);
            assert_eq!(fields[0], pair("client_id", "a client"));
            assert_eq!(fields[1], pair("client_assertion_type", JWT_BEARER));
            assert_eq!(fields[2].0, "client_assertion");
            let (header, claims) = read(&fields[2].1, key.verifying_key());
            let kid = key.verifying_key().kid();
            assert_eq!(
                header,
                json!({"alg": algorithm.as_str(), "typ": "JWT", "kid": kid})
            );
            assert_eq!(
                claims,
                json!({
                    "iss": "a client", "sub": "a client", "aud": "https://op.example/token",
                    "jti": "j1", "iat": 1000, "exp": 1060,
                })
            );
        }
    }

    #[test]
    fn the_client_secret_of_apple() {
        let key = SigningKey::from_private(Algorithm::Es256, &[7; 32]).unwrap();
        let key = key.with_kid("ABC123DEFG");
        let (_, fields) = request(ClientAuthentication::Apple {
            team: "TEAM",
            key: &key,
        });
        assert_eq!(fields[0], pair("client_id", "a client"));
        assert_eq!(fields[1].0, "client_secret");
        let (header, claims) = read(&fields[1].1, key.verifying_key());
        assert_eq!(header["alg"], "ES256");
        assert_eq!(header["kid"], "ABC123DEFG");
        assert_eq!(
            claims,
            json!({
                "iss": "TEAM", "sub": "a client", "aud": "https://appleid.apple.com",
                "jti": "j1", "iat": 1000, "exp": 1060,
            })
        );
    }
}
