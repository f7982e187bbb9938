//! Words, strings and numbers of SQL, byte by byte.

use std::io::BufRead;

use serde_json::Value;

use crate::json::too_long;
use crate::source::{Fault, MAX_RECORD, Source};

/// Reads the tokens of a dump.
pub(super) struct Lexer<R> {
    pub(super) source: Source<R>,
    /// Whether strings have escapes with a backslash, as in MySQL, which quotes names with backticks.
    pub(super) backslashes: bool,
}

impl<R: BufRead> Lexer<R> {
    pub(super) const fn new(source: Source<R>) -> Self {
        Self {
            source,
            backslashes: false,
        }
    }

    /// Consumes a byte of a record. The file must not end here, and the record must not be too long.
    pub(super) fn next(&mut self) -> Result<u8, Fault> {
        if self.source.since_mark() > MAX_RECORD {
            return Fault::broken(too_long());
        }
        self.source
            .next()?
            .ok_or_else(|| Fault::Broken("the file ends inside of it".into()))
    }

    /// Skips blanks and comments, and returns the next byte without consuming it.
    pub(super) fn skip_blank(&mut self) -> Result<Option<u8>, Fault> {
        loop {
            match self.source.skip_blank()? {
                Some(b'-') => {
                    // A number can begin with one, but no value begins with two.
                    if self.source.peek_second()? != Some(b'-') {
                        return Ok(Some(b'-'));
                    }
                    self.source.skip_line()?;
                }
                Some(b'/') if self.source.peek_second()? == Some(b'*') => {
                    let mut last = 0;
                    loop {
                        let byte = self.source.next()?.ok_or_else(ends_early)?;
                        if last == b'*' && byte == b'/' {
                            break;
                        }
                        last = byte;
                    }
                }
                other => return Ok(other),
            }
        }
    }

    pub(super) fn number(&mut self) -> Result<Value, Fault> {
        let mut text = String::new();
        while let Some(byte) = self.source.peek()? {
            if !byte.is_ascii_alphanumeric() && !matches!(byte, b'+' | b'-' | b'.') {
                break;
            }
            text.push(char::from(byte));
            self.next()?;
        }
        if let Some(bytes) = text.strip_prefix("0x") {
            return Ok(Value::String(bytes.into()));
        }
        let integer = text.parse::<i64>().map(Value::from).ok();
        integer
            .or_else(|| text.parse::<f64>().ok().map(Value::from))
            .ok_or_else(|| Fault::Broken("it has a number that is none".into()))
    }

    /// Reads a string, from its first quote.
    pub(super) fn string(&mut self, backslashes: bool) -> Result<String, Fault> {
        let mut bytes = Vec::new();
        self.next()?;
        loop {
            match self.next()? {
                b'\'' if self.source.peek()? == Some(b'\'') => bytes.push(self.next()?),
                b'\'' => break,
                b'\\' if backslashes => match self.next()? {
                    b'n' => bytes.push(b'\n'),
                    b't' => bytes.push(b'\t'),
                    b'r' => bytes.push(b'\r'),
                    b'b' => bytes.push(8),
                    b'Z' => bytes.push(26),
                    b'0' => bytes.push(0),
                    byte => bytes.push(byte),
                },
                byte => bytes.push(byte),
            }
        }
        text(bytes)
    }

    /// Reads a word, in capitals.
    pub(super) fn word(&mut self) -> Result<String, Fault> {
        let mut word = String::new();
        while let Some(byte) = self.source.peek()? {
            if !byte.is_ascii_alphanumeric() && byte != b'_' && byte != b'$' {
                break;
            }
            self.next()?;
            if word.len() < 128 {
                word.push(char::from(byte));
            }
        }
        word.make_ascii_uppercase();
        Ok(word)
    }
}

pub(super) fn ends_early() -> Fault {
    Fault::End("the file ends inside of a table, a text or a comment".into())
}

pub(super) fn unexpected(found: Option<u8>) -> Fault {
    Fault::Broken(match found {
        None => "the file ends inside of it".into(),
        Some(byte) if byte.is_ascii_graphic() => {
            format!("unexpected `{}`: is a quote not closed?", char::from(byte))
        }
        Some(_) => "unexpected character: is a quote not closed?".into(),
    })
}

pub(super) fn text(bytes: Vec<u8>) -> Result<String, Fault> {
    if bytes.contains(&0) {
        return Fault::broken("it has a NUL character");
    }
    String::from_utf8(bytes).map_err(|_| Fault::Broken("it is not UTF-8 text".into()))
}
