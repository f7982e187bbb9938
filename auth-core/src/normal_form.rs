//! Unicode normal forms (UAX 15).

use std::borrow::Cow;

use icu_normalizer::ComposingNormalizerBorrowed;

/// Converts a text to NFC, in which texts that look the same are equal.
pub(crate) fn nfc(text: &str) -> Cow<'_, str> {
    ComposingNormalizerBorrowed::new_nfc().normalize(text)
}

/// Converts a text to NFKC, in which `ﬁ` and `fi` are also equal.
pub(crate) fn nfkc(text: &str) -> Cow<'_, str> {
    ComposingNormalizerBorrowed::new_nfkc().normalize(text)
}
