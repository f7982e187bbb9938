//! Reasons to refuse an ID token.

use thiserror::Error;

/// The reason why an ID token is refused. Its text is for the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(crate) enum IdTokenError {
    /// Not three parts of base64url JSON, too long, with extensions, or a claim is missing or of a wrong type.
    #[error("the ID token is malformed")]
    Malformed,
    /// `typ` names another kind of token.
    #[error("the token is of another type")]
    Type,
    /// `alg` is `none`, an HMAC or unknown, or is not an algorithm of the key.
    #[error("the algorithm of the ID token is not one of the issuer's keys")]
    Algorithm,
    /// No key has its `kid`, or it has none and no key verifies it. The issuer may have new keys: they are fetched once.
    #[error("the key of the ID token is unknown")]
    KeyUnknown,
    /// The signature does not verify with the key.
    #[error("the signature of the ID token is invalid")]
    SignatureInvalid,
    /// `iss` is another issuer, or one that the key is not for.
    #[error("the ID token is from another issuer")]
    Issuer,
    /// `aud` does not name the client.
    #[error("the ID token is for another client")]
    Audience,
    /// `azp` is another client, or is missing beside several audiences.
    #[error("the ID token was issued to another client")]
    AuthorizedParty,
    /// `exp` has passed.
    #[error("the ID token has expired")]
    Expired,
    /// `iat`, `nbf` or `auth_time` is in the future.
    #[error("the ID token is not valid yet")]
    NotYetValid,
    /// `nonce` is missing or another.
    #[error("the ID token has another nonce")]
    Nonce,
    /// `at_hash` is that of another access token.
    #[error("the ID token belongs to another access token")]
    AccessToken,
    /// `auth_time` is missing or too early for the `max_age` that was asked for.
    #[error("the person has not signed in again")]
    AuthenticationTooOld,
    /// `sub` is empty, too long or not ASCII.
    #[error("the subject of the ID token is invalid")]
    Subject,
}
