//! Values in a line of COPY.

use serde_json::Value;

use super::lexer::text;
use crate::source::Fault;

/// Parses a value in a line of COPY: <https://www.postgresql.org/docs/current/sql-copy.html>, "Text Format".
pub(super) fn copy_value(field: &[u8]) -> Result<Value, Fault> {
    if field == b"\\N" {
        return Ok(Value::Null);
    }
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field.iter().copied().peekable();
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        // The number in up to `max` digits that follow.
        let mut digits = |radix: u32, max: usize| {
            let (mut code, mut count) = (0_u32, 0);
            while count < max
                && let Some(digit) = rest
                    .peek()
                    .and_then(|byte| char::from(*byte).to_digit(radix))
            {
                code = code * radix + digit;
                count += 1;
                rest.next();
            }
            (count > 0).then_some(code as u8)
        };
        if let Some(code) = digits(8, 3) {
            bytes.push(code);
            continue;
        }
        match rest.next() {
            Some(b'b') => bytes.push(8),
            Some(b'f') => bytes.push(12),
            Some(b'n') => bytes.push(b'\n'),
            Some(b'r') => bytes.push(b'\r'),
            Some(b't') => bytes.push(b'\t'),
            Some(b'v') => bytes.push(11),
            Some(byte) => bytes.push(byte),
            None => return Fault::broken("it ends in a backslash"),
        }
    }
    text(bytes).map(Value::String)
}
