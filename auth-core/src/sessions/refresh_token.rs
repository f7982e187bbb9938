//! Refresh tokens. Each names its session, so a used token is recognised by the session alone and needs no stored
//! record. A session takes the same space however often it is refreshed.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::platform::Platform;
use crate::secret::{SecretKey, SecretToken, TAG_LEN};

/// The prefix of refresh tokens.
const PREFIX: &str = "r_";
/// The purpose of a refresh token's tag.
const PURPOSE: &str = "gatewright refresh token v1";
const SESSION_LEN: usize = 16;
const RANDOM_LEN: usize = 32;
/// The length of the part that the tag authenticates.
const BODY_LEN: usize = SESSION_LEN + RANDOM_LEN;

/// A presented refresh token.
pub(crate) struct PresentedToken {
    /// The token.
    pub(crate) token: SecretToken,
    /// The session that the token names. `None` if the token is from a version that named no session, or was created
    /// with another `SECRET_KEY`.
    pub(crate) session: Option<String>,
}

impl PresentedToken {
    /// Parses a text that has the form of a refresh token.
    pub(crate) fn parse(key: &SecretKey, text: &str) -> Option<Self> {
        let Some(encoded) = text.strip_prefix(PREFIX) else {
            // The format of earlier versions.
            let token = SecretToken::parse(text)?;
            return Some(Self {
                token,
                session: None,
            });
        };
        let bytes = Zeroizing::new(URL_SAFE_NO_PAD.decode(encoded).ok()?);
        let (body, tag) = bytes.split_first_chunk::<BODY_LEN>()?;
        let tag: &[u8; TAG_LEN] = tag.try_into().ok()?;
        let session = body.first_chunk::<SESSION_LEN>()?;
        let named = || Uuid::from_bytes(*session).to_string();
        Some(Self {
            token: SecretToken::of(text.to_owned()),
            session: key.is_tag(PURPOSE, body, tag).then(named),
        })
    }
}

/// Generates a refresh token of a session.
pub(crate) fn generate<P: Platform>(
    platform: &P,
    key: &SecretKey,
    session_id: &str,
) -> Option<SecretToken> {
    let session = Uuid::parse_str(session_id).ok()?;
    let mut body = Zeroizing::new([0; BODY_LEN]);
    let (first, random) = body.split_at_mut(SESSION_LEN);
    first.copy_from_slice(session.as_bytes());
    platform.fill_random(random);
    let tag = key.tag(PURPOSE, body.as_ref());
    let bytes = Zeroizing::new([&body[..], &tag[..]].concat());
    let text = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(&*bytes));
    Some(SecretToken::of(text))
}
