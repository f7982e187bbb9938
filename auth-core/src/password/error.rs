//! Why a stored hash can't be verified.

/// Why a stored hash can't be verified. It is the operator's fault, not the caller's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordHashError {
    /// Damaged, or of no form that can be verified.
    #[error("the stored hash is not of a known form")]
    Malformed,
    /// A secret key or data went into it besides the password, of which nothing is known here.
    #[error(
        "the stored hash was made with a secret (`keyid`) or associated data, without which no password can be verified"
    )]
    Keyed,
    /// A parameter is beyond [`Parameters`](super::Parameters)' limits, or beyond those of another system's form.
    #[error("the stored hash asks for more than the limits allow")]
    OutOfBounds,
    /// The host has less memory for a hash than this one takes.
    #[error("the stored hash takes {needed} KiB of memory, and this host has {max} KiB for one")]
    TooLarge {
        /// What it takes.
        needed: u32,
        /// What there is.
        max: u32,
    },
    /// It takes longer than the operator allows.
    #[error("verifying the stored hash takes about {needed} ms, and {max} ms are the limit")]
    TooSlow {
        /// What it takes.
        needed: u32,
        /// What is allowed.
        max: u32,
    },
    /// The memory could not be had, against what the host had promised.
    #[error("there is no memory for the hash")]
    NoMemory,
}
