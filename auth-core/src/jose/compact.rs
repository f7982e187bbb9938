//! The compact form of a signed token (RFC 7515 section 3.1).

use gatewright_crypto::base64url::decode;
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};

use super::claims::Borrowed;
use crate::json;

/// The parts of a token, decoded and not verified.
pub(crate) struct Compact<'a> {
    /// The text that is signed.
    pub(crate) message: &'a [u8],
    header: Vec<u8>,
    /// The claims.
    pub(crate) payload: Vec<u8>,
    /// The signature of the message.
    pub(crate) signature: Vec<u8>,
}

/// The members of a header that are read. Headers that refer to other keys (`jwk`, `jku`, `x5u`) are never followed.
#[derive(Deserialize)]
pub(crate) struct Header<'a> {
    #[serde(borrow)]
    alg: Borrowed<'a>,
    #[serde(borrow, default)]
    typ: Option<Borrowed<'a>>,
    #[serde(borrow, default)]
    kid: Option<Borrowed<'a>>,
    #[serde(default)]
    crit: Present,
    #[serde(default)]
    b64: Present,
}

/// Whether a member is present, regardless of its value.
#[derive(Default)]
struct Present(bool);

impl<'de> Deserialize<'de> for Present {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        IgnoredAny::deserialize(deserializer).map(|_| Self(true))
    }
}

impl<'a> Compact<'a> {
    /// Splits and decodes a token of at most `max_len` bytes. Returns `None` if it has not three parts of base64url.
    pub(crate) fn split(token: &'a str, max_len: usize) -> Option<Self> {
        if token.len() > max_len {
            return None;
        }
        let (message, signature) = token.rsplit_once('.')?;
        let (header, payload) = message.split_once('.')?;
        Some(Self {
            message: message.as_bytes(),
            header: decode(header)?,
            payload: decode(payload)?,
            signature: decode(signature)?,
        })
    }

    /// Reads the header. Returns `None` if it is no JSON object with `alg`, or names extensions (`crit`, `b64`).
    pub(crate) fn header(&self) -> Option<Header<'_>> {
        // Checked as a whole, which is faster than for each string.
        let text = str::from_utf8(&self.header).ok()?;
        let header: Header<'_> = json::from_str(text).ok()?;
        (!header.crit.0 && !header.b64.0).then_some(header)
    }
}

impl Header<'_> {
    /// Returns the name of the algorithm.
    pub(crate) fn alg(&self) -> &str {
        self.alg.as_ref()
    }

    /// Returns the identifier of the key.
    pub(crate) fn kid(&self) -> Option<&str> {
        self.kid.as_ref().map(AsRef::as_ref)
    }

    /// Returns the type of the token, or an empty text: a media type without its `application/` (RFC 7515 section
    /// 4.1.9), to be compared case-insensitively.
    pub(crate) fn typ(&self) -> &str {
        let named = self.typ.as_ref().map_or("", AsRef::as_ref);
        match named.split_at_checked("application/".len()) {
            Some((prefix, rest)) if prefix.eq_ignore_ascii_case("application/") => rest,
            _ => named,
        }
    }
}
