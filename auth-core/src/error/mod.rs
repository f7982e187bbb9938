//! Errors, and who is responsible for each.

mod access_token;
mod code;
mod field;
mod link;

use thiserror::Error;

use crate::storage::StorageError;

pub use access_token::AccessTokenError;
pub use code::ErrorCode;
pub use field::{FieldError, FieldErrorCode};
pub use link::LinkError;

/// The reason why a call was refused or failed. Each variant begins with who is responsible.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Error {
    /// Caller: the input breaks rules; each broken rule is listed once. Nothing was done.
    #[error("the input is not valid")]
    Invalid(Vec<FieldError>),
    /// Caller: another user has this e-mail address.
    #[error("the e-mail address is taken")]
    EmailTaken,
    /// Caller: another user has this user name.
    #[error("the user name is taken")]
    UsernameTaken,
    /// Caller: an account is linked to this identity already.
    #[error("the identity is taken")]
    IdentityTaken,
    /// Caller: no sign-in provider with this name is set up.
    #[error("the sign-in provider is unknown")]
    ProviderUnknown,
    /// Caller: a page of another site starts a flow whose result belongs to a session, and sends no challenge.
    #[error("the request is from another site")]
    CrossSite,
    /// Caller: the state of a sign-in by a provider is missing, expired, used, or of another browser.
    #[error("the state of the sign-in is refused")]
    OauthStateInvalid,
    /// Caller: the person, or the provider for them, has refused.
    #[error("refused at the sign-in provider")]
    OauthDenied,
    /// Operator: the provider returned an error, or tokens that are refused. The log has the cause.
    #[error("the sign-in provider returned an error or invalid tokens")]
    OauthFailed,
    /// Operator: the provider does not answer, or not as a provider does. The log has the cause.
    #[error("the sign-in provider is unavailable")]
    ProviderUnavailable,
    /// Caller: the one-time code of a sign-in by a provider is unknown, used or expired, for another purpose, or of
    /// another browser; never reveals which.
    #[error("the code of the sign-in is refused")]
    OauthCodeInvalid,
    /// Caller: an account has the address of the identity, and can't be linked by it.
    #[error("an account has this address already")]
    AccountExists,
    /// Caller: sign-in by a provider creates no accounts.
    #[error("sign-in by a provider creates no accounts")]
    SignUpDisabled,
    /// Caller: the account has as many identities as it can have.
    #[error("the account has too many identities")]
    TooManyIdentities,
    /// Caller: without the identity, nobody could sign in to the account.
    #[error("this is the last way to sign in")]
    LastSignInMethod,
    /// Caller: no tokens of the provider are stored for the identity.
    #[error("no tokens of the provider are stored")]
    TokensNotStored,
    /// Caller: unknown account or wrong password; never reveals which.
    #[error("e-mail or password is wrong")]
    InvalidCredentials,
    /// Caller: the right password, but an administrator has disabled the account.
    #[error("the account is disabled")]
    AccountDisabled,
    /// Caller: unknown account, wrong password, or an address that must be verified first; never reveals which, because
    /// anybody can register with the address of another person, and knows that password.
    #[error("e-mail or password is wrong, or the address is not verified")]
    InvalidOrUnverified,
    /// Caller: the password that should prove ownership of the account is wrong.
    #[error("the password is wrong")]
    WrongPassword,
    /// Caller: a link alone does not prove ownership of the account; its password or a session of it does.
    #[error("the password is required as well")]
    PasswordRequired,
    /// Caller: the sign-in is too long ago for this; the password is required.
    #[error("the password is required again")]
    ReauthenticationRequired,
    /// Caller: the code of the second factor is wrong, used or old; never reveals which.
    #[error("the code is wrong")]
    InvalidCode,
    /// Caller: a second factor can be added only after the address of the account is proved.
    #[error("the e-mail address was never verified")]
    EmailNotProved,
    /// Caller: a second factor is already enabled.
    #[error("a second factor is already enabled")]
    MfaEnabled,
    /// Caller: no second factor is enabled.
    #[error("no second factor is enabled")]
    MfaNotEnabled,
    /// Caller: the secret of a link, or the one that continues a login, is refused.
    #[error("the one-time secret is refused: {0}")]
    Link(LinkError),
    /// Caller: the account was deleted meanwhile.
    #[error("the account was deleted")]
    AccountGone,
    /// Caller: the object does not exist, or is not the person's.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// Caller: the user concerned is a peer or a superior.
    #[error("the user is a peer or a superior")]
    InsufficientRank,
    /// Caller: a permission was lost while the request was decided.
    #[error("this needs the permission {0}")]
    PermissionNeeded(&'static str),
    /// Caller: only superadmins are allowed to do this.
    #[error("this requires a superadmin")]
    SuperadminNeeded,
    /// Caller: the administrator would grant what they do not have.
    #[error("administrators can grant only what they have")]
    GrantNotHeld,
    /// Caller: at least one superadmin who is not disabled must remain.
    #[error("this is the last superadmin")]
    LastSuperadmin,
    /// Caller: the role or permission is built in and can't be changed like this.
    #[error("the role or permission is built in")]
    BuiltIn,
    /// Caller: another role or permission has the name.
    #[error("the name is taken")]
    NameTaken,
    /// Caller: the user has no address to send a link to.
    #[error("the user has no e-mail address")]
    NoEmail,
    /// Caller: the set-up token is wrong.
    #[error("the set-up token is wrong")]
    SetupToken,
    /// Caller: no key pair of the configured algorithm and secret signs tokens.
    #[error("no key pair of the configured algorithm and secret signs tokens")]
    NoSigningKey,
    /// Caller: a superadmin already exists.
    #[error("a superadmin already exists")]
    AlreadySetUp,
    /// Caller: the access token is refused.
    #[error("the access token is refused: {0}")]
    AccessToken(#[from] AccessTokenError),
    /// Caller: the refresh token is refused. Every cause has this one variant, because the cause would reveal to an
    /// attacker what they have.
    #[error("the refresh token is refused")]
    RefreshToken,
    /// Service: more password hashes are requested than it is allowed to compute. Nothing was done.
    #[error("too many password hashes are requested")]
    Overloaded,
    /// Caller: too many attempts.
    #[error("too many attempts; try again in {retry_after} s")]
    RateLimited {
        /// Whole seconds until attempts are counted from zero again, at least 1.
        retry_after: u64,
    },
    /// Operator: something that the service depends on does not answer at the moment; trying again later may help.
    #[error("not available: {0}")]
    Unavailable(String),
    /// Operator or developers: a failure that does not resolve itself. The text is for the log, never for the caller.
    #[error("internal error: {0}")]
    Internal(String),
}

impl Error {
    /// Returns the code of the error, without details.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Invalid(_) => ErrorCode::Invalid,
            Self::EmailTaken => ErrorCode::EmailTaken,
            Self::NoSigningKey => ErrorCode::NoSigningKey,
            Self::UsernameTaken => ErrorCode::UsernameTaken,
            Self::IdentityTaken => ErrorCode::IdentityTaken,
            Self::ProviderUnknown => ErrorCode::ProviderUnknown,
            Self::CrossSite => ErrorCode::CrossSite,
            Self::OauthStateInvalid => ErrorCode::OauthStateInvalid,
            Self::OauthDenied => ErrorCode::OauthDenied,
            Self::OauthFailed => ErrorCode::OauthFailed,
            Self::ProviderUnavailable => ErrorCode::ProviderUnavailable,
            Self::OauthCodeInvalid => ErrorCode::OauthCodeInvalid,
            Self::AccountExists => ErrorCode::AccountExists,
            Self::SignUpDisabled => ErrorCode::SignUpDisabled,
            Self::TooManyIdentities => ErrorCode::TooManyIdentities,
            Self::LastSignInMethod => ErrorCode::LastSignInMethod,
            Self::TokensNotStored => ErrorCode::TokensNotStored,
            Self::InvalidCredentials => ErrorCode::InvalidCredentials,
            Self::AccountDisabled => ErrorCode::AccountDisabled,
            Self::InvalidOrUnverified => ErrorCode::InvalidOrUnverified,
            Self::WrongPassword => ErrorCode::WrongPassword,
            Self::PasswordRequired => ErrorCode::PasswordRequired,
            Self::ReauthenticationRequired => ErrorCode::ReauthenticationRequired,
            Self::InvalidCode => ErrorCode::InvalidCode,
            Self::EmailNotProved => ErrorCode::EmailNotProved,
            Self::MfaEnabled => ErrorCode::MfaEnabled,
            Self::MfaNotEnabled => ErrorCode::MfaNotEnabled,
            Self::Link(cause) => ErrorCode::Link(*cause),
            Self::AccountGone => ErrorCode::AccountGone,
            Self::NotFound(_) => ErrorCode::NotFound,
            Self::InsufficientRank => ErrorCode::InsufficientRank,
            Self::PermissionNeeded(_) => ErrorCode::PermissionNeeded,
            Self::SuperadminNeeded => ErrorCode::SuperadminNeeded,
            Self::GrantNotHeld => ErrorCode::GrantNotHeld,
            Self::LastSuperadmin => ErrorCode::LastSuperadmin,
            Self::BuiltIn => ErrorCode::BuiltIn,
            Self::NameTaken => ErrorCode::NameTaken,
            Self::NoEmail => ErrorCode::NoEmail,
            Self::SetupToken => ErrorCode::SetupToken,
            Self::AlreadySetUp => ErrorCode::AlreadySetUp,
            Self::AccessToken(cause) => ErrorCode::AccessToken(*cause),
            Self::RefreshToken => ErrorCode::RefreshToken,
            Self::Overloaded => ErrorCode::Overloaded,
            Self::RateLimited { .. } => ErrorCode::RateLimited,
            Self::Unavailable(_) => ErrorCode::Unavailable,
            Self::Internal(_) => ErrorCode::Internal,
        }
    }
}

/// `Result` with [`enum@Error`].
pub type Result<T> = core::result::Result<T, Error>;

impl From<StorageError> for Error {
    fn from(error: StorageError) -> Self {
        match error {
            StorageError::Unavailable(cause) => Self::Unavailable(format!("storage: {cause}")),
            StorageError::Invalid(cause) => Self::Internal(format!("storage: {cause}")),
        }
    }
}
