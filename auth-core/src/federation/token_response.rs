//! The token response (RFC 6749 section 5), also of providers that answer errors with status 200 or with a form.

use serde_json::{Map, Value};
use thiserror::Error;

use super::id_token;
use super::provider_error::ProviderError;
use crate::json;
use crate::outbound::OutboundResponse;
use crate::secret::SecretToken;

/// The maximum length of a response in bytes.
const MAX_LEN: usize = 64 << 10;

/// The maximum length of an access token or a refresh token in bytes.
const MAX_TOKEN: usize = 16 << 10;

/// The maximum length of the granted scopes in bytes.
const MAX_SCOPE: usize = 4 << 10;

/// The maximum time that a token may claim to be valid, in seconds: ten years.
const MAX_LIFE: u64 = 10 * 365 * 24 * 60 * 60;

/// The tokens of a person. It does not implement `Debug`, because it consists of secrets.
pub(crate) struct TokenResponse {
    /// The access token.
    pub(crate) access_token: SecretToken,
    /// The refresh token, if the provider gives one.
    pub(crate) refresh_token: Option<SecretToken>,
    /// The ID token, not validated.
    pub(crate) id_token: Option<SecretToken>,
    /// The number of seconds for which the access token is valid, if the provider says so.
    pub(crate) expires_in: Option<u64>,
    /// The granted scopes, if the provider names them.
    pub(crate) scope: Option<String>,
}

/// The reason why no tokens came. Its text is for the log, and contains no token.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum TokenError {
    /// The code or refresh token is used, too old, or of another client or address.
    #[error("the provider refused the code or refresh token: {0}")]
    InvalidGrant(ProviderError),
    /// The client's identifier or proof is wrong: the operator's settings are.
    #[error("the provider refused the client: {0}")]
    InvalidClient(ProviderError),
    /// The provider fails, or has received too many requests.
    #[error("the provider is unavailable: status {0}")]
    Unavailable(u16),
    /// Another error of the provider.
    #[error("the provider returned an error: {0}")]
    Provider(ProviderError),
    /// The response has neither tokens nor an error.
    #[error("the provider's response with status {0} is no token response")]
    Malformed(u16),
}

impl TokenResponse {
    /// Reads a response. A response that contains an error is one, whatever its status.
    pub(crate) fn read(response: &OutboundResponse) -> Result<Self, TokenError> {
        let malformed = || TokenError::Malformed(response.status);
        let members = (response.body.len() <= MAX_LEN)
            .then(|| members(&response.body))
            .flatten();
        let error = members.as_ref().and_then(error);
        if matches!(response.status, 429 | 500..)
            && !matches!(error, Some(TokenError::InvalidGrant(_)))
        {
            return Err(TokenError::Unavailable(response.status));
        }
        if let Some(error) = error {
            return Err(error);
        }
        if !(200..300).contains(&response.status) {
            return Err(malformed());
        }
        Self::of(&members.ok_or_else(malformed)?).ok_or_else(malformed)
    }

    fn of(members: &Map<String, Value>) -> Option<Self> {
        // LinkedIn names no type.
        let is_bearer = |named: &Value| {
            named
                .as_str()
                .is_some_and(|named| named.eq_ignore_ascii_case("bearer"))
        };
        if !members.get("token_type").is_none_or(is_bearer) {
            return None;
        }
        Some(Self {
            access_token: token(members, "access_token", MAX_TOKEN)??,
            refresh_token: token(members, "refresh_token", MAX_TOKEN)?,
            id_token: token(members, "id_token", id_token::MAX_LEN)?,
            expires_in: members.get("expires_in").and_then(seconds),
            scope: members.get("scope").and_then(scope),
        })
    }
}

/// Returns the members of a JSON object, or of a form that has a token or an error.
fn members(body: &[u8]) -> Option<Map<String, Value>> {
    if let Ok(members) = json::from_slice(body) {
        return Some(members);
    }
    let mut form = Map::new();
    for (name, value) in form_urlencoded::parse(body) {
        // A parameter that stands there twice has no value.
        if form.insert(name.into_owned(), value.into()).is_some() {
            return None;
        }
    }
    let is_response = form.contains_key("access_token") || form.contains_key("error");
    is_response.then_some(form)
}

