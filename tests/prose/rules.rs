//! The rules themselves.

use crate::passage::Passage;

/// Words that begin a relative clause when they begin a statement.
const RELATIVES: [&str; 7] = [
    "Who",
    "What",
    "Whoever",
    "Whatever",
    "Whose",
    "Whom",
    "Whichever",
];
/// Characters that can precede the first word of a sentence.
const MARKS: &[char] = &['/', '*', '!', '#', '|', '-', '>', '(', '"', ' '];

/// Phrases that no text may hold.
pub(crate) struct Rules {
    banned: Vec<String>,
}

impl Rules {
    /// Reads the list of banned phrases, one a line.
    pub(crate) fn new(list: &str) -> Self {
        Self {
            banned: list.lines().map(str::to_lowercase).collect(),
        }
    }

    /// Returns the line and description of each finding in a passage.
    pub(crate) fn check(&self, passage: &Passage) -> Vec<(usize, String)> {
        let text = without_code(&passage.text);
        let lower = text.to_ascii_lowercase();
        let mut findings = Vec::new();
        for phrase in &self.banned {
            for byte in occurrences(&lower, phrase) {
                let shown = excerpt(&passage.text, byte);
                findings.push((passage.line_at(byte), format!("“{phrase}” in: {shown}")));
            }
        }
        for (begin, sentence) in sentences(&text) {
            if begins_with_relative(sentence) {
                let shown = excerpt(&passage.text, begin);
                let what = format!("begins with a relative clause: {shown}");
                findings.push((passage.line_at(begin), what));
            }
        }
        findings
    }
}

/// Replaces everything between backticks, without changing the length.
fn without_code(text: &str) -> String {
    let mut inside = false;
    let masked = text.chars().map(|c| {
        if c == '`' {
            inside = !inside;
        }
        if inside || c == '`' {
            "`".repeat(c.len_utf8())
        } else {
            c.to_string()
        }
    });
    masked.collect()
}

/// Finds a phrase where it stands as whole words.
fn occurrences<'a>(text: &'a str, phrase: &'a str) -> impl Iterator<Item = usize> + 'a {
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '`');
    text.match_indices(phrase)
        .map(|(byte, _)| byte)
        .filter(move |byte| {
            let before = text[..*byte].chars().next_back();
            let after = text[byte + phrase.len()..].chars().next();
            !before.is_some_and(is_part) && !after.is_some_and(is_part)
        })
}

/// Splits a text after full stops, question marks and exclamation marks. Returns where each sentence begins.
fn sentences(text: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let mut begin = 0;
    for (byte, _) in text.match_indices(['.', '!', '?']) {
        if text[byte + 1..].starts_with(' ') {
            found.push((begin, &text[begin..=byte]));
            begin = byte + 2;
        }
    }
    found.push((begin, text.get(begin..).unwrap_or_default()));
    found
}

fn begins_with_relative(sentence: &str) -> bool {
    let sentence = sentence.trim_start_matches(MARKS).trim_end();
    let is_question = sentence
        .trim_end_matches(['"', ')', '*', ':'])
        .ends_with('?');
    let word = sentence
        .find(|c: char| !c.is_alphabetic())
        .unwrap_or(sentence.len());
    let (word, rest) = sentence.split_at(word);
    RELATIVES.contains(&word) && !rest.starts_with("'s") && !is_question
}

/// Returns a few words of the text at this byte.
fn excerpt(text: &str, byte: usize) -> String {
    let begin = text[..byte].rfind(". ").map_or(0, |dot| dot + 2);
    text[begin..].chars().take(120).collect()
}

#[test]
fn banned_phrases_are_found_as_whole_words() {
    let rules = Rules::new("he\ntake away");
    let mut passage = Passage::new(7, "The role: he");
    passage.push(8, "loses it. Take away `he` there.");
    let lines: Vec<_> = rules
        .check(&passage)
        .iter()
        .map(|(line, _)| *line)
        .collect();
    assert_eq!(lines, [7, 8]);
}

#[test]
fn statements_that_begin_with_a_relative_clause_are_found() {
    for found in ["Who signs in is asked.", "Good. What is left out stays."] {
        assert_eq!(
            Rules::new("no such phrase")
                .check(&Passage::new(1, found))
                .len(),
            1,
            "{found}"
        );
    }
    for fine in [
        "Who may sign in? Everybody.",
        "Users who sign in are asked.",
        "What's new",
    ] {
        assert_eq!(
            Rules::new("no such phrase")
                .check(&Passage::new(1, fine))
                .len(),
            0,
            "{fine}"
        );
    }
}
