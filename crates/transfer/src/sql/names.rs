//! Names of tables and columns.

use std::io::BufRead;

use super::lexer::{Lexer, text, unexpected};
use crate::source::Fault;

impl<R: BufRead> Lexer<R> {
    /// Reads the name of a table, with its schema if it has one.
    pub(super) fn table(&mut self) -> Result<String, Fault> {
        let mut names = vec![self.name()?];
        while self.skip_blank()? == Some(b'.') {
            self.source.next()?;
            names.push(self.name()?);
        }
        // The name of the database is ignored.
        Ok(names[names.len().saturating_sub(2)..].join("."))
    }

    /// Reads a name, quoted or not.
    pub(super) fn name(&mut self) -> Result<String, Fault> {
        let end = match self.skip_blank()? {
            Some(quote @ (b'"' | b'`')) => quote,
            Some(b'[') => b']',
            Some(byte) if byte.is_ascii_alphabetic() || byte == b'_' => {
                let mut name = Vec::new();
                while let Some(byte) = self.source.peek()? {
                    if !byte.is_ascii_alphanumeric() && !matches!(byte, b'_' | b'$' | 128..) {
                        break;
                    }
                    name.push(self.next()?);
                }
                return text(name);
            }
            other => return Err(unexpected(other)),
        };
        self.backslashes |= end == b'`';
        self.source.next()?;
        let mut name = Vec::new();
        loop {
            match self.next()? {
                byte if byte == end && self.source.peek()? == Some(end) => name.push(self.next()?),
                byte if byte == end => return text(name),
                byte => name.push(byte),
            }
        }
    }

    /// Reads names in parentheses, if there are any.
    pub(super) fn column_list(&mut self) -> Result<Option<Vec<String>>, Fault> {
        if self.skip_blank()? != Some(b'(') {
            return Ok(None);
        }
        self.source.next()?;
        let mut names = Vec::new();
        loop {
            names.push(self.name()?);
            match self.skip_blank()? {
                Some(b',') => self.source.next()?,
                Some(b')') => break,
                other => return Err(unexpected(other)),
            };
        }
        self.source.next()?;
        Ok(Some(names))
    }
}
