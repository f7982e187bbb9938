//! Errors of stored hashes.

/// The reason why a stored hash can't be verified. The operator can fix it; the caller can't.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordHashError {
    /// The hash is damaged, or its form is not supported.
    #[error("the stored hash is not of a known form")]
    Malformed,
    /// The hash also depends on a secret key or data, which is unknown here.
    #[error(
        "the stored hash was made with a secret (`keyid`) or associated data, without which no password can be verified"
    )]
    Keyed,
    /// A parameter exceeds the limits of [`Parameters`](super::Parameters), or those of another system's form.
    #[error("the stored hash asks for more than the limits allow")]
    OutOfBounds,
    /// The hash needs more memory than the host has for one.
    #[error("the stored hash takes {needed} KiB of memory, and this host has {max} KiB for one")]
    TooLarge {
        /// The required amount.
        needed: u32,
        /// The available amount.
        max: u32,
    },
    /// The hash takes longer than the operator allows.
    #[error("verifying the stored hash takes about {needed} ms, and {max} ms are the limit")]
    TooSlow {
        /// The required amount.
        needed: u32,
        /// The limit.
        max: u32,
    },
    /// The allocation failed, although the host declared this memory as available.
    #[error("there is no memory for the hash")]
    NoMemory,
}
