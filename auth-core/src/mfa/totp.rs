//! Time-based one-time passwords (RFC 6238 over RFC 4226): SHA-1, six digits and steps of 30 seconds, as in every
//! authenticator app.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha1::Sha1;
use subtle::ConstantTimeEq as _;

use crate::time::Timestamp;

/// The length of a key in bytes: that of the hash (RFC 4226 section 4).
pub const KEY_LEN: usize = 20;
/// The length of a time step in seconds.
pub const STEP: u64 = 30;
/// The default number of steps by which a clock can differ.
pub const SKEW: u64 = 1;

/// Returns the six-digit code of a counter (RFC 4226 section 5.3).
pub fn code(key: &[u8], counter: u64) -> String {
    let mac = Hmac::<Sha1>::new_from_slice(key).map(|mut mac| {
        mac.update(&counter.to_be_bytes());
        mac.finalize().into_bytes()
    });
    let mac = mac.expect("HMAC takes keys of every length");
    let offset = usize::from(mac[19] & 0xf);
    let bytes = [
        mac[offset] & 0x7f,
        mac[offset + 1],
        mac[offset + 2],
        mac[offset + 3],
    ];
    format!("{:06}", u32::from_be_bytes(bytes) % 1_000_000)
}

/// Returns the time step of a code that is valid within `skew` steps of the current one.
pub fn step_of(key: &[u8], presented: &str, now: Timestamp, skew: u64) -> Option<u64> {
    let current = now.as_secs() / STEP;
    let steps = current.saturating_sub(skew)..=current + skew;
    // Every step is compared, even after a match.
    steps.fold(None, |found, step| {
        let equal: bool = code(key, step)
            .as_bytes()
            .ct_eq(presented.as_bytes())
            .into();
        if equal { Some(step) } else { found }
    })
}

/// Encodes a key for people and apps: Base32 without padding (RFC 4648 section 6).
pub fn encode_key(key: &[u8]) -> String {
    base32::encode(base32::Alphabet::Rfc4648 { padding: false }, key)
}

/// Decodes a key from another system, of 10 to 64 bytes. Blanks, hyphens and padding are ignored.
pub fn decode_key(text: &str) -> Option<Vec<u8>> {
    let letters: String = text
        .chars()
        .filter(|c| !matches!(c, ' ' | '-' | '='))
        .map(|c| c.to_ascii_uppercase())
        .collect();
    base32::decode(base32::Alphabet::Rfc4648 { padding: false }, &letters)
        .filter(|key| (10..=64).contains(&key.len()))
}

/// Returns the URI that an authenticator app reads (the `otpauth` format of Google Authenticator). Colons, which
/// separate issuer and account, are removed from both names.
pub fn uri(key: &[u8], issuer: &str, account: &str) -> String {
    let plain = |text: &str| percent(text.replace(':', "").trim());
    let (issuer, account) = (plain(issuer), plain(account));
    format!(
        "otpauth://totp/{issuer}:{account}?secret={}&issuer={issuer}&algorithm=SHA1&digits=6&period={STEP}",
        encode_key(key)
    )
}

/// Percent-encodes all but unreserved characters (RFC 3986 section 2.3).
fn percent(text: &str) -> String {
    let encode = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
            char::from(byte).to_string()
        }
        byte => format!("%{byte:02X}"),
    };
    text.bytes().map(encode).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &[u8] = b"12345678901234567890";

    #[test]
    fn rfc_4226_appendix_d() {
        let codes = [
            "755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583",
            "399871", "520489",
        ];
        for (counter, expected) in codes.iter().enumerate() {
            assert_eq!(code(KEY, counter as u64), *expected);
        }
    }

    /// The last six of the eight digits in the RFC.
    #[test]
    fn rfc_6238_appendix_b() {
        for (seconds, expected) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(code(KEY, seconds / STEP), expected);
            let now = Timestamp::from_millis(seconds * 1000);
            assert_eq!(step_of(KEY, expected, now, 0), Some(seconds / STEP));
        }
    }

    #[test]
    fn a_clock_may_be_so_many_steps_off() {
        let at = |seconds: u64, skew| {
            step_of(KEY, "287082", Timestamp::from_millis(seconds * 1000), skew)
        };
        assert_eq!(at(0, 1), Some(1));
        assert_eq!(at(89, 1), Some(1));
        assert_eq!(at(90, 1), None);
        // V6.5.5: no more than 30 seconds.
        assert_eq!(at(29, 0), None);
        assert_eq!(at(30, 0), Some(1));
        assert_eq!(at(59, 0), Some(1));
        assert_eq!(at(60, 0), None);
        for wrong in ["", "28708", "2870822", "28708 ", "２８７０８２"] {
            assert_eq!(step_of(KEY, wrong, Timestamp::from_millis(30_000), 1), None);
        }
    }

    #[test]
    fn the_uri_is_what_apps_read() {
        assert_eq!(
            uri(KEY, "Acme Co", "zoë@example.com"),
            "otpauth://totp/Acme%20Co:zo%C3%AB%40example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\
             &issuer=Acme%20Co&algorithm=SHA1&digits=6&period=30"
        );
        assert!(
            uri(KEY, "Acme: Login", "\"a:b\"@example.com")
                .starts_with("otpauth://totp/Acme%20Login:%22ab%22%40example.com?secret=")
        );
    }
}
