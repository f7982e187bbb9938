//! The order of texts, byte by byte.

/// A text after every stored text, because keys are far shorter.
pub const LAST: &str =
    "\u{10FFFF}\u{10FFFF}\u{10FFFF}\u{10FFFF}\u{10FFFF}\u{10FFFF}\u{10FFFF}\u{10FFFF}";

/// Returns the first text after all texts that begin with this prefix, byte by byte.
pub fn prefix_upper_bound(prefix: &str) -> String {
    let mut text = prefix.to_owned();
    while let Some(last) = text.pop() {
        let next = match last {
            '\u{D7FF}' => Some('\u{E000}'),
            last => char::from_u32(last as u32 + 1),
        };
        if let Some(next) = next {
            text.push(next);
            return text;
        }
    }
    LAST.to_owned()
}

#[cfg(test)]
mod tests {
    use super::prefix_upper_bound;

    #[test]
    fn the_upper_bound_of_a_prefix_is_the_first_text_without_it() {
        assert_eq!(prefix_upper_bound("ab"), "ac");
        assert_eq!(prefix_upper_bound("a\u{D7FF}"), "a\u{E000}");
        assert_eq!(prefix_upper_bound("a\u{10FFFF}"), "b");
        assert!(prefix_upper_bound("\u{10FFFF}").as_str() > "\u{10FFFF}x");
        assert!("ab\u{10FFFF}\u{10FFFF}" < prefix_upper_bound("ab").as_str());
    }
}
