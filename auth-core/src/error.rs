//! What can go wrong, and whose fault it is.

use std::borrow::Cow;

use thiserror::Error;

use crate::storage::StorageError;

/// Why a call was refused or failed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
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
    /// Caller: he would give what he does not have himself.
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
    /// Caller: the refresh token is refused. One variant for every cause: the causes tell an attacker what he holds.
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

/// `Result` with [`enum@Error`].
pub type Result<T> = core::result::Result<T, Error>;

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

/// One broken rule about one input field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// Name of the field in the request.
    pub field: Cow<'static, str>,
    /// Which rule, stable, for programs.
    pub code: FieldErrorCode,
    /// Which rule, for people.
    pub message: String,
}

impl FieldError {
    /// A broken rule.
    pub fn new(
        field: impl Into<Cow<'static, str>>,
        code: FieldErrorCode,
        message: impl Into<String>,
    ) -> Self {
        Self {
            field: field.into(),
            code,
            message: message.into(),
        }
    }
}

/// The rules an input field can break.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FieldErrorCode {
    /// The field is missing or empty.
    Required,
    /// Fewer characters than allowed.
    TooShort,
    /// More characters than allowed.
    TooLong,
    /// Not of the form that the field has.
    InvalidFormat,
    /// Among the passwords that attackers try first.
    CommonPassword,
    /// In a list of breached passwords.
    BreachedPassword,
    /// Made of the product's name, the address or the user name.
    ContextWord,
    /// Of another type than the field has.
    InvalidType,
    /// No field of that name.
    Unknown,
    /// Not this person's to change.
    ReadOnly,
    /// It names something that is not there.
    NotFound,
    /// Somebody else has it.
    Taken,
    /// Who asks does not hold it himself.
    GrantNotHeld,
}

impl FieldErrorCode {
    /// The code in the API's spelling.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Required => "required",
            Self::TooShort => "too_short",
            Self::TooLong => "too_long",
            Self::InvalidFormat => "invalid_format",
            Self::CommonPassword => "common_password",
            Self::BreachedPassword => "breached_password",
            Self::ContextWord => "context_word",
            Self::InvalidType => "invalid_type",
            Self::Unknown => "unknown_field",
            Self::ReadOnly => "read_only",
            Self::NotFound => "not_found",
            Self::Taken => "taken",
            Self::GrantNotHeld => "grant_not_held",
        }
    }
}

/// Why an access token is refused (RFC 7519, RFC 8725, RFC 9068).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
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
    /// `alg` is not the algorithm of the key; `none` is never one.
    #[error("its algorithm is not its key's")]
    AlgorithmMismatch,
    /// The signature is not the key's.
    #[error("its signature is invalid")]
    SignatureInvalid,
    /// `exp` has passed.
    #[error("it has expired")]
    Expired,
    /// `nbf` or `iat` has not come.
    #[error("it is not valid yet")]
    NotYetValid,
    /// `iss` is another.
    #[error("it is from another issuer")]
    IssuerMismatch,
    /// `aud` is another.
    #[error("it is for another audience")]
    AudienceMismatch,
    /// The session it names was ended, or its user is gone or disabled.
    #[error("its session has ended")]
    SessionEnded,
}

impl AccessTokenError {
    /// Stable code, for programs.
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

impl From<StorageError> for Error {
    fn from(error: StorageError) -> Self {
        match error {
            StorageError::Unavailable(cause) => Self::Unavailable(format!("storage: {cause}")),
            StorageError::Invalid(cause) => Self::Internal(format!("storage: {cause}")),
        }
    }
}
