//! Proof Key for Code Exchange (RFC 7636), by the method S256 alone.

use subtle::ConstantTimeEq as _;

use crate::secret::digest;

/// The name of the method.
pub(crate) const METHOD: &str = "S256";

/// Returns the challenge of a verifier (RFC 7636 section 4.2).
pub(crate) fn challenge(verifier: &str) -> String {
    digest(verifier)
}

/// Whether the text has the form of a challenge: 32 bytes in base64url.
pub(crate) fn is_challenge(text: &str) -> bool {
    text.len() == 43
        && text
            .chars()
            .all(|c| matches!(c, 'A'..='Z' | 'a'..='z' | '0'..='9' | '-' | '_'))
}

/// Whether a verifier of the right form (RFC 7636 section 4.1) is the one of this challenge.
pub(crate) fn answers(verifier: &str, expected: &str) -> bool {
    let unreserved = |c: char| c.is_ascii_alphanumeric() || "-._~".contains(c);
    (43..=128).contains(&verifier.len())
        && verifier.chars().all(unreserved)
        && challenge(verifier)
            .as_bytes()
            .ct_eq(expected.as_bytes())
            .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7636 appendix B.
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    #[test]
    fn rfc_7636_appendix_b() {
        assert_eq!(challenge(VERIFIER), CHALLENGE);
        assert!(is_challenge(CHALLENGE));
        assert!(answers(VERIFIER, CHALLENGE));
    }

    #[test]
    fn another_verifier_does_not_answer() {
        let other = VERIFIER.replace('d', "e");
        assert!(!answers(&other, CHALLENGE));
        assert!(!answers(VERIFIER, ""));
        assert!(!answers("", CHALLENGE));
        // The method `plain` is not accepted.
        assert!(!answers(VERIFIER, VERIFIER));
        for (verifier, fits) in [
            ("a".repeat(42), false),
            ("~".repeat(43), true),
            ("a".repeat(128), true),
            ("a".repeat(129), false),
            ("+".repeat(43), false),
        ] {
            assert_eq!(
                answers(&verifier, &challenge(&verifier)),
                fits,
                "{verifier}"
            );
        }
    }

    #[test]
    fn the_form_of_a_challenge() {
        for text in [
            "",
            &CHALLENGE[1..],
            &format!("{CHALLENGE}="),
            &CHALLENGE.replace('-', "+"),
        ] {
            assert!(!is_challenge(text), "{text}");
        }
    }
}
