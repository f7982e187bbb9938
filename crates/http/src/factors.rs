//! The second factor.

use auth_core::Platform;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use qrcode::render::svg;
use qrcode::{Color, EcLevel, QrCode};
use serde::{Deserialize, Serialize};

use crate::body;
use crate::caller::Call;
use crate::error::ApiError;
use crate::reply;
use crate::service::Answer;

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
    /// The code.
    #[serde(default, alias = "totp_code")]
    #[cfg_attr(test, schema(required))]
    code: String,
}

/// Both factors.
#[derive(Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct PasswordAndCodeRequest {
    /// The password.
    #[serde(default)]
    #[cfg_attr(test, schema(required, format = Password))]
    password: String,
    /// A code of the authenticator app, or a recovery code.
    #[serde(default, alias = "totp_code")]
    #[cfg_attr(test, schema(required))]
    code: String,
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
}

/// Pixels of a module of a QR code, and modules of the quiet zone around it (ISO/IEC 18004 section 9.1).
const SCALE: usize = 6;
const QUIET: usize = 4;

pub(crate) async fn enable<P: Platform>(call: &Call<'_, P>) -> Answer {
    let active = call.session().await?;
    let request: EnableTotpRequest = body::optional_json(call.parts, call.body)?;
    let enrolment = call
        .auth
        .enable_totp(&active, request.password.as_deref(), &call.client())
        .await?;
    let unreadable = |error: String| ApiError::internal(format!("a QR code: {error}"));
    let code = QrCode::with_error_correction_level(enrolment.uri.as_bytes(), EcLevel::M)
        .map_err(|error| unreadable(error.to_string()))?;
    let response = TotpResponse {
        secret: String::clone(&enrolment.secret),
        otpauth_uri: String::clone(&enrolment.uri),
        qr_base64: STANDARD.encode(png(&code).map_err(|error| unreadable(error.to_string()))?),
        qr_svg: code
            .render::<svg::Color<'_>>()
            .min_dimensions(200, 200)
            .build(),
    };
    Ok(reply::json(StatusCode::OK, &response))
}

/// A picture of a QR code.
fn png(code: &QrCode) -> Result<Vec<u8>, png::EncodingError> {
    let width = code.width();
    let side = (width + 2 * QUIET) * SCALE;
    let pixel = |at: usize| {
        let module = |at: usize| (at / SCALE).checked_sub(QUIET).filter(|at| *at < width);
        match (module(at % side), module(at / side)) {
            (Some(x), Some(y)) if code[(x, y)] == Color::Dark => 0,
            _ => u8::MAX,
        }
    };
    let pixels: Vec<_> = (0..side * side).map(pixel).collect();
    let mut picture = Vec::new();
    let mut encoder = png::Encoder::new(&mut picture, side as u32, side as u32);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&pixels)?;
    writer.finish()?;
    Ok(picture)
}

pub(crate) async fn confirm<P: Platform>(call: &Call<'_, P>) -> Answer {
    let active = call.session().await?;
    let request: CodeRequest = body::json(call.parts, call.body)?;
    let code = body::required("code", &request.code)?;
    let recovery_codes = call
        .auth
        .confirm_totp(&active, code, &call.client())
        .await?;
    let response = RecoveryCodesResponse { recovery_codes };
    Ok(reply::json(StatusCode::OK, &response))
}

pub(crate) async fn disable<P: Platform>(call: &Call<'_, P>) -> Answer {
    let active = call.session().await?;
    let request: PasswordAndCodeRequest = body::json(call.parts, call.body)?;
    let (password, code) = request.both()?;
    call.auth
        .disable_totp(&active, password, code, &call.client())
        .await?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}

pub(crate) async fn recovery_codes<P: Platform>(call: &Call<'_, P>) -> Answer {
    let active = call.session().await?;
    let request: PasswordAndCodeRequest = body::json(call.parts, call.body)?;
    let (password, code) = request.both()?;
    let recovery_codes = call
        .auth
        .regenerate_recovery_codes(&active, password, code, &call.client())
        .await?;
    let response = RecoveryCodesResponse { recovery_codes };
    Ok(reply::json(StatusCode::OK, &response))
}

impl PasswordAndCodeRequest {
    fn both(&self) -> Result<(&str, &str), ApiError> {
        let password = body::required("password", &self.password)?;
        Ok((password, body::required("code", &self.code)?))
    }
}
