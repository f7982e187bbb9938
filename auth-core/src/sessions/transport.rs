//! Session transports and token formats.

use serde::{Deserialize, Serialize};

/// The format of a session's tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenFormat {
    /// JWTs.
    Jwt,
    /// An opaque token.
    Opaque,
}

/// The prefix of opaque tokens.
pub(crate) const OPAQUE: &str = "s_";

/// The way in which a client sends its session's tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionTransport {
    /// JWTs in the response body.
    Jwt,
    /// An opaque token in the response body.
    Session,
    /// An opaque token in a cookie.
    Cookie,
    /// JWTs in cookies.
    JwtCookie,
}

impl SessionTransport {
    /// The names used in settings and requests.
    pub const NAMES: [&str; 4] = ["jwt", "session", "cookie", "jwt_cookie"];

    /// Returns the transport with this name.
    pub fn parse(name: &str) -> Option<Self> {
        let all = [Self::Jwt, Self::Session, Self::Cookie, Self::JwtCookie];
        let at = Self::NAMES.iter().position(|known| *known == name)?;
        Some(all[at])
    }

    /// Returns the name of the transport.
    pub fn name(self) -> &'static str {
        Self::NAMES[self as usize]
    }

    /// Returns the format of the transport's tokens.
    pub fn token_format(self) -> TokenFormat {
        match self {
            Self::Jwt | Self::JwtCookie => TokenFormat::Jwt,
            Self::Session | Self::Cookie => TokenFormat::Opaque,
        }
    }

    /// Whether the transport uses cookies.
    pub fn is_cookie(self) -> bool {
        matches!(self, Self::Cookie | Self::JwtCookie)
    }
}
