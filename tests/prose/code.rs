//! Prose in programs: comments, and string literals of several words.

use crate::passage::{Passage, Passages};

/// Reads Rust and WIT.
pub(crate) fn rust(text: &str) -> Vec<Passage> {
    Scanner::new(text, false).scan()
}

/// Reads JavaScript and TypeScript.
pub(crate) fn javascript(text: &str) -> Vec<Passage> {
    Scanner::new(text, true).scan()
}

/// Reads the comments of languages that begin them with `#`.
pub(crate) fn hashes(text: &str) -> Vec<Passage> {
    let mut passages = Passages::default();
    for (line, content) in (1..).zip(text.lines()) {
        if let Some(comment) = content.trim_start().strip_prefix('#') {
            passages.push(line, comment);
        } else if let Some((_, comment)) = content.split_once(" # ") {
            passages.add(line, comment);
        }
    }
    passages.finish()
}

/// Goes through a program, and tells comments, literals and code from each other.
struct Scanner<'a> {
    rest: &'a str,
    line: usize,
    /// Whether single quotes, backticks and slashes begin literals.
    javascript: bool,
    /// The last character that was neither blank nor in a comment, by which a slash is a division or begins a pattern.
    last: char,
    /// Whether a comment's example is being read.
    fenced: bool,
    passages: Passages,
}

impl<'a> Scanner<'a> {
    fn new(text: &'a str, javascript: bool) -> Self {
        Self {
            rest: text,
            line: 1,
            javascript,
            last: ';',
            fenced: false,
            passages: Passages::default(),
        }
    }

    fn scan(mut self) -> Vec<Passage> {
        while let Some(next) = self.rest.chars().next() {
            if let Some(rest) = self.rest.strip_prefix("//") {
                let end = rest.find('\n').unwrap_or(rest.len());
                self.comment(self.line, &rest[..end]);
                self.rest = &rest[end..];
            } else if let Some(rest) = self.rest.strip_prefix("/*") {
                let end = rest.find("*/").unwrap_or(rest.len());
                for (line, content) in (self.line..).zip(rest[..end].split('\n')) {
                    self.comment(line, content.trim().trim_start_matches('*'));
                }
                self.skip(rest.len().min(end + 2) + 2);
            } else if let Some(length) = self.literal(next) {
                self.last = next;
                self.skip(length);
            } else {
                if !next.is_whitespace() {
                    self.last = next;
                    self.passages.end();
                }
                self.skip(next.len_utf8());
            }
        }
        self.passages.finish()
    }

    /// Goes on by this many bytes, counting lines.
    fn skip(&mut self, bytes: usize) {
        let (gone, rest) = self.rest.split_at(bytes);
        self.line += gone.matches('\n').count();
        self.rest = rest;
    }

    /// Adds a line of a comment, unless it belongs to an example.
    fn comment(&mut self, line: usize, content: &str) {
        let content = content.trim_start_matches(['/', '!']).trim();
        if content.starts_with("```") {
            self.fenced = !self.fenced;
        }
        if self.fenced || content.is_empty() || content.starts_with("```") {
            self.passages.end();
        } else {
            self.passages.push(line, content);
        }
    }

    /// Adds the literal that begins here, if it has several words. Returns its length in bytes.
    fn literal(&mut self, next: char) -> Option<usize> {
        let is_name = self.last.is_alphanumeric() || self.last == '_';
        match next {
            '"' => Some(self.quoted('"', false)),
            'r' if !self.javascript && !is_name => self.raw(),
            '\'' if !self.javascript => character(self.rest),
            '\'' => Some(self.quoted(next, false)),
            '`' if self.javascript => Some(self.quoted(next, true)),
            '/' if self.javascript && "(,=:[!&|?{};>".contains(self.last) => pattern(self.rest),
            _ => None,
        }
    }

    fn quoted(&mut self, quote: char, spans_lines: bool) -> usize {
        let mut escaped = false;
        let mut end = self.rest.len();
        for (byte, c) in self.rest.char_indices().skip(1) {
            let ends_early = c == '\n' && self.javascript && !spans_lines;
            if (c == quote && !escaped) || ends_early {
                end = byte;
                break;
            }
            escaped = c == '\\' && !escaped;
        }
        self.words(1, end);
        self.rest.len().min(end + 1)
    }

    fn raw(&mut self) -> Option<usize> {
        let after = &self.rest[1..];
        let marks = after.len() - after.trim_start_matches('#').len();
        let begin = 1 + marks + 1;
        if !after[marks..].starts_with('"') {
            return None;
        }
        let close = format!("\"{}", "#".repeat(marks));
        let end = begin + self.rest[begin..].find(&close)?;
        self.words(begin, end);
        Some(end + close.len())
    }

    /// Adds this part as a passage if it has at least three words.
    fn words(&mut self, begin: usize, end: usize) {
        let text = &self.rest[begin..end];
        if text.trim().matches(' ').count() < 2 {
            return;
        }
        let mut passage = Passage::default();
        for (line, content) in (self.line..).zip(text.split('\n')) {
            passage.push(line, content.trim_end_matches('\\'));
        }
        self.passages.insert(passage);
    }
}

/// Returns the length of a literal of one character, if it is not a lifetime.
fn character(rest: &str) -> Option<usize> {
    let mut characters = rest.char_indices().skip(1);
    let (_, first) = characters.next()?;
    if first == '\\' {
        let end = rest[3..].find('\'')?;
        return Some(3 + end + 1);
    }
    let (byte, second) = characters.next()?;
    (second == '\'').then_some(byte + 1)
}

/// Returns the length of a regular expression, if it ends on its line.
fn pattern(rest: &str) -> Option<usize> {
    let (mut escaped, mut class) = (false, false);
    for (byte, c) in rest.char_indices().skip(1) {
        match c {
            '\n' => return None,
            _ if escaped => {}
            '[' => class = true,
            ']' => class = false,
            '/' if !class => return Some(byte + 1),
            _ => {}
        }
        escaped = c == '\\' && !escaped;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(passages: &[Passage]) -> Vec<&str> {
        passages.iter().map(|passage| &*passage.text).collect()
    }

    #[test]
    fn comments_and_messages_of_rust_are_read() {
        let program = "//! One\n//! two.\n\n/// ```\n/// code\n/// ```\nfn f<'a>(c: char) -> &'a str {\n    \
                       if c == '\"' { // three\n        \"a b\"\n    } else {\n        \"four \\\n         five six\"\n    }\n}\n";
        assert_eq!(
            texts(&rust(program)),
            ["One two.", "three", "four five six"]
        );
        let passages = rust(program);
        assert_eq!(passages[2].line_at(5), 12);
    }

    #[test]
    fn comments_and_messages_of_javascript_are_read() {
        let program = "/* one\n * two */ const a = /[/\"]/.test(`three four\n five`); // six\n";
        assert_eq!(
            texts(&javascript(program)),
            ["one two", "three four five", "six"]
        );
    }

    #[test]
    fn comments_that_begin_with_a_hash_are_read() {
        let file = "# one\n# two\n[a]\nb = \"c\" # three\n";
        assert_eq!(texts(&hashes(file)), ["three", "one two"]);
    }
}
