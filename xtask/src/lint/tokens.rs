//! The tokens of Rust code, without comments and the content of strings.

/// A word or a symbol, with its line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Token<'a> {
    /// The text of a word or symbol; `"` for a literal.
    pub(crate) text: &'a str,
    /// Its line, from 1.
    pub(crate) line: usize,
    /// Whether it is a name or a keyword.
    pub(crate) is_word: bool,
}

/// Splits code into tokens.
pub(crate) fn tokens(code: &str) -> Vec<Token<'_>> {
    let (mut found, mut at, mut line) = (Vec::new(), 0, 1);
    while let Some(first) = code[at..].chars().next() {
        let rest = &code[at..];
        let word = word_length(rest);
        let literal = literal_length(rest, word);
        let (length, token) = if first.is_whitespace() {
            (first.len_utf8(), None)
        } else if rest.starts_with("//") {
            (rest.find('\n').unwrap_or(rest.len()), None)
        } else if rest.starts_with("/*") {
            (comment_length(rest), None)
        } else if literal > 0 {
            (literal, Some(("\"", false)))
        } else if rest.starts_with("r#") && word_length(&rest[2..]) > 0 {
            let length = 2 + word_length(&rest[2..]);
            (length, Some((&rest[2..length], true)))
        } else if word > 0 {
            (word, Some((&rest[..word], true)))
        } else {
            let length = if rest.starts_with("::") {
                2
            } else {
                first.len_utf8()
            };
            (length, Some((&rest[..length], false)))
        };
        found.extend(token.map(|(text, is_word)| Token {
            text,
            line,
            is_word,
        }));
        line += rest[..length].matches('\n').count();
        at += length;
    }
    found
}

/// Returns the position after the bracket that closes the one at `start`.
pub(crate) fn after_group(tokens: &[Token<'_>], start: usize) -> usize {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate().skip(start) {
        match token.text {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return at + 1;
        }
    }
    tokens.len()
}

/// Returns the length of a name or keyword at the beginning of the text.
fn word_length(text: &str) -> usize {
    let starts = text
        .chars()
        .next()
        .is_some_and(|first| first.is_alphabetic() || first == '_');
    if starts { run_length(text) } else { 0 }
}

fn run_length(text: &str) -> usize {
    text.find(|c: char| !c.is_alphanumeric() && c != '_')
        .unwrap_or(text.len())
}

/// Returns the length of a comment; comments nest.
fn comment_length(text: &str) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while at < text.len() {
        let pair = text.as_bytes().get(at..at + 2);
        match pair {
            Some(b"/*") => depth += 1,
            Some(b"*/") => depth -= 1,
            _ => {
                at += 1;
                continue;
            }
        }
        at += 2;
        if depth == 0 {
            return at;
        }
    }
    text.len()
}

/// Returns the length of a number, string, character or lifetime at the beginning of the text, after a prefix of this
/// length.
fn literal_length(text: &str, prefix: usize) -> usize {
    let (before, rest) = text.split_at(prefix);
    let raw = matches!(before, "r" | "br" | "cr");
    let hashes = rest.len() - rest.trim_start_matches('#').len();
    if raw && rest[hashes..].starts_with('"') {
        let end = format!("\"{}", &rest[..hashes]);
        let from = hashes + 1;
        let length = rest[from..].find(&end).map(|at| from + at + end.len());
        return prefix + length.unwrap_or(rest.len());
    }
    if matches!(before, "" | "b" | "c") && rest.starts_with('"') {
        return prefix + quoted_length(rest, '"');
    }
    if matches!(before, "" | "b") && rest.starts_with('\'') {
        let mut inside = rest[1..].chars();
        let is_character = match inside.next() {
            Some('\\') => true,
            Some(_) => inside.next() == Some('\''),
            None => false,
        };
        return prefix
            + if is_character {
                quoted_length(rest, '\'')
            } else {
                1 + run_length(&rest[1..])
            };
    }
    if rest.starts_with(|c: char| c.is_ascii_digit()) && prefix == 0 {
        return run_length(rest);
    }
    0
}

/// Returns the length of a quoted literal with both quotes; a backslash escapes the next character.
fn quoted_length(text: &str, quote: char) -> usize {
    let mut hidden = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if hidden => hidden = false,
            '\\' => hidden = true,
            _ if c == quote => return at + 1,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(code: &str) -> Vec<(&str, usize)> {
        tokens(code)
            .into_iter()
            .map(|token| (token.text, token.line))
            .collect()
    }

    #[test]
    fn comments_and_strings_are_no_words() {
        let code = "a // b\n/* c /* d */ e */ f \"g \\\" h\" r#\"i \" j\"# b'k' '\\'' '\\u{1F}' 'l' m::n 1_u8";
        let quote = ("\"", 2);
        let expected = vec![
            ("a", 1),
            ("f", 2),
            quote,
            quote,
            quote,
            quote,
            quote,
            quote,
            ("m", 2),
            ("::", 2),
            ("n", 2),
            quote,
        ];
        assert_eq!(words(code), expected);
    }

    #[test]
    fn a_lifetime_is_no_character() {
        let expected = vec![("&", 1), ("\"", 1), ("str", 1), (",", 1), ("\"", 1)];
        assert_eq!(words("&'a str, 'b'"), expected);
    }

    #[test]
    fn a_raw_name_is_a_name() {
        assert_eq!(words("r#type\nr"), vec![("type", 1), ("r", 2)]);
    }

    #[test]
    fn a_group_ends_at_its_own_bracket() {
        let found = tokens("f(a[0], {b}) c");
        assert_eq!(found[after_group(&found, 1)].text, "c");
    }
}
