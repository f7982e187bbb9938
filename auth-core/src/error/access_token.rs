//! Reasons to refuse an access token.

use thiserror::Error;

/// The reason why an access token is refused (RFC 7519, RFC 8725, RFC 9068).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum AccessTokenError {
    /// Not three parts of base64url JSON, an unknown `crit` header, or a claim of a wrong type.
    #[error("it is malformed")]
    Malformed,
    /// `typ` is not `at+jwt`.
    #[error("it is of another type")]
    TypeMismatch,
    /// No key has its `kid`.
    #[error("its key is unknown")]
    KeyUnknown,
    /// `alg` is not the algorithm of the key; `none` never is.
    #[error("its algorithm is not its key's")]
    AlgorithmMismatch,
    /// The signature does not verify with the key.
    #[error("its signature is invalid")]
    SignatureInvalid,
    /// `exp` has passed.
    #[error("it has expired")]
    Expired,
    /// `nbf` or `iat` is in the future.
    #[error("it is not valid yet")]
    NotYetValid,
    /// `iss` is another issuer.
    #[error("it is from another issuer")]
    IssuerMismatch,
    /// `aud` is another audience.
    #[error("it is for another audience")]
    AudienceMismatch,
    /// Its session has ended, or its user is deleted or disabled.
    #[error("its session has ended")]
    SessionEnded,
}

impl AccessTokenError {
    /// Returns the stable code, for programs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Malformed => "token_malformed",
            Self::TypeMismatch => "token_type_mismatch",
            Self::KeyUnknown => "key_unknown",
            Self::AlgorithmMismatch => "algorithm_mismatch",
            Self::SignatureInvalid => "signature_invalid",
            Self::Expired => "token_expired",
            Self::NotYetValid => "token_not_yet_valid",
            Self::IssuerMismatch => "issuer_mismatch",
            Self::AudienceMismatch => "audience_mismatch",
            Self::SessionEnded => "session_ended",
        }
    }
}
