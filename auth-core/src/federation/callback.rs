//! The authorization response: the parameters with which a browser comes back (RFC 6749 section 4.1.2, RFC 9207).

use std::collections::BTreeMap;

use thiserror::Error;

use super::issuer::is_issuer_in_any_tenant;
use super::provider_error::ProviderError;

/// The maximum length of all parameters in bytes.
const MAX_LEN: usize = 16 << 10;

/// The maximum length of a code in bytes.
const MAX_CODE: usize = 4 << 10;

/// The parameters of a response, each of them once.
pub(crate) struct Callback(BTreeMap<String, String>);

/// The conditions that a response must meet.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Expected<'a> {
    /// The state that the browser was sent away with.
    pub(crate) state: &'a str,
    /// The issuer, unless it is not known.
    pub(crate) issuer: Option<&'a str>,
    /// Whether the issuer has said that it names itself in every response.
    pub(crate) names_issuer: bool,
}

/// The reason why a response leads to no sign-in.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum CallbackError {
    /// Too long, a parameter twice, or neither a code nor an error.
    #[error("the response is malformed")]
    Malformed,
    /// `state` is missing or another: the response belongs to another request or another browser.
    #[error("the response has another state")]
    State,
    /// `iss` is another issuer, or is missing although it was promised (RFC 9207 section 2.4).
    #[error("the response is from another issuer")]
    Issuer,
    /// The person, or the provider for them, has refused.
    #[error("refused at the provider: {0}")]
    Denied(ProviderError),
    /// Another error of the provider.
    #[error("the provider returned an error: {0}")]
    Provider(ProviderError),
}

impl Callback {
    /// Reads the parameters of a query or a form. A parameter that stands there twice is refused (RFC 6749 section
    /// 3.1), so that no two readers take different ones.
    pub(crate) fn read(parameters: &str) -> Result<Self, CallbackError> {
        if parameters.len() > MAX_LEN {
            return Err(CallbackError::Malformed);
        }
        let mut all = BTreeMap::new();
        for (name, value) in form_urlencoded::parse(parameters.as_bytes()) {
            if all.insert(name.into_owned(), value.into_owned()).is_some() {
                return Err(CallbackError::Malformed);
            }
        }
        Ok(Self(all))
    }

    /// Returns a parameter that is not checked: `state`, by which the request is found, and Apple's `user`.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Returns the code of a response that meets the conditions.
    pub(crate) fn code(&self, expected: &Expected<'_>) -> Result<&str, CallbackError> {
        if expected.state.is_empty() || self.get("state") != Some(expected.state) {
            return Err(CallbackError::State);
        }
        // Also in a response with an error (RFC 9207 section 2.4).
        let from_issuer = match (self.get("iss"), expected.issuer) {
            (Some(named), Some(issuer)) => is_issuer_in_any_tenant(named, issuer),
            (Some(_), None) => true,
            (None, _) => !expected.names_issuer,
        };
        if !from_issuer {
            return Err(CallbackError::Issuer);
        }
        if let Some(code) = self.get("error") {
            let description = self.get("error_description").unwrap_or_default();
            let error = ProviderError::new(code, description);
            return Err(match code {
                // The names of RFC 6749, Apple, and LinkedIn.
                "access_denied" | "user_cancelled_authorize" | "user_cancelled_login" => {
                    CallbackError::Denied(error)
                }
                _ => CallbackError::Provider(error),
            });
        }
        let fits = |code: &&str| (1..=MAX_CODE).contains(&code.len());
        self.get("code")
            .filter(fits)
            .ok_or(CallbackError::Malformed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXPECTED: Expected<'_> = Expected {
        state: "s",
        issuer: Some("https://op.example"),
        names_issuer: false,
    };
    const ADVERTISED: Expected<'_> = Expected {
        names_issuer: true,
        ..EXPECTED
    };

