//! Users and their sessions.

use serde_json::Value;

/// A password that satisfies every rule.
pub const PASSWORD: &str = "correct horse battery staple";
/// The secret for access tokens that a scenario signs itself.
pub const JWT_SECRET: &str = "a shared secret of more than thirty-two bytes";

/// The setting that allows [`Host::administrator`](crate::host::Host::administrator) to create the first superadmin.
pub const SETUP: (&str, &str) = ("SETUP_TOKEN", "known-to-the-tests-and-to-nobody-else");

/// A client's tokens of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tokens {
    /// The access token.
    pub access_token: String,
    /// The refresh token.
    pub refresh_token: String,
}

impl Tokens {
    /// Reads the tokens in a response.
    pub fn of(body: &Value) -> Self {
        assert_eq!(body["token_type"], "Bearer", "{body}");
        let text = |name: &str| body[name].as_str().unwrap().to_owned();
        Self {
            access_token: text("access_token"),
            refresh_token: text("refresh_token"),
        }
    }
}

/// A user with a known ID and a session.
#[derive(Debug, Clone)]
pub struct Person {
    /// The ID.
    pub id: String,
    /// The e-mail address.
    pub email: String,
    /// The session.
    pub session: Tokens,
}

impl Person {
    /// Returns the access token of the session.
    pub fn token(&self) -> &str {
        &self.session.access_token
    }

    /// Returns the path of the user in the API.
    pub fn path(&self) -> String {
        format!("/users/{}", self.id)
    }
}
