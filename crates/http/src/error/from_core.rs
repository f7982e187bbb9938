//! Mapping of core errors to answers: each has a status, a code for programs and a message for people.

use auth_core::{AccessTokenError, Error, ErrorCode, FieldError, LinkError};
use http::StatusCode;
use http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use serde_json::json;

use crate::error::api_error::{ApiError, REALM};

impl ApiError {
    /// Returns the answer for an error code, without details. The list of codes is closed, so each has its answer here.
    fn of(code: ErrorCode) -> Self {
        match code {
            ErrorCode::Invalid => Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "validation_failed",
                "Some fields are not valid.",
            ),
            ErrorCode::EmailTaken => Self::new(
                StatusCode::CONFLICT,
                "email_taken",
                "This e-mail address is already registered; use another one.",
            ),
            ErrorCode::UsernameTaken => Self::new(
                StatusCode::CONFLICT,
                "username_taken",
                "This user name is taken; choose another one.",
            ),
            ErrorCode::IdentityTaken => Self::new(
                StatusCode::CONFLICT,
                "identity_taken",
                "This account at the provider is linked already; sign in with it, or use another one.",
            ),
            ErrorCode::CrossSite => Self::cross_site(),
            ErrorCode::ProviderUnknown => Self::new(
                StatusCode::NOT_FOUND,
                "provider_unknown",
                "There is no sign-in provider with this name; `GET /auth/oauth` lists them.",
            ),
            ErrorCode::OauthStateInvalid => Self::new(
                StatusCode::BAD_REQUEST,
                "oauth_state_invalid",
                "This sign-in was begun in another browser, completed already, or more than ten minutes ago; begin again.",
            ),
            ErrorCode::OauthDenied => Self::new(
                StatusCode::FORBIDDEN,
                "oauth_denied",
                "The sign-in was refused at the provider.",
            ),
            ErrorCode::OauthFailed => Self::new(
                StatusCode::BAD_GATEWAY,
                "oauth_failed",
                "The sign-in failed at the provider; try again later.",
            ),
            ErrorCode::ProviderUnavailable => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "provider_unavailable",
                "The sign-in provider does not answer; try again later.",
            )
            .with_header(RETRY_AFTER, "10"),
            ErrorCode::OauthCodeInvalid => Self::new(
                StatusCode::BAD_REQUEST,
                "oauth_code_invalid",
                "The code is not valid, has expired, or was used already; begin again.",
            ),
            ErrorCode::AccountExists => Self::new(
                StatusCode::CONFLICT,
                "account_exists",
                "There is already an account with this address; sign in to it, and link the provider there.",
            ),
            ErrorCode::SignUpDisabled => Self::new(
                StatusCode::FORBIDDEN,
                "sign_up_disabled",
                "No account is linked to this sign-in; sign in to yours, and link the provider there.",
            ),
            ErrorCode::TooManyIdentities => Self::new(
                StatusCode::CONFLICT,
                "too_many_identities",
                "The account has 20 linked sign-ins already; unlink one first.",
            ),
            ErrorCode::LastSignInMethod => Self::new(
                StatusCode::CONFLICT,
                "last_sign_in_method",
                "This is the last way to sign in; set a password or link another provider first.",
            ),
            ErrorCode::TokensNotStored => Self::new(
                StatusCode::NOT_FOUND,
                "tokens_not_stored",
                "No tokens of the provider are stored for this sign-in.",
            ),
            ErrorCode::InvalidCredentials => {
                Self::invalid_credentials("E-mail or password is wrong.")
            }
            ErrorCode::InvalidOrUnverified => Self::invalid_credentials(
                "E-mail or password is wrong, or the address is not verified yet: follow the link that was e-mailed to it.",
            ),
            ErrorCode::AccountDisabled => Self::new(
                StatusCode::FORBIDDEN,
                "account_disabled",
                "This account is disabled; ask an administrator to enable it.",
            ),
            ErrorCode::WrongPassword => Self::new(
                StatusCode::FORBIDDEN,
                "wrong_password",
                "The password is wrong.",
            ),
            ErrorCode::PasswordRequired => Self::new(
                StatusCode::FORBIDDEN,
                "password_required",
                "The password of the account or a session of it is required as well.",
            ),
            ErrorCode::ReauthenticationRequired => Self::new(
                StatusCode::FORBIDDEN,
                "reauthentication_required",
                "This requires recent authentication: reauthenticate (`POST /auth/reauthenticate`) or sign in again.",
            ),
            ErrorCode::InvalidCode => Self::new(
                StatusCode::FORBIDDEN,
                "invalid_code",
                "The code is wrong, has expired or was used already.",
            ),
            ErrorCode::EmailNotProved => Self::new(
                StatusCode::FORBIDDEN,
                "email_not_verified",
                "Verify the e-mail address first, with the link that was e-mailed to it.",
            ),
            ErrorCode::MfaEnabled => Self::new(
                StatusCode::CONFLICT,
                "mfa_enabled",
                "A second factor is already enabled; disable it first.",
            ),
            ErrorCode::MfaNotEnabled => Self::new(
                StatusCode::CONFLICT,
                "mfa_not_enabled",
                "There is no second factor, or none to confirm; set one up first (`POST /auth/2fa/enable`).",
            ),
            ErrorCode::Link(cause) => Self::new(
                StatusCode::BAD_REQUEST,
                cause.as_str(),
                match cause {
                    LinkError::Invalid => "This link is not valid; check that it is complete.",
                    LinkError::Used => "This link was used already.",
                    LinkError::Expired => "This link has expired.",
                },
            ),
            ErrorCode::InsufficientRank => Self::new(
                StatusCode::FORBIDDEN,
                "insufficient_rank",
                "This requires a higher rank than that of the user or role. Change your own account with the routes of `/account`.",
            ),
            ErrorCode::PermissionNeeded => Self::forbidden("of the route"),
            ErrorCode::SuperadminNeeded => Self::new(
                StatusCode::FORBIDDEN,
                "forbidden",
                "This is only allowed for superadmins.",
            ),
            ErrorCode::GrantNotHeld => Self::new(
                StatusCode::FORBIDDEN,
                "grant_not_held",
                "You can only grant or revoke permissions that you hold yourself, directly or in roles of a lower rank.",
            ),
            ErrorCode::LastSuperadmin => Self::new(
                StatusCode::CONFLICT,
                "last_superadmin",
                "This is the last superadmin who is not disabled; appoint another one first.",
            ),
            ErrorCode::BuiltIn => Self::new(
                StatusCode::CONFLICT,
                "built_in",
                "This is built in and can't be changed in this way.",
            ),
            ErrorCode::NoSigningKey => Self::new(
                StatusCode::CONFLICT,
                "no_signing_key",
                "No key pair of this JWT_ALGORITHM and SECRET_KEY signs tokens. Use those of the running service; where it signs with HS256, HS384 or HS512, replace JWT_SECRET instead.",
            ),
            ErrorCode::NameTaken => Self::new(
                StatusCode::CONFLICT,
                "name_taken",
                "This name is taken; choose another one.",
            ),
            ErrorCode::NoEmail => Self::new(
                StatusCode::CONFLICT,
                "no_email",
                "The user has no e-mail address to send a link to.",
            ),
            ErrorCode::SetupToken => Self::new(
                StatusCode::FORBIDDEN,
                "setup_token_invalid",
                "The setup token is wrong; send the value of SETUP_TOKEN.",
            ),
            ErrorCode::AlreadySetUp => Self::new(
                StatusCode::CONFLICT,
                "already_set_up",
                "There is already a superadmin; the setup works only once.",
            ),
            ErrorCode::AccountGone => Self::invalid_token(AccessTokenError::SessionEnded),
            ErrorCode::NotFound => Self::not_found(),
            ErrorCode::AccessToken(cause) => Self::invalid_token(cause),
            ErrorCode::RefreshToken => Self::new(
                StatusCode::UNAUTHORIZED,
                "invalid_refresh_token",
                "The refresh token is not valid; sign in again.",
            )
            .with_header(WWW_AUTHENTICATE, &format!("Bearer realm=\"{REALM}\"")),
            ErrorCode::RateLimited => Self::new(
                StatusCode::TOO_MANY_REQUESTS,
                "rate_limited",
                "Too many attempts; try again later.",
            ),
            ErrorCode::Overloaded | ErrorCode::Unavailable => Self::unavailable(1),
            ErrorCode::Internal => Self::internal("no cause is known"),
        }
    }
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        let answer = Self::of(error.code());
        match error {
            Error::Invalid(fields) => {
                let detail = |FieldError {
                                  field,
                                  code,
                                  message,
                              }| json!({"field": field, "code": code.as_str(), "message": message});
                Self {
                    details: fields.into_iter().map(detail).collect(),
                    ..answer
                }
            }
            Error::PermissionNeeded(needed) => Self::forbidden(needed),
            Error::NotFound(what) if what != "set-up" => Self {
                message: format!("There is no such {what}."),
                ..answer
            },
            Error::RateLimited { retry_after } => {
                answer.with_header(RETRY_AFTER, &retry_after.to_string())
            }
            Error::Unavailable(cause) => Self {
                cause: Some(cause),
                ..answer
            },
            error @ Error::Internal(_) => Self {
                cause: Some(error.to_string()),
                ..answer
            },
            _ => answer,
        }
    }
}
