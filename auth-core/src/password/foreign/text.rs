//! Parses the parts of a stored hash: numbers, base64 and hex.

use base64::Engine as _;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::password::error::PasswordHashError::{self, Malformed, OutOfBounds};

/// The minimum and maximum length in bytes of a hash whose form doesn't specify it. A shorter one would match by
/// chance, and a longer one repeats all iterations of PBKDF2.
const MIN_HASH_LEN: usize = 10;
const MAX_HASH_LEN: usize = 64;

/// Padding is optional.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Returns the values of `name=value,…`, which must have these names in this order.
pub(super) fn phc_parameters<'a, const N: usize>(
    text: &'a str,
    names: [&str; N],
) -> Result<[&'a str; N], PasswordHashError> {
    let parameters: [&str; N] = text
        .split(',')
        .collect::<Vec<_>>()
        .try_into()
        .map_err(|_| Malformed)?;
    let mut values = [""; N];
    for ((value, parameter), name) in values.iter_mut().zip(parameters).zip(names) {
        *value = parameter
            .strip_prefix(name)
            .and_then(|rest| rest.strip_prefix('='))
            .ok_or(Malformed)?;
    }
    Ok(values)
}

pub(super) fn phc_hash(text: &str) -> Result<Vec<u8>, PasswordHashError> {
    let hash = base64(text)?;
    match hash.len() {
        ..MIN_HASH_LEN => Err(Malformed),
        MIN_HASH_LEN..=MAX_HASH_LEN => Ok(hash),
        _ => Err(OutOfBounds),
    }
}

pub(super) fn decimal(text: &str) -> Result<u32, PasswordHashError> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Malformed);
    }
    text.parse().map_err(|_| OutOfBounds)
}

pub(super) fn base64(text: &str) -> Result<Vec<u8>, PasswordHashError> {
    BASE64.decode(text).map_err(|_| Malformed)
}

pub(super) fn hex(text: &str) -> Result<Vec<u8>, PasswordHashError> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let pairs = text.as_bytes().chunks(2).map(|pair| match *pair {
        [high, low] => Some((digit(high)? << 4 | digit(low)?) as u8),
        _ => None,
    });
    pairs.collect::<Option<_>>().ok_or(Malformed)
}
