//! Management of the second factor.

use auth_core::{Evidence, Platform};
use serde::{Deserialize, Serialize};

use crate::auth::qr_code;
use crate::auth::tokens::{TokenResponse, renewed};
use crate::call::{Answer, Call};
use crate::error::api_error::ApiError;
use crate::proof::{Public, Session};
use crate::request::json;
use crate::response::reply::NoContent;
use crate::row::{post, rows};

rows![
    enable_totp = post(
        "/auth/2fa/enable",
        "Creates a TOTP key for an authenticator app. Confirm it with a code at `/auth/2fa/verify` to enable it.",
    )
    .session()
    .while_enrolling()
    .optional_json::<EnableTotpRequest>()
    .answers::<TotpResponse>()
    .fails(&[403, 409, 429])
    .hashes_password(),
    confirm_totp = post(
        "/auth/2fa/verify",
        "Enables the second factor with a code of the new TOTP key. Returns recovery codes, which are shown only once, and tokens that replace the presented ones.",
    )
    .session()
    .while_enrolling()
    .json::<CodeRequest>()
    .answers::<RecoveryCodesResponse>()
    .fails(&[403, 409, 429]),
    disable_totp = post(
        "/auth/2fa/disable",
        "Disables the second factor. Returns tokens that replace the presented ones.",
    )
    .session()
    .json::<PasswordAndCodeRequest>()
    .answers::<TokenResponse>()
    .fails(&[403, 409, 429])
        .hashes_password(),
    disable_totp = post("/account/2fa/disable", "Alias of `/auth/2fa/disable`.")
        .session()
        .json::<PasswordAndCodeRequest>()
        .answers::<TokenResponse>()
        .fails(&[403, 409, 429])
        .hashes_password()
        .deprecated(),
    recovery_codes = post(
        "/auth/2fa/recovery-codes",
        "Creates new recovery codes and invalidates the old ones.",
    )
    .session()
    .json::<PasswordAndCodeRequest>()
    .answers::<RecoveryCodesResponse>()
    .fails(&[403, 409, 429])
    .hashes_password(),
    undo_totp = post(
        "/auth/undo-2fa/{token}",
        "Disables a second factor with the link that was e-mailed when it was enabled. Ends all sessions and e-mails a password reset link.",
    )
    .fails(&[400]),
];

/// Proof for creating a TOTP key.
#[derive(Default, Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct EnableTotpRequest {
    /// The password. Not required within ten minutes of signing in.
    #[cfg_attr(test, schema(format = Password))]
    password: Option<String>,
}

/// A code of the authenticator app.
#[derive(Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct CodeRequest {
    /// TOTP code: six digits. Spaces are ignored.
    #[serde(default, alias = "totp_code")]
    #[cfg_attr(test, schema(required, pattern = r"^\s*([0-9]\s*){6}$"))]
    code: String,
}

/// Password and second factor.
#[derive(Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct PasswordAndCodeRequest {
    /// The password. An account without a password requires authentication within the last ten minutes instead.
    #[cfg_attr(test, schema(format = Password, min_length = 1))]
    password: Option<String>,
    /// A code of the authenticator app, or a recovery code.
    #[serde(default, alias = "totp_code")]
    #[cfg_attr(test, schema(required, min_length = 1))]
    code: String,
}

impl PasswordAndCodeRequest {
    fn evidence(&self) -> Result<Evidence<'_>, ApiError> {
        Ok(Evidence {
            password: json::optional(self.password.as_deref()),
            code: Some(json::required("code", &self.code)?),
            ..Evidence::default()
        })
    }
}

/// A TOTP key that is not enabled yet.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct TotpResponse {
    /// The key in Base32, for typing it in.
    secret: String,
    /// The key as an `otpauth:` URI for authenticator apps.
    otpauth_uri: String,
    /// QR code of the URI, as a PNG in base64.
    qr_base64: String,
    /// QR code of the URI, as SVG.
    qr_svg: String,
}

/// Recovery codes. Each can be used once instead of a TOTP code.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct RecoveryCodesResponse {
    recovery_codes: Vec<String>,
    /// Tokens that replace the presented ones, if the second factor was enabled.
    #[serde(skip_serializing_if = "Option::is_none")]
    tokens: Option<TokenResponse>,
}

async fn enable_totp<P: Platform>(
    call: &Call<'_, P>,
    session: Session,
    request: EnableTotpRequest,
) -> Answer<TotpResponse> {
    let evidence = Evidence {
        password: request.password.as_deref(),
        ..Evidence::default()
    };
    let enrolment = call
        .auth
        .mfa()
        .enable_totp(&session, evidence, &call.client())
        .await?;
    let pictures = qr_code::draw(&enrolment.uri)?;
    Ok(call.json(&TotpResponse {
        secret: String::clone(&enrolment.secret),
        otpauth_uri: String::clone(&enrolment.uri),
        qr_base64: pictures.png_base64,
        qr_svg: pictures.svg,
    }))
}

async fn confirm_totp<P: Platform>(
    call: &Call<'_, P>,
    session: Session,
    request: CodeRequest,
) -> Answer<RecoveryCodesResponse> {
    let code = json::required("code", &request.code)?;
    let (recovery_codes, tokens) = call
        .auth
        .mfa()
        .confirm_totp(&session, code, &call.client())
        .await?;
    Ok(renewed(call, &tokens, |tokens| RecoveryCodesResponse {
        recovery_codes,
        tokens: Some(tokens),
    }))
}

async fn disable_totp<P: Platform>(
    call: &Call<'_, P>,
    session: Session,
    request: PasswordAndCodeRequest,
) -> Answer<TokenResponse> {
    let evidence = request.evidence()?;
    let tokens = call
        .auth
        .mfa()
        .disable_totp(&session, evidence, &call.client())
        .await?;
    Ok(renewed(call, &tokens, |tokens| tokens))
}

async fn recovery_codes<P: Platform>(
    call: &Call<'_, P>,
    session: Session,
    request: PasswordAndCodeRequest,
) -> Answer<RecoveryCodesResponse> {
    let evidence = request.evidence()?;
    let recovery_codes = call
        .auth
        .mfa()
        .regenerate_recovery_codes(&session, evidence, &call.client())
        .await?;
    Ok(call.json(&RecoveryCodesResponse {
        recovery_codes,
        tokens: None,
    }))
}

async fn undo_totp<P: Platform>(call: &Call<'_, P>, _: Public) -> Answer<NoContent> {
    call.auth
        .mfa()
        .undo_second_factor(&call.path_parameter("token"), &call.client())
        .await?;
    Ok(call.done())
}
