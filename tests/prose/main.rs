//! The rules for prose: comments, messages, documents, pages and mails hold no banned phrase, and no sentence begins with a
//! relative clause.

#![allow(clippy::unwrap_used, reason = "tests")]

mod code;
mod markup;
mod passage;
mod rules;

use gatewright_tests::repository;

use passage::Passage;
use rules::Rules;

/// Parts of paths whose texts others wrote, or that are generated, or that need banned phrases themselves.
const SKIPPED: [&str; 4] = ["/deps/", "/generated/", "requirements.txt", "tests/prose/"];

#[test]
fn every_text_keeps_the_rules_for_prose() {
    let rules = Rules::new(include_str!("banned_phrases.txt"));
    let mut findings = Vec::new();
    for path in repository::files() {
        if SKIPPED.iter().any(|part| path.contains(part)) {
            continue;
        }
        let Some(read) = reader(&path) else { continue };
        let text = std::fs::read_to_string(repository::root().join(&path)).unwrap();
        for passage in read(&text) {
            let found = rules.check(&passage).into_iter();
            findings.extend(found.map(|(line, what)| format!("{path}:{line}: {what}")));
        }
    }
    let count = findings.len();
    assert!(count == 0, "{}\n{count} findings", findings.join("\n"));
}

/// Returns the function that finds the prose in a file of this name.
fn reader(path: &str) -> Option<fn(&str) -> Vec<Passage>> {
    let (_, extension) = path.rsplit_once('.')?;
    match extension {
        "rs" | "wit" => Some(code::rust),
        "js" | "mjs" | "ts" => Some(code::javascript),
        "toml" | "py" | "sh" => Some(code::hashes),
        "md" => Some(markup::markdown),
        "html" => Some(markup::template),
        "txt" if path.contains("/templates/") => Some(markup::template),
        _ => None,
    }
}
