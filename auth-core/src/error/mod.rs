//! What can go wrong, and whose fault it is.

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

/// Why a call was refused or failed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Error {
    /// Caller: the input breaks the rules; each broken rule stands once. Nothing was done.
    #[error("the input is not valid")]
    Invalid(Vec<FieldError>),
    /// Caller: another user has this e-mail address.
    #[error("the e-mail address is taken")]
    EmailTaken,
    /// Caller: another user has this user name.
    #[error("the user name is taken")]
    UsernameTaken,
    /// Caller: unknown account or wrong password; never says which.
    #[error("e-mail or password is wrong")]
    InvalidCredentials,
    /// Caller: the right password, of an account that an administrator switched off.
    #[error("the account is disabled")]
    AccountDisabled,
    /// Caller: the same where addresses have to be verified first, or the address is not yet; never says which, as
    /// anybody can register with the address of another and knows that password.
    #[error("e-mail or password is wrong, or the address is not verified")]
    InvalidOrUnverified,
    /// Caller: the password that was to prove the account is wrong.
    #[error("the password is wrong")]
    WrongPassword,
    /// Caller: a link alone does not prove the account; its password or a session of it does.
    #[error("the password is needed as well")]
    PasswordRequired,
    /// Caller: signed in too long ago for this; the password is needed.
    #[error("the password is needed again")]
    ReauthenticationRequired,
    /// Caller: the code of the second factor is wrong, used or old; never says which.
    #[error("the code is wrong")]
    InvalidCode,
    /// Caller: a second factor can be added once the address of the account is proved.
    #[error("the e-mail address was never verified")]
    EmailNotProved,
    /// Caller: there is a second factor already.
    #[error("a second factor is in force")]
    MfaEnabled,
    /// Caller: there is no second factor.
    #[error("no second factor is in force")]
    MfaNotEnabled,
    /// Caller: the secret of a link, or the one that continues a login, is refused.
    #[error("the one-time secret is refused: {0}")]
    Link(LinkError),
    /// Caller: the account was deleted meanwhile.
    #[error("the account is gone")]
    AccountGone,
    /// Caller: the person has no such thing.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// Caller: who it is about is a peer or a superior.
    #[error("the user is not below the one who asks")]
    InsufficientRank,
    /// Caller: the permission was lost while the request was decided.
    #[error("this needs the permission {0}")]
    PermissionNeeded(&'static str),
    /// Caller: this is for superadmins.
    #[error("this is for superadmins")]
    SuperadminNeeded,
    /// Caller: the administrator would grant what they do not hold.
    #[error("nobody grants what he does not hold")]
    GrantNotHeld,
    /// Caller: there has to be one superadmin who is not disabled.
    #[error("this is the last superadmin")]
    LastSuperadmin,
    /// Caller: the service needs this role or permission as it is.
    #[error("it is built in")]
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
    /// Caller: there is a superadmin already.
    #[error("there is a superadmin already")]
    AlreadySetUp,
    /// Caller: the access token is refused.
    #[error("the access token is refused: {0}")]
    AccessToken(#[from] AccessTokenError),
    /// Caller: the refresh token is refused. One variant for every cause: the causes would tell an attacker what they hold.
    #[error("the refresh token is refused")]
    RefreshToken,
    /// Service: more password hashes are asked for than it may compute. Nothing was done.
    #[error("too many password hashes are asked for")]
    Overloaded,
    /// Caller: too many attempts.
    #[error("too many attempts, again in {retry_after} s")]
    RateLimited {
        /// Whole seconds until the next attempt is counted anew, at least 1.
        retry_after: u64,
    },
    /// Operator: something the service depends on does not answer now; trying again later may help.
    #[error("not available: {0}")]
    Unavailable(String),
    /// Operator or we: something that can't mend itself. The text is for the log, never for the caller.
    #[error("internal error: {0}")]
    Internal(String),
}

impl Error {
    /// What went wrong, without its details.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Invalid(_) => ErrorCode::Invalid,
            Self::EmailTaken => ErrorCode::EmailTaken,
            Self::UsernameTaken => ErrorCode::UsernameTaken,
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
