//! Errors of stored hashes.

/// The reason why a stored hash can't be verified. The operator can fix it; the caller can't.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordHashError {
    /// The hash is damaged, or its form is not supported.
    #[error("the stored hash is not of a known form")]
    Malformed,
    /// The hash also depends on a secret key or data, which is unknown here.
    #[error(
        "the stored hash was created with a secret (`keyid`) or associated data, without which passwords can't be verified"
    )]
    Keyed,
    /// A parameter exceeds the limits of [`Parameters`](super::Parameters), or those of another system's form.
    #[error("the parameters of the stored hash exceed the limits")]
    OutOfBounds,
    /// The hash needs more memory than the host has for one.
    #[error("the stored hash needs {needed} KiB of memory, but this host has {max} KiB for a hash")]
    TooLarge {
        /// The required amount.
        needed: u32,
        /// The available amount.
        max: u32,
    },
    /// The hash takes longer than the operator allows.
    #[error("verifying the stored hash takes about {needed} ms, more than the limit of {max} ms")]
    TooSlow {
        /// The required amount.
        needed: u32,
        /// The limit.
        max: u32,
    },
    /// The allocation failed, although the host declared this memory as available.
    #[error("there is not enough memory for the hash")]
    NoMemory,
}
