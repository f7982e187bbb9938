//! Error codes, as a closed list.

use super::access_token::AccessTokenError;
use super::link::LinkError;

/// The code of an error. The list is closed: a mapping of the codes, to HTTP statuses for example, must map each of
/// them and does not compile when a new one is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorCode {
    /// The input breaks rules.
    Invalid,
    /// Another user has the e-mail address.
    EmailTaken,
    /// Another user has the user name.
    UsernameTaken,
    /// An account is linked to the identity already.
    IdentityTaken,
    /// No sign-in provider with this name is set up.
    ProviderUnknown,
    /// A page of another site starts a flow without a challenge.
    CrossSite,
    /// The state of a sign-in by a provider is refused.
    OauthStateInvalid,
    /// The person, or the provider for them, has refused.
    OauthDenied,
    /// The provider returned an error, or tokens that are refused.
    OauthFailed,
    /// The provider does not answer.
    ProviderUnavailable,
    /// The one-time code of a sign-in by a provider is refused.
    OauthCodeInvalid,
    /// An account has the address of the identity, and can't be linked by it.
    AccountExists,
    /// Sign-in by a provider creates no accounts.
    SignUpDisabled,
    /// The account has as many identities as it can have.
    TooManyIdentities,
    /// Without the identity, nobody could sign in to the account.
    LastSignInMethod,
    /// No tokens of the provider are stored for the identity.
    TokensNotStored,
    /// The account is unknown, or the password is wrong.
    InvalidCredentials,
    /// The account is unknown, the password is wrong, or the address is not verified yet.
    InvalidOrUnverified,
    /// The account is disabled.
    AccountDisabled,
    /// The password that should prove ownership of the account is wrong.
    WrongPassword,
    /// The password is required as well.
    PasswordRequired,
    /// The password is required again.
    ReauthenticationRequired,
    /// The code of the second factor is wrong.
    InvalidCode,
    /// The address of the account was never proved.
    EmailNotProved,
    /// A second factor is already enabled.
    MfaEnabled,
    /// No second factor is enabled.
    MfaNotEnabled,
    /// A one-time secret is refused.
    Link(LinkError),
    /// The account was deleted meanwhile.
    AccountGone,
    /// The object does not exist.
    NotFound,
    /// The user is a peer or a superior.
    InsufficientRank,
    /// A permission was lost while the request was decided.
    PermissionNeeded,
    /// Only superadmins are allowed to do this.
    SuperadminNeeded,
    /// The actor does not have what they would grant.
    GrantNotHeld,
    /// At least one superadmin must remain.
    LastSuperadmin,
    /// The role or permission is built in and can't be changed like this.
    BuiltIn,
    /// Another role or permission has the name.
    NameTaken,
    /// The user has no address to send a link to.
    NoEmail,
    /// The set-up token is wrong.
    SetupToken,
    /// No key pair of the configured algorithm signs tokens.
    NoSigningKey,
    /// A superadmin already exists.
    AlreadySetUp,
    /// The access token is refused.
    AccessToken(AccessTokenError),
    /// The refresh token is refused.
    RefreshToken,
    /// More password hashes are requested than the service is allowed to compute.
    Overloaded,
    /// Too many attempts.
    RateLimited,
    /// Something that the service depends on does not answer at the moment.
    Unavailable,
    /// A failure that does not resolve itself.
    Internal,
}
