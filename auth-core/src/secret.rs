//! Secrets that are handed out, and the key that protects those that are kept.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use hkdf::Hkdf;
use hmac::{Hmac, Mac as _};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::platform::Platform;

/// 256 random bits as a person or a program holds them: 43 characters of base64url.
///
/// Has no `Debug`, and is wiped when dropped.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct SecretToken(String);

impl SecretToken {
    /// Draws a new one.
    pub(crate) fn generate<P: Platform>(platform: &P) -> Self {
        let mut bytes = Zeroizing::new([0; 32]);
        platform.fill_random(bytes.as_mut());
        Self(URL_SAFE_NO_PAD.encode(bytes.as_ref()))
    }

    /// One that was presented, if it has the form of one.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let bytes = Zeroizing::new(URL_SAFE_NO_PAD.decode(text).ok()?);
        (bytes.len() == 32).then(|| Self(text.to_owned()))
    }

    /// One of another form.
    pub(crate) fn of(text: String) -> Self {
        Self(text)
    }

    /// The token, to hand it out.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What is stored of it: its SHA-256 in base64url. Looking a token up by its digest needs no constant-time
    /// comparison, since an attacker can't steer the digest.
    pub(crate) fn digest(&self) -> String {
        digest(&self.0)
    }
}

/// The SHA-256 of a secret in base64url.
pub(crate) fn digest(secret: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(secret.as_bytes()))
}

/// Bytes of a [tag](SecretKey::tag).
pub(crate) const TAG_LEN: usize = 16;

/// The operator's `SECRET_KEY`, at least 32 bytes, from which the keys for data at rest are derived.
///
/// Has no `Debug`, and is wiped when dropped.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct SecretKey(Vec<u8>);

impl SecretKey {
    /// Fewest bytes of a key.
    pub const MIN_LEN: usize = 32;

    /// Takes a key; none when it is too short.
    pub fn new(bytes: &[u8]) -> Option<Self> {
        (bytes.len() >= Self::MIN_LEN).then(|| Self(bytes.to_vec()))
    }

    /// Whether somebody presents this key.
    pub fn matches(&self, presented: &str) -> bool {
        // Of digests, so that not even the length shows.
        let stored = digest(&String::from_utf8_lossy(self.as_bytes()));
        stored.as_bytes().ct_eq(digest(presented).as_bytes()).into()
    }

    /// Bytes of the key.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// The key itself, for the MAC that it is.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// A key of 32 bytes for one purpose (HKDF-SHA-256, RFC 5869), bound to `salt`.
    fn derive(&self, purpose: &str, salt: &[u8]) -> Zeroizing<[u8; 32]> {
        let mut key = Zeroizing::new([0; 32]);
        Hkdf::<Sha256>::new(Some(salt), &self.0)
            .expand(purpose.as_bytes(), key.as_mut())
            .expect("32 bytes are within HKDF's limit of 255 blocks");
        key
    }

    /// What shows that a message comes from who has the key (HMAC-SHA-256, its first half).
    pub(crate) fn tag(&self, purpose: &str, message: &[u8]) -> [u8; TAG_LEN] {
        let code = self.code(purpose, message).finalize().into_bytes();
        let mut tag = [0; TAG_LEN];
        tag.copy_from_slice(&code[..TAG_LEN]);
        tag
    }

    /// Whether that is the [`tag`](Self::tag) of a message, in constant time.
    pub(crate) fn is_tag(&self, purpose: &str, message: &[u8], tag: &[u8; TAG_LEN]) -> bool {
        let code = self.code(purpose, message);
        code.verify_truncated_left(tag).is_ok()
    }

    fn code(&self, purpose: &str, message: &[u8]) -> Hmac<Sha256> {
        let key = self.derive(purpose, b"");
        <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(key.as_ref())
            .expect("HMAC takes keys of any length")
            .chain_update(message)
    }

    /// Encrypts `plain` for storage (XChaCha20-Poly1305), readable only for the same purpose and row.
    ///
    /// `row` is associated data: a value copied to another row doesn't open. `holder` is a secret that must be
    /// presented again to open it, empty when the key alone suffices. The result is base64url of nonce and box.
    pub(crate) fn encrypt<P: Platform>(
        &self,
        platform: &P,
        purpose: &str,
        row: &str,
        holder: &str,
        plain: &[u8],
    ) -> String {
        let mut nonce = [0; 24];
        platform.fill_random(&mut nonce);
        let boxed = XChaCha20Poly1305::new((&*self.derive(purpose, holder.as_bytes())).into())
            .encrypt(
                &XNonce::from(nonce),
                Payload {
                    msg: plain,
                    aad: row.as_bytes(),
                },
            )
            .expect("a message in memory is within the cipher's limit");
        URL_SAFE_NO_PAD.encode([&nonce[..], &boxed].concat())
    }

    /// Decrypts what [`encrypt`](Self::encrypt) made; none when key, purpose, row or holder differ or it was changed.
    pub(crate) fn decrypt(
        &self,
        purpose: &str,
        row: &str,
        holder: &str,
        ciphertext: &str,
    ) -> Option<Zeroizing<Vec<u8>>> {
        let bytes = URL_SAFE_NO_PAD.decode(ciphertext).ok()?;
        let (nonce, boxed) = bytes.split_first_chunk::<24>()?;
        XChaCha20Poly1305::new((&*self.derive(purpose, holder.as_bytes())).into())
            .decrypt(
                &XNonce::from(*nonce),
                Payload {
                    msg: boxed,
                    aad: row.as_bytes(),
                },
            )
            .ok()
            .map(Zeroizing::new)
    }
}