/// Returns the error that a response contains.
fn error(members: &Map<String, Value>) -> Option<TokenError> {
    let ok = members.get("ok").and_then(Value::as_bool);
    let error = match members.get("error") {
        None | Some(Value::Null) if ok != Some(false) => return None,
        None => &Value::Null,
        Some(error) => error,
    };
    let text = |value: Option<&Value>| match value {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    };
    let code = match error {
        // Facebook's errors are objects.
        Value::Object(error) => text(error.get("type")),
        error => text(Some(error)),
    };
    let description = match error {
        Value::Object(error) => text(error.get("message")),
        _ => text(members.get("error_description")),
    };
    let error = ProviderError::new(&code, &description);
    Some(match code.as_str() {
        // The names of RFC 6749, GitHub, and Slack.
        "invalid_grant"
        | "bad_verification_code"
        | "bad_refresh_token"
        | "invalid_code"
        | "code_already_used"
        | "code_expired"
        | "invalid_refresh_token" => TokenError::InvalidGrant(error),
        "invalid_client"
        | "unauthorized_client"
        | "incorrect_client_credentials"
        | "redirect_uri_mismatch"
        | "invalid_client_id"
        | "bad_client_secret"
        | "bad_redirect_uri" => TokenError::InvalidClient(error),
        _ => TokenError::Provider(error),
    })
}

/// Returns a token that fits into a header, `Some(None)` if there is none, and `None` if it does not fit.
fn token(members: &Map<String, Value>, name: &str, max_len: usize) -> Option<Option<SecretToken>> {
    match members.get(name) {
        None | Some(Value::Null) => Some(None),
        Some(Value::String(text)) => {
            let fits = (1..=max_len).contains(&text.len())
                && text.bytes().all(|byte| byte.is_ascii_graphic());
            fits.then(|| Some(SecretToken::of(text.clone())))
        }
        Some(_) => None,
    }
}

/// Returns a number of seconds, which some providers write as text.
fn seconds(value: &Value) -> Option<u64> {
    let seconds = match value {
        Value::String(text) => text.parse().ok(),
        value => value.as_u64(),
    };
    seconds.map(|seconds: u64| seconds.min(MAX_LIFE))
}

