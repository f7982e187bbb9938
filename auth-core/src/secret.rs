//! Secrets given to clients, and the key that protects stored data.

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

/// 256 random bits as given to users and programs: 43 characters of base64url.
///
/// Does not implement `Debug`, and is wiped when dropped.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct SecretToken(String);

impl SecretToken {
    /// Generates a token.
    pub(crate) fn generate<P: Platform>(platform: &P) -> Self {
        let mut bytes = Zeroizing::new([0; 32]);
        platform.fill_random(bytes.as_mut());
        Self(URL_SAFE_NO_PAD.encode(bytes.as_ref()))
    }

    /// Parses a presented token, if it has the form of one.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let bytes = Zeroizing::new(URL_SAFE_NO_PAD.decode(text).ok()?);
        (bytes.len() == 32).then(|| Self(text.to_owned()))
    }

    /// Wraps a token of another form.
    pub(crate) fn of(text: String) -> Self {
        Self(text)
    }

    /// Returns the token's text, to hand it out.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Returns the stored form of the token: its SHA-256 in base64url. The lookup by digest needs no constant-time
    /// comparison, because an attacker can't control the digest.
    pub(crate) fn digest(&self) -> String {
        digest(&self.0)
    }
}

/// Returns the SHA-256 of a secret in base64url.
pub(crate) fn digest(secret: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(secret.as_bytes()))
}

/// The length of a [tag](SecretKey::tag) in bytes.
pub(crate) const TAG_LEN: usize = 16;

/// The operator's `SECRET_KEY`, at least 32 bytes, from which the keys for stored data are derived.
///
/// Does not implement `Debug`, and is wiped when dropped.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct SecretKey(Vec<u8>);

impl SecretKey {
    /// The minimum length of a key in bytes.
    pub const MIN_LEN: usize = 32;

    /// Creates a key, or returns `None` if it is too short.
    pub fn new(bytes: &[u8]) -> Option<Self> {
        (bytes.len() >= Self::MIN_LEN).then(|| Self(bytes.to_vec()))
    }

    /// Whether the presented text is this key.
    pub fn matches(&self, presented: &str) -> bool {
        // Compares digests, so that not even the length is revealed.
        let stored = digest(&String::from_utf8_lossy(self.as_bytes()));
        stored.as_bytes().ct_eq(digest(presented).as_bytes()).into()
    }

    /// Returns the key's length in bytes.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns the key's bytes, for use as a MAC key.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Returns a text by which the key is recognised, and from which it can't be computed.
    pub(crate) fn fingerprint(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.derive("fingerprint", b"").as_ref())
    }

    /// Derives a 32-byte key for one purpose (HKDF-SHA-256, RFC 5869), bound to `salt`.
    fn derive(&self, purpose: &str, salt: &[u8]) -> Zeroizing<[u8; 32]> {
        let mut key = Zeroizing::new([0; 32]);
        Hkdf::<Sha256>::new(Some(salt), &self.0)
            .expand(purpose.as_bytes(), key.as_mut())
            .expect("32 bytes are within HKDF's limit of 255 blocks");
        key
    }

    /// Returns a tag that proves that a message is from the holder of the key (first half of HMAC-SHA-256).
    pub(crate) fn tag(&self, purpose: &str, message: &[u8]) -> [u8; TAG_LEN] {
        let code = self.code(purpose, message).finalize().into_bytes();
        let mut tag = [0; TAG_LEN];
        tag.copy_from_slice(&code[..TAG_LEN]);
        tag
    }

    /// Whether this is the [`tag`](Self::tag) of a message, compared in constant time.
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

    /// Encrypts `plain` for storage (XChaCha20-Poly1305). It can be decrypted only for the same purpose and row. `row`
    /// is associated data: a value copied to another row can't be decrypted. `holder` is a secret that must be
    /// presented again to decrypt, or empty if the key alone is sufficient. The result is base64url of the nonce and
    /// the box.
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

    /// Decrypts a value from [`encrypt`](Self::encrypt). Returns `None` if the key, purpose, row or holder differs, or
    /// the value was changed.
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
