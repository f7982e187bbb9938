//! The header `Forwarded` (RFC 7239).

use std::net::IpAddr;

use super::address::{address, token};

/// Most commas that are taken for part of one element.
const MAX_COMMAS: usize = 16;

/// The elements of one line of `Forwarded` (RFC 7239 section 4), the last first.
pub(crate) struct Elements<'a>(pub(crate) &'a [u8]);

impl Iterator for Elements<'_> {
    type Item = Option<IpAddr>;

    /// The last element is the shortest end of the line that is a well-formed element. So neither a quote that a client
    /// leaves open nor a comma that it has quoted changes what a proxy has appended.
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

/// What an element names by `for`; none: it is malformed.
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

/// A quoted string without its quotes, and what follows it.
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
