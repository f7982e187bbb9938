//! QR codes of TOTP keys.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use qrcode::render::svg;
use qrcode::{Color, EcLevel, QrCode};

use crate::error::api_error::ApiError;

/// A QR code in two image formats.
pub(crate) struct Pictures {
    pub(crate) png_base64: String,
    pub(crate) svg: String,
}

/// Pixels per module of a QR code, and modules in the quiet zone around it (ISO/IEC 18004 section 9.1).
const SCALE: usize = 6;
const QUIET: usize = 4;

/// Draws a text as a QR code.
pub(crate) fn draw(text: &str) -> Result<Pictures, ApiError> {
    let failed = |error: String| ApiError::internal(format!("can't draw a QR code: {error}"));
    let code = QrCode::with_error_correction_level(text.as_bytes(), EcLevel::M)
        .map_err(|error| failed(error.to_string()))?;
    let png = png(&code).map_err(|error| failed(error.to_string()))?;
    let mut svg = code.render::<svg::Color<'_>>();
    Ok(Pictures {
        png_base64: STANDARD.encode(png),
        svg: svg.min_dimensions(200, 200).build(),
    })
}

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
