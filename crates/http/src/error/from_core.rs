//! What the errors of the core are over HTTP. This is the one place that maps them.

use auth_core::{AccessTokenError, Error, FieldError, LinkError};
use http::StatusCode;
use http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use serde_json::json;

use crate::error::api_error::{ApiError, REALM};

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        match error {
            Error::Invalid(fields) => {
                let mut error = Self::new(
                    StatusCode::UNPROCESSABLE_ENTITY,
                    "validation_failed",
                    "Some fields are not valid.",
                );
                let detail = |FieldError {
                                  field,
                                  code,
                                  message,
                              }| json!({"field": field, "code": code.as_str(), "message": message});
                error.details = fields.into_iter().map(detail).collect();
                error
            }
            Error::EmailTaken => Self::new(
                StatusCode::CONFLICT,
                "email_taken",
                "This e-mail address is registered already.",
            ),
            Error::UsernameTaken => Self::new(
                StatusCode::CONFLICT,
                "username_taken",
                "This user name is taken.",
            ),
            Error::InvalidCredentials => Self::new(
                StatusCode::UNAUTHORIZED,
                "invalid_credentials",
                "E-mail or password is wrong.",
            )
            .with_header(WWW_AUTHENTICATE, &format!("Bearer realm=\"{REALM}\"")),
            Error::AccountDisabled => Self::new(
                StatusCode::FORBIDDEN,
                "account_disabled",
                "This account is disabled.",
            ),
            Error::EmailNotVerified => Self::new(
                StatusCode::FORBIDDEN,
                "email_not_verified",
                "The e-mail address has to be verified first: follow the link that was sent there.",
            ),
            Error::WrongPassword => Self::new(
                StatusCode::FORBIDDEN,
                "wrong_password",
                "The password is wrong.",
            ),
            Error::PasswordRequired => Self::new(
                StatusCode::FORBIDDEN,
                "password_required",
                "The password is needed as well, or a session of the account.",
            ),
            Error::ReauthenticationRequired => Self::new(
                StatusCode::FORBIDDEN,
                "reauthentication_required",
                "The password is needed again.",
            ),
            Error::InvalidCode => {
                Self::new(StatusCode::FORBIDDEN, "invalid_code", "The code is wrong.")
            }
            Error::MfaEnabled => Self::new(
                StatusCode::CONFLICT,
                "mfa_enabled",
                "A second factor is in force already.",
            ),
            Error::MfaNotEnabled => Self::new(
                StatusCode::CONFLICT,
                "mfa_not_enabled",
                "There is no second factor, or none to confirm.",
            ),
            Error::Link(cause) => Self::new(
                StatusCode::BAD_REQUEST,
                cause.as_str(),
                match cause {
                    LinkError::Invalid => "This link is not valid.",
                    LinkError::Used => "This link was used already.",
                    LinkError::Expired => "This link has expired.",
                },
            ),
            Error::InsufficientRank => Self::new(
                StatusCode::FORBIDDEN,
                "insufficient_rank",
                "This takes somebody above the user.",
            ),
            Error::PermissionNeeded(needed) => Self::forbidden(needed),
            Error::SuperadminNeeded => Self::new(
                StatusCode::FORBIDDEN,
                "forbidden",
                "This is for superadmins.",
            ),
            Error::GrantNotHeld => Self::new(
                StatusCode::FORBIDDEN,
                "grant_not_held",
                "Nobody gives or takes what he does not hold himself.",
            ),
            Error::LastSuperadmin => Self::new(
                StatusCode::CONFLICT,
                "last_superadmin",
                "There has to be a superadmin who is not disabled, and this is the last one.",
            ),
            Error::BuiltIn => Self::new(
                StatusCode::CONFLICT,
                "built_in",
                "The service needs this as it is.",
            ),
            Error::NameTaken => Self::new(
                StatusCode::CONFLICT,
                "name_taken",
                "Another one has this name.",
            ),
            Error::NoEmail => Self::new(
                StatusCode::CONFLICT,
                "no_email",
                "The user has no e-mail address.",
            ),
            Error::SetupToken => Self::new(
                StatusCode::FORBIDDEN,
                "setup_token_invalid",
                "The set-up token is wrong.",
            ),
            Error::AlreadySetUp => Self::new(
                StatusCode::CONFLICT,
                "already_set_up",
                "There is an administrator already.",
            ),
            Error::AccountGone => Self::invalid_token(AccessTokenError::SessionEnded),
            Error::NotFound("set-up") => Self::not_found(),
            Error::NotFound(what) => Self {
                message: format!("There is no such {what}."),
                ..Self::not_found()
            },
            Error::AccessToken(cause) => Self::invalid_token(cause),
            Error::RefreshToken => Self::new(
                StatusCode::UNAUTHORIZED,
                "invalid_refresh_token",
                "The refresh token is refused; sign in again.",
            )
            .with_header(WWW_AUTHENTICATE, &format!("Bearer realm=\"{REALM}\"")),
            Error::RateLimited { retry_after } => Self::new(
                StatusCode::TOO_MANY_REQUESTS,
                "rate_limited",
                "Too many attempts; try again later.",
            )
            .with_header(RETRY_AFTER, &retry_after.to_string()),
            Error::Overloaded => Self::unavailable(1),
            Error::Unavailable(cause) => Self {
                cause: Some(cause),
                ..Self::unavailable(1)
            },
            error => Self::internal(error.to_string()),
        }
    }
}