    fn code(parameters: &str, expected: &Expected<'_>) -> Result<String, CallbackError> {
        Callback::read(parameters)?
            .code(expected)
            .map(str::to_owned)
    }

    #[test]
    fn a_code_is_read() {
        assert_eq!(code("code=a%2Bb+c&state=s", &EXPECTED), Ok("a+b c".into()));
        let callback = Callback::read("code=a&state=s&user=%7B%7D").unwrap();
        assert_eq!(callback.get("user"), Some("{}"));
        for parameters in [
            "state=s",
            "state=s&code=",
            &format!("state=s&code={}", "a".repeat(4097)),
        ] {
            assert_eq!(code(parameters, &EXPECTED), Err(CallbackError::Malformed));
        }
    }

    /// Code injection, and a request of another browser.
    #[test]
    fn another_state_is_refused() {
        for parameters in [
            "code=a",
            "code=a&state=",
            "code=a&state=t",
            "error=access_denied",
        ] {
            assert_eq!(
                code(parameters, &EXPECTED),
                Err(CallbackError::State),
                "{parameters}"
            );
        }
        let nothing = Expected {
            state: "",
            ..EXPECTED
        };
        assert_eq!(code("code=a&state=", &nothing), Err(CallbackError::State));
    }

    /// RFC 9207 section 2.4: the mix-up attack.
    #[test]
    fn another_issuer_is_refused() {
        for parameters in [
            "code=a&state=s&iss=https%3A%2F%2Fevil.example",
            "code=a&state=s&iss=https%3A%2F%2Fop.example%2F",
            "code=a&state=s&iss=",
            "error=access_denied&state=s&iss=https%3A%2F%2Fevil.example",
        ] {
            assert_eq!(
                code(parameters, &EXPECTED),
                Err(CallbackError::Issuer),
                "{parameters}"
            );
            assert_eq!(
                code(parameters, &ADVERTISED),
                Err(CallbackError::Issuer),
                "{parameters}"
            );
        }
        let named = "code=a&state=s&iss=https%3A%2F%2Fop.example";
        assert!(code(named, &EXPECTED).is_ok());
        assert!(code(named, &ADVERTISED).is_ok());
        assert!(code("code=a&state=s", &EXPECTED).is_ok());
        assert_eq!(
            code("code=a&state=s", &ADVERTISED),
            Err(CallbackError::Issuer)
        );
        let without = Expected {
            issuer: None,
            ..EXPECTED
        };
        assert!(code(named, &without).is_ok());
    }

    #[test]
    fn parameters_stand_there_once() {
        for parameters in [
            "code=a&code=b&state=s",
            "code=a&state=s&state=s",
            "code=a&state=s&st%61te=t",
            "code=a&state=s&iss=a&iss=https%3A%2F%2Fop.example",
            "code=a&state=s&x=1&x=2",
        ] {
            assert_eq!(
                code(parameters, &EXPECTED),
                Err(CallbackError::Malformed),
                "{parameters}"
            );
        }
        let long = format!("code=a&state=s&x={}", "x".repeat(MAX_LEN));
        assert_eq!(code(&long, &EXPECTED), Err(CallbackError::Malformed));
    }

    #[test]
    fn errors_of_the_provider() {
        let denied = code(
            "error=access_denied&error_description=No&state=s&code=a",
            &EXPECTED,
        );
        let error = ProviderError::new("access_denied", "No");
        assert_eq!(denied, Err(CallbackError::Denied(error)));
        for name in ["user_cancelled_authorize", "user_cancelled_login"] {
            let denied = code(&format!("error={name}&state=s"), &EXPECTED);
            assert!(matches!(denied, Err(CallbackError::Denied(_))), "{name}");
        }
        for name in ["server_error", "login_required", ""] {
            let failed = code(&format!("error={name}&state=s"), &EXPECTED);
            assert!(matches!(failed, Err(CallbackError::Provider(_))), "{name}");
        }
    }
}
