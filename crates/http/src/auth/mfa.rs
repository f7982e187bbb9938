//! The second factor.

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
        "Makes a TOTP key for an authenticator app; a code of it puts it in force.",
    )
    .session()
    .while_enrolling()
    .optional_json::<EnableTotpRequest>()
    .answers::<TotpResponse>()
    .fails(&[403, 409, 429])
    .hashes_password(),
    confirm_totp = post(
        "/auth/2fa/verify",
        "Puts the TOTP key in force by a code of it; returns recovery codes, which are shown this once, and new tokens in the place of the presented ones.",
    )
    .session()
    .while_enrolling()
    .json::<CodeRequest>()
    .answers::<RecoveryCodesResponse>()
    .fails(&[403, 409, 429]),
    disable_totp = post(
        "/auth/2fa/disable",
        "Takes the second factor away; new tokens take the place of the presented ones.",
    )
    .session()
    .json::<PasswordAndCodeRequest>()
    .answers::<TokenResponse>()
    .fails(&[403, 409, 429])
        .hashes_password(),
    disable_totp = post("/account/2fa/disable", "The same as `/auth/2fa/disable`.")
        .session()
        .json::<PasswordAndCodeRequest>()
        .answers::<TokenResponse>()
        .fails(&[403, 409, 429])
        .hashes_password()
        .deprecated(),
    recovery_codes = post(
        "/auth/2fa/recovery-codes",
        "Makes new recovery codes; the old ones are void.",
    )
    .session()
    .json::<PasswordAndCodeRequest>()
    .answers::<RecoveryCodesResponse>()
    .fails(&[403, 409, 429])
    .hashes_password(),
    undo_totp = post(
        "/auth/undo-2fa/{token}",
        "Takes a second factor back by the link that was mailed when it came into force. All sessions end, and a link to a new password is mailed.",
    )
    .fails(&[400]),
];

/// What making a TOTP key takes.
#[derive(Default, Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct EnableTotpRequest {
    /// The password; not needed within ten minutes of signing in.
    #[cfg_attr(test, schema(format = Password))]
    password: Option<String>,
}

/// A code of the authenticator app.
#[derive(Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct CodeRequest {
    /// The code: six digits. Blanks between them do not count.
    #[serde(default, alias = "totp_code")]
    #[cfg_attr(test, schema(required, pattern = r"^\s*([0-9]\s*){6}$"))]
    code: String,
}

/// Both factors.
#[derive(Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct PasswordAndCodeRequest {
    /// The password.
    #[serde(default)]
    #[cfg_attr(test, schema(required, format = Password, min_length = 1))]
    password: String,
    /// A code of the authenticator app, or a recovery code.
    #[serde(default, alias = "totp_code")]
    #[cfg_attr(test, schema(required, min_length = 1))]
    code: String,
}

impl PasswordAndCodeRequest {
    fn evidence(&self) -> Result<Evidence<'_>, ApiError> {
        Ok(Evidence {
            password: Some(json::required("password", &self.password)?),
            code: Some(json::required("code", &self.code)?),
            ..Evidence::default()
        })
    }
}

/// A TOTP key that is not in force yet.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct TotpResponse {
    /// The key in Base32, to type it in.
    secret: String,
    /// The key as authenticator apps read it.
    otpauth_uri: String,
    /// That as a QR code, a PNG in base64.
    qr_base64: String,
    /// The QR code as SVG.
    qr_svg: String,
}

/// Recovery codes; each takes the place of a code once.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct RecoveryCodesResponse {
    recovery_codes: Vec<String>,
    /// Tokens in the place of the presented ones, where a key was put in force.
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
