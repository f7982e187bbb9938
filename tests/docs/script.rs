//! Turns a page into a script. Each block keeps its lines' numbers, so that an error names the line of the page.

use crate::page::{Block, Page};

/// The ports in place of those that the pages name.
pub(crate) struct Ports {
    /// The host's, for 8080.
    pub(crate) host: u16,
    /// A second host's, for 8081.
    pub(crate) second: u16,
    /// A database server's, for 5432.
    pub(crate) postgres: u16,
}

/// Makes the script. Hosts listen on these ports, and the file of each block's output has the number of its first line.
pub(crate) fn script(page: &Page, ports: &Ports) -> String {
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
            *place = with_ports(line, ports);
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

/// Replaces the addresses that readers have with those of the test.
fn with_ports(line: &str, ports: &Ports) -> String {
    let mut line = line.to_owned();
    let places = [
        ("8080", ports.host),
        ("8081", ports.second),
        ("5432", ports.postgres),
    ];
    for (readers, port) in places {
        for name in ["localhost", "127.0.0.1"] {
            line = line.replace(&format!("{name}:{readers}"), &format!("{name}:{port}"));
        }
    }
    line
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
