//! Reasons to refuse a one-time secret.

use thiserror::Error;

/// The reason why a one-time secret is refused. The owner of a secret is allowed to know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum LinkError {
    /// Not a secret of this service, or for another purpose.
    #[error("it is not valid")]
    Invalid,
    /// Already used.
    #[error("it was used already")]
    Used,
    /// Expired.
    #[error("it has expired")]
    Expired,
}

impl LinkError {
    /// Returns the stable code, for programs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Invalid => "link_invalid",
            Self::Used => "link_used",
            Self::Expired => "link_expired",
        }
    }
}
