//! Turns a page into a script. Each block keeps its lines' numbers, so that an error names the line of the page.

use crate::page::{Block, Page};

/// Makes the script. Hosts listen on this port, and the file of each block's output has the number of its first line.
pub(crate) fn script(page: &Page, port: u16) -> String {
    let mut lines = vec![String::new(); page.text.lines().count()];
    "source \"$PRELUDE\"".clone_into(&mut lines[0]);
    for block in page.blocks.iter().filter(|block| block.runs()) {
        let shown = page.blocks.iter().find(|answer| {
            let of = page.shows_output_of(answer);
            of.is_some_and(|of| of.first == block.first)
        });
        let (begin, end) = frame(block, shown.is_some_and(shows_error));
        lines[block.first - 1] = begin;
        lines[block.last - 1] = end;
        for (place, line) in lines[block.first..].iter_mut().zip(&block.lines) {
            *place = with_port(line, port);
        }
    }
    // A block could end the session before the page ends.
    lines.push(": >\"$OUTPUTS/end\"\n".to_owned());
    lines.join("\n")
}

/// Returns whether a page starts a host by itself.
pub(crate) fn starts_host(page: &Page) -> bool {
    let mut lines = page
        .blocks
        .iter()
        .filter(|block| block.runs())
        .flat_map(|block| &block.lines);
    lines.any(|line| {
        let mut words = line
            .split_whitespace()
            .skip_while(|word| is_assignment(word));
        match (words.next(), words.next(), words.next()) {
            (Some("gatewright"), Some("serve"), _) => !line.contains("--help"),
            (Some("cargo"), Some("xtask"), Some("serve")) => true,
            _ => false,
        }
    })
}

/// Returns whether a word sets a variable.
pub(crate) fn is_assignment(word: &str) -> bool {
    let name = word.split_once('=').map(|(name, _)| name);
    name.is_some_and(|name| name.chars().all(|c| c.is_ascii_uppercase() || c == '_'))
}

/// Replaces the address that readers have with the host's.
fn with_port(line: &str, port: u16) -> String {
    ["localhost:8080", "127.0.0.1:8080"]
        .iter()
        .fold(line.to_owned(), |line, address| {
            line.replace(address, &address.replace("8080", &port.to_string()))
        })
}

/// Returns whether the answer on the page is an error.
fn shows_error(answer: &Block) -> bool {
    answer
        .lines
        .iter()
        .any(|line| line.trim_start_matches(['{', ' ']).starts_with("\"error\""))
}

/// Returns the lines before and after a block.
fn frame(block: &Block, refused: bool) -> (String, String) {
    let number = block.first;
    let refused = if refused { "yes" } else { "no" };
    let begin = format!("begin {number} {refused}");
    match &*block.language {
        "js" => (
            format!(
                "{begin}; OUTPUT=$CURRENT; node --input-type=module >\"$CURRENT\" <<'END_OF_MODULE'"
            ),
            "END_OF_MODULE".to_owned(),
        ),
        "sh" => (
            format!("{begin}; OUTPUT=$CURRENT; {{ :"),
            format!("}} >\"$OUTPUTS/{number}\""),
        ),
        // Hidden commands leave `$OUTPUT` as it is.
        _ => (
            format!("{begin}; {{ :"),
            format!("}} >\"$OUTPUTS/{number}\""),
        ),
    }
}
