//! Errors in a provider's own words, for the log.

use std::fmt;

/// The maximum length of a part of an error, in characters.
const MAX_LEN: usize = 200;

/// The length from which a word could be a token or a code. A UUID has 36 characters.
const MAX_WORD: usize = 40;

/// An error that a provider returned. It goes to the log, never to a person: its text is the provider's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ProviderError {
    /// The code, such as `access_denied`.
    pub(crate) code: String,
    /// The description, or an empty text.
    pub(crate) description: String,
}

impl ProviderError {
    /// Creates an error of printable text without tokens, shortened.
    pub(super) fn new(code: &str, description: &str) -> Self {
        Self {
            code: excerpt(code),
            description: excerpt(description),
        }
    }
}

impl fmt::Display for ProviderError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.code)?;
        if !self.description.is_empty() {
            write!(formatter, ": {}", self.description)?;
        }
        Ok(())
    }
}

/// Returns the beginning of a text, in ASCII that can be printed. Words that could be tokens are left out.
pub(super) fn excerpt(text: &str) -> String {
    let shown: String = text
        .chars()
        .take(10 * MAX_LEN)
        .map(|c| {
            if c.is_ascii_graphic() || c == ' ' {
                c
            } else {
                '?'
            }
        })
        .collect();
    let in_token = |c: char| c.is_ascii_alphanumeric() || "-._~+/=%".contains(c);
    let mut words = String::new();
    for word in shown.split_inclusive(|c| !in_token(c)) {
        let token = word.trim_end_matches(|c| !in_token(c));
        if token.len() > MAX_WORD {
            words.push('…');
            words.push_str(&word[token.len()..]);
        } else {
            words.push_str(word);
        }
    }
    words.chars().take(MAX_LEN).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_printable_and_short() {
        let error = ProviderError::new("access_denied", "No\r\n\u{1b}[31mentry\u{202e}");
        assert_eq!(error.to_string(), "access_denied: No???[31mentry?");
        assert_eq!(ProviderError::new("x", "").to_string(), "x");
        let long = ProviderError::new("x", &"ab ".repeat(1000));
        assert_eq!(long.description.len(), MAX_LEN);
    }

    #[test]
    fn tokens_are_left_out() {
        let token = "a".repeat(MAX_WORD + 1);
        let trace = "9188040d-6c67-4c5b-b112-36a304b66dad";
        let text = format!("The token '{token}' of {trace} and \"{token}\"");
        let error = ProviderError::new(&token, &text);
        assert_eq!(error.code, "…");
        assert_eq!(
            error.description,
            format!("The token '…' of {trace} and \"…\"")
        );
    }
}
