//! Why a one-time secret is refused.

use thiserror::Error;

/// Why a one-time secret is refused. Who holds one may know what became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum LinkError {
    /// Not one of ours, or for something else.
    #[error("it is not valid")]
    Invalid,
    /// It was used.
    #[error("it was used already")]
    Used,
    /// Its time is over.
    #[error("it has expired")]
    Expired,
}

impl LinkError {
    /// Stable code, for programs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Invalid => "link_invalid",
            Self::Used => "link_used",
            Self::Expired => "link_expired",
        }
    }
}