/// Returns scopes separated by blanks. Twitch returns a list.
fn scope(value: &Value) -> Option<String> {
    let scope = match value {
        Value::String(text) => text.clone(),
        Value::Array(list) => list
            .iter()
            .filter_map(Value::as_str)
            .collect::<Vec<_>>()
            .join(" "),
        _ => return None,
    };
    Some(scope).filter(|scope| !scope.is_empty() && scope.len() <= MAX_SCOPE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(status: u16, body: &str) -> Result<TokenResponse, TokenError> {
        let body = body.as_bytes().to_vec();
        TokenResponse::read(&OutboundResponse { status, body })
    }

    fn error(status: u16, body: &str) -> TokenError {
        read(status, body).err().unwrap()
    }

    /// RFC 6749 section 5.1, with an ID token.
    #[test]
    fn tokens_are_read() {
        let response = read(
            200,
            r#"{"access_token":"2YotnFZFEjr1zCsicMWpAA","token_type":"Bearer","expires_in":3600,
                "refresh_token":"tGzv3JOkF0XG5Qx2TlKWIA","id_token":"a.b.c","scope":"openid email"}"#,
        )
        .ok()
        .unwrap();
        assert_eq!(response.access_token.expose(), "2YotnFZFEjr1zCsicMWpAA");
        assert_eq!(
            response.refresh_token.unwrap().expose(),
            "tGzv3JOkF0XG5Qx2TlKWIA"
        );
        assert_eq!(response.id_token.unwrap().expose(), "a.b.c");
        assert_eq!(response.expires_in, Some(3600));
        assert_eq!(response.scope.as_deref(), Some("openid email"));
    }

    #[test]
    fn forms_of_other_providers() {
        // GitHub without `accept`.
        let form = read(
            200,
            "access_token=gho_16C7e42F&scope=repo%2Cgist&token_type=bearer",
        )
        .ok()
        .unwrap();
        assert_eq!(form.access_token.expose(), "gho_16C7e42F");
        assert_eq!(form.scope.as_deref(), Some("repo,gist"));
        assert_eq!(form.expires_in, None);
        for (members, expires_in) in [
            (r#""expires_in":"60""#, Some(60)),
            (r#""expires_in":-1"#, None),
            (r#""expires_in":1.5"#, None),
            (r#""expires_in":18446744073709551615"#, Some(MAX_LIFE)),
            (
                r#""expires_in":null,"refresh_token":null,"error":null,"ok":true"#,
                None,
            ),
        ] {
            let body = format!(r#"{{"access_token":"a",{members}}}"#);
            assert_eq!(
                read(200, &body).ok().unwrap().expires_in,
                expires_in,
                "{members}"
            );
        }
        let twitch = read(
            200,
            r#"{"access_token":"a","scope":["openid","user:read:email"]}"#,
        );
        assert_eq!(
            twitch.ok().unwrap().scope.as_deref(),
            Some("openid user:read:email")
        );
    }

    #[test]
    fn errors_are_kept_apart() {
        for (status, body) in [
            (400, r#"{"error":"invalid_grant"}"#),
            (500, r#"{"error":"invalid_grant"}"#),
            // GitHub.
            (
                200,
                r#"{"error":"bad_verification_code","error_description":"The code is incorrect"}"#,
            ),
            (
                200,
                "error=bad_verification_code&error_description=The+code",
            ),
            // Slack.
            (200, r#"{"ok":false,"error":"invalid_code"}"#),
            // An error wins over tokens.
            (
                200,
                r#"{"error":"invalid_grant","access_token":"a","token_type":"bearer"}"#,
            ),
        ] {
            let error = error(status, body);
            assert!(
                matches!(error, TokenError::InvalidGrant(_)),
                "{body}: {error}"
            );
        }
        for (status, body) in [
            (401, r#"{"error":"invalid_client"}"#),
            (200, r#"{"error":"incorrect_client_credentials"}"#),
            (200, r#"{"ok":false,"error":"bad_client_secret"}"#),
        ] {
            let error = error(status, body);
            assert!(
                matches!(error, TokenError::InvalidClient(_)),
                "{body}: {error}"
            );
        }
        for (status, body, text) in [
            (200, r#"{"ok":false}"#, "the provider returned an error: "),
            (
                200,
                r#"{"ok":false,"access_token":"a"}"#,
                "the provider returned an error: ",
            ),
            (
                400,
                r#"{"error":"invalid_scope","error_description":"No"}"#,
                "the provider returned an error: invalid_scope: No",
            ),
            (
                400,
                r#"{"error":{"message":"Bad","type":"OAuthException","code":100}}"#,
                "the provider returned an error: OAuthException: Bad",
            ),
            (
                401,
                r#"{"message":"Unauthorized","error":401}"#,
                "the provider returned an error: 401",
            ),
        ] {
            let error = error(status, body);
            assert!(matches!(error, TokenError::Provider(_)), "{body}: {error}");
            assert_eq!(error.to_string(), text);
        }
        for (status, body) in [
            (503, "<html>"),
            (500, ""),
            (429, r#"{"error":"slow_down"}"#),
        ] {
            assert_eq!(error(status, body), TokenError::Unavailable(status));
        }
    }

    #[test]
    fn other_responses_are_refused() {
        for (status, body) in [
            (200, ""),
            (200, "{}"),
            (200, "[]"),
            (200, "<html>access_token=a</html>"),
            (200, "access_token=a&access_token=b"),
            (200, r#"{"access_token":""}"#),
            (200, r#"{"access_token":null}"#),
            (200, r#"{"access_token":7}"#),
            (200, r#"{"access_token":"a\r\nb: c"}"#),
            (200, r#"{"access_token":"a b"}"#),
            (200, r#"{"access_token":"a","refresh_token":["b"]}"#),
            (200, r#"{"access_token":"a","id_token":{}}"#),
            (200, r#"{"access_token":"a","token_type":"DPoP"}"#),
            (200, r#"{"access_token":"a","token_type":"mac"}"#),
            (200, r#"{"access_token":"a","token_type":null}"#),
            (302, r#"{"access_token":"a"}"#),
            (400, r#"{"access_token":"a"}"#),
        ] {
            assert_eq!(error(status, body), TokenError::Malformed(status), "{body}");
        }
        let token = |length: usize| format!(r#"{{"access_token":"{}"}}"#, "a".repeat(length));
        assert!(read(200, &token(MAX_TOKEN)).is_ok());
        assert!(read(200, &token(MAX_TOKEN + 1)).is_err());
        let padded = format!(r#"{{"access_token":"a","x":"{}"}}"#, "x".repeat(MAX_LEN));
        assert!(read(200, &padded).is_err());
    }

    #[test]
    fn no_error_contains_a_token() {
        let secret = "ya29.a0AfH6SMBx-0123456789-abcdefghijklmnopq";
        for (status, body) in [
            (
                200,
                format!(r#"{{"access_token":"{secret}","token_type":"mac"}}"#),
            ),
            (400, format!(r#"{{"access_token":"{secret}"}}"#)),
            (500, format!(r#"{{"access_token":"{secret}"}}"#)),
            (200, format!(r#"{{"ok":false,"access_token":"{secret}"}}"#)),
            (
                400,
                format!(r#"{{"error":"invalid_grant","error_description":"no {secret}"}}"#),
            ),
            (400, format!(r#"{{"error":"{secret}"}}"#)),
            (200, format!("access_token={secret}&access_token={secret}")),
            (200, format!(r#"{{"access_token":"{secret}""#)),
        ] {
            let error = error(status, &body);
            assert!(!error.to_string().contains(secret), "{body}");
            assert!(!format!("{error:?}").contains(secret), "{body}");
        }
    }
}
