//! People and their sessions.

use serde_json::Value;

/// A password that keeps every rule.
pub const PASSWORD: &str = "correct horse battery staple";
/// What access tokens are signed with where a scenario has to make its own.
pub const JWT_SECRET: &str = "a shared secret of more than thirty-two bytes";

/// The setting by which [`Host::administrator`](crate::host::Host::administrator) gets in.
pub const SETUP: (&str, &str) = ("SETUP_TOKEN", "known-to-the-tests-and-to-nobody-else");

/// What a client holds of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tokens {
    /// The access token.
    pub access_token: String,
    /// The refresh token.
    pub refresh_token: String,
}

impl Tokens {
    /// The tokens in a response.
    pub fn of(body: &Value) -> Self {
        assert_eq!(body["token_type"], "Bearer", "{body}");
        let text = |name: &str| body[name].as_str().unwrap().to_owned();
        Self {
            access_token: text("access_token"),
            refresh_token: text("refresh_token"),
        }
    }
}

/// A person whose identifier is known, with a session.
#[derive(Debug, Clone)]
pub struct Person {
    /// Identifier.
    pub id: String,
    /// E-mail address.
    pub email: String,
    /// The session.
    pub session: Tokens,
}

impl Person {
    /// The access token of the session.
    pub fn token(&self) -> &str {
        &self.session.access_token
    }

    /// The path of the user in the API.
    pub fn path(&self) -> String {
        format!("/users/{}", self.id)
    }
}
