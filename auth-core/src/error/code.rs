//! What went wrong, as a closed list of codes.

use super::access_token::AccessTokenError;
use super::link::LinkError;

/// What went wrong. The list is closed: whoever maps codes, to HTTP statuses for example, maps each of them, and a new
/// one does not compile until they do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorCode {
    /// The input breaks rules.
    Invalid,
    /// Another user has the e-mail address.
    EmailTaken,
    /// Another user has the user name.
    UsernameTaken,
    /// The account is unknown, or the password wrong.
    InvalidCredentials,
    /// The same, or the address is not verified yet.
    InvalidOrUnverified,
    /// The account is disabled.
    AccountDisabled,
    /// The password that was to prove the account is wrong.
    WrongPassword,
    /// The password is needed as well.
    PasswordRequired,
    /// The password is needed again.
    ReauthenticationRequired,
    /// The code of the second factor is wrong.
    InvalidCode,
    /// The address of the account was never proved.
    EmailNotProved,
    /// There is a second factor already.
    MfaEnabled,
    /// There is no second factor.
    MfaNotEnabled,
    /// A one-time secret is refused.
    Link(LinkError),
    /// The account was deleted meanwhile.
    AccountGone,
    /// There is no such thing.
    NotFound,
    /// The user is a peer or a superior.
    InsufficientRank,
    /// A permission was lost while the request was decided.
    PermissionNeeded,
    /// This is for superadmins.
    SuperadminNeeded,
    /// Nobody grants what they do not hold.
    GrantNotHeld,
    /// One superadmin has to be left.
    LastSuperadmin,
    /// The service needs this as it is.
    BuiltIn,
    /// Another role or permission has the name.
    NameTaken,
    /// The user has no address to send a link to.
    NoEmail,
    /// The set-up token is wrong.
    SetupToken,
    /// There is a superadmin already.
    AlreadySetUp,
    /// The access token is refused.
    AccessToken(AccessTokenError),
    /// The refresh token is refused.
    RefreshToken,
    /// More password hashes are asked for than the service may compute.
    Overloaded,
    /// Too many attempts.
    RateLimited,
    /// Something that the service depends on does not answer now.
    Unavailable,
    /// Something failed that can't mend itself.
    Internal,
}
