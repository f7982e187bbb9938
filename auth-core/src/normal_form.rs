//! Unicode normal forms (UAX 15).

use std::borrow::Cow;

use icu_normalizer::ComposingNormalizerBorrowed;

/// NFC: what looks the same is the same.
pub(crate) fn nfc(text: &str) -> Cow<'_, str> {
    ComposingNormalizerBorrowed::new_nfc().normalize(text)
}

/// NFKC, in which also `ﬁ` and `fi` are the same.
pub(crate) fn nfkc(text: &str) -> Cow<'_, str> {
    ComposingNormalizerBorrowed::new_nfkc().normalize(text)
}
