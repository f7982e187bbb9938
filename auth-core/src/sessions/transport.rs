//! How a session is carried between client and service.

/// What carries a session between client and service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenFormat {
    /// JWTs.
    Jwt,
    /// An opaque token.
    Opaque,
}

/// What an opaque token begins with.
pub(crate) const OPAQUE: &str = "s_";

/// How a client wants to carry a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionTransport {
    /// JWTs in the body of the answer.
    Jwt,
    /// An opaque token in the body of the answer.
    Session,
    /// An opaque token in a cookie.
    Cookie,
    /// JWTs in cookies.
    JwtCookie,
}

impl SessionTransport {
    /// The names in settings and requests.
    pub const NAMES: [&str; 4] = ["jwt", "session", "cookie", "jwt_cookie"];

    /// The transport of that name.
    pub fn parse(name: &str) -> Option<Self> {
        let all = [Self::Jwt, Self::Session, Self::Cookie, Self::JwtCookie];
        let at = Self::NAMES.iter().position(|known| *known == name)?;
        Some(all[at])
    }

    /// The format of the tokens that it carries.
    pub fn token_format(self) -> TokenFormat {
        match self {
            Self::Jwt | Self::JwtCookie => TokenFormat::Jwt,
            Self::Session | Self::Cookie => TokenFormat::Opaque,
        }
    }

    /// Whether it is a cookie.
    pub fn is_cookie(self) -> bool {
        matches!(self, Self::Cookie | Self::JwtCookie)
    }
}
