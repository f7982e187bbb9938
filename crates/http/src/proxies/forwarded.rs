//! Parser of the `Forwarded` header (RFC 7239).

use std::net::IpAddr;

use super::address::{address, token};

/// Maximum number of commas that are tried as part of one element.
const MAX_COMMAS: usize = 16;

/// Iterator over the elements of a `Forwarded` line (RFC 7239 section 4), starting with the last.
pub(crate) struct Elements<'a>(pub(crate) &'a [u8]);

impl Iterator for Elements<'_> {
    type Item = Option<IpAddr>;

    /// The last element is the shortest suffix of the line that is a well-formed element. So neither an unclosed quote
    /// nor a quoted comma from a client changes what a proxy has appended.
    fn next(&mut self) -> Option<Self::Item> {
        let mut end = self.0;
        loop {
            match end.trim_ascii_end() {
                [] => return None,
                [before @ .., b','] => end = before,
                trimmed => {
                    end = trimmed;
                    break;
                }
            }
        }
        let commas = end
            .iter()
            .enumerate()
            .rev()
            .filter(|(_, byte)| **byte == b',');
        let starts = commas.map(|(at, _)| at + 1).chain([0]);
        for start in starts.take(MAX_COMMAS) {
            if let Some(named) = element(&end[start..]) {
                self.0 = &end[..start];
                return Some(named.as_deref().and_then(address));
            }
        }
        self.0 = &[];
        Some(None)
    }
}

/// Returns the value of `for` in an element, or `None` if the element is malformed.
fn element(text: &[u8]) -> Option<Option<Vec<u8>>> {
    let mut named = None;
    let mut rest = text;
    loop {
        let (name, after) = token(rest.trim_ascii_start())?;
        let (value, after) = match after.strip_prefix(b"=")? {
            [b'"', quoted @ ..] => unquoted(quoted)?,
            plain => token(plain).map(|(value, after)| (value.to_vec(), after))?,
        };
        if name.eq_ignore_ascii_case(b"for") && named.replace(value).is_some() {
            return None;
        }
        match after.trim_ascii_start() {
            [] => return Some(named),
            [b';'] => return Some(named),
            [b';', next @ ..] => rest = next,
            _ => return None,
        }
    }
}

/// Parses a quoted string, and returns its content with the rest.
fn unquoted(text: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let mut value = Vec::new();
    let mut rest = text;
    loop {
        match rest {
            [b'"', after @ ..] => return Some((value, after)),
            [b'\\', escaped, after @ ..] => {
                value.push(*escaped);
                rest = after;
            }
            [byte, after @ ..] => {
                value.push(*byte);
                rest = after;
            }
            [] => return None,
        }
    }
}
