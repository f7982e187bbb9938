//! Values in a row of INSERT.

use std::io::BufRead;

use serde_json::Value;

use super::lexer::{Lexer, unexpected};
use crate::source::Fault;

/// Maximum nesting depth of calls in a value.
const MAX_DEPTH: u8 = 8;

impl<R: BufRead> Lexer<R> {
    /// Reads a value, which is nested in `depth` calls.
    pub(super) fn value(&mut self, depth: u8) -> Result<Value, Fault> {
        let value = match self.skip_blank()? {
            Some(b'\'') => Value::String(self.string(self.backslashes)?),
            Some(b'+' | b'-' | b'.' | b'0'..=b'9') => self.number()?,
            Some(byte) if byte.is_ascii_alphabetic() || byte == b'_' => self.worded(depth)?,
            other => return Err(unexpected(other)),
        };
        // The type of a Postgres literal.
        while self.skip_blank()? == Some(b':') {
            self.source.next()?;
            while let Some(byte) = self.source.peek()? {
                if matches!(byte, b',' | b')' | b'\'') {
                    break;
                }
                self.next()?;
            }
        }
        Ok(value)
    }

    /// Reads a value that begins with a word.
    fn worded(&mut self, depth: u8) -> Result<Value, Fault> {
        // SQLite nests one call for each kind of line break.
        if depth > MAX_DEPTH {
            return Fault::broken("it has too many calls in calls");
        }
        let word = self.word()?;
        let quoted = self.source.peek()? == Some(b'\'');
        match word.as_str() {
            "NULL" | "DEFAULT" => Ok(Value::Null),
            "TRUE" => Ok(Value::Bool(true)),
            "FALSE" => Ok(Value::Bool(false)),
            "E" if quoted => self.string(true).map(Value::String),
            // Bytes stay in hex.
            "X" | "N" | "B" if quoted => self.string(false).map(Value::String),
            // The character set of a MySQL literal.
            word if word.starts_with('_') => self.value(depth + 1),
            // How SQLite writes line breaks: replace('a\nb','\n',char(10)), and newer unistr('a\u000ab').
            "REPLACE" => match &self.arguments(depth)?[..] {
                [Value::String(text), Value::String(from), Value::String(to)] => {
                    Ok(Value::String(text.replace(from.as_str(), to)))
                }
                _ => Fault::broken("it has an unknown use of replace()"),
            },
            "CHAR" => {
                let code =
                    |value: &Value| value.as_u64().and_then(|code| char::from_u32(code as u32));
                let text: Option<String> = self.arguments(depth)?.iter().map(code).collect();
                text.map(Value::String)
                    .ok_or_else(|| Fault::Broken("it has an unknown use of char()".into()))
            }
            "UNISTR" => match &self.arguments(depth)?[..] {
                [Value::String(text)] => unistr(text)
                    .map(Value::String)
                    .ok_or_else(|| Fault::Broken("it has an unknown use of unistr()".into())),
                _ => Fault::broken("it has an unknown use of unistr()"),
            },
            _ => Fault::broken("it has a value that is neither text nor number"),
        }
    }

    fn arguments(&mut self, depth: u8) -> Result<Vec<Value>, Fault> {
        if self.skip_blank()? != Some(b'(') {
            return Fault::broken("it has a value that is neither text nor number");
        }
        self.next()?;
        let mut values = Vec::new();
        loop {
            values.push(self.value(depth + 1)?);
            match self.skip_blank()? {
                Some(b',') => self.next()?,
                Some(b')') => break,
                other => return Err(unexpected(other)),
            };
        }
        self.next()?;
        Ok(values)
    }
}

/// Decodes a text as SQLite's `unistr` does: <https://sqlite.org/lang_corefunc.html#unistr>.
fn unistr(text: &str) -> Option<String> {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\\') {
        plain.push_str(before);
        let (from, len) = match after.bytes().next()? {
            b'\\' => {
                plain.push('\\');
                rest = &after[1..];
                continue;
            }
            b'u' => (1, 4),
            b'U' => (1, 8),
            b'+' => (1, 6),
            _ => (0, 4),
        };
        let code = u32::from_str_radix(after.get(from..from + len)?, 16).ok()?;
        plain.push(char::from_u32(code)?);
        rest = &after[from + len..];
    }
    plain.push_str(rest);
    Some(plain)
}
