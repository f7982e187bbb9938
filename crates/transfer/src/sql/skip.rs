//! Skipping parts of a dump.

use std::io::BufRead;

use super::lexer::{Lexer, ends_early};
use crate::source::Fault;

impl<R: BufRead> Lexer<R> {
    /// Skips the rest of the statement.
    pub(super) fn skip_statement(&mut self) -> Result<(), Fault> {
        while let Some(byte) = self.skip_blank()? {
            if byte == b';' {
                self.source.next()?;
                break;
            }
            self.skip_token(byte)?;
        }
        Ok(())
    }

    /// Skips the next comma of a list, or stops at the end of the list and returns false.
    pub(super) fn skip_to_comma(&mut self) -> Result<bool, Fault> {
        let mut depth = 0_u64;
        while let Some(byte) = self.skip_blank()? {
            match byte {
                b'(' => depth += 1,
                b')' if depth == 0 => break,
                b')' => depth -= 1,
                b',' if depth == 0 => {
                    self.source.next()?;
                    return Ok(true);
                }
                _ => {}
            }
            self.skip_token(byte)?;
        }
        Ok(false)
    }

    /// Skips a string, a quoted name, a word or another character.
    fn skip_token(&mut self, first: u8) -> Result<(), Fault> {
        match first {
            b'\'' => self.skip_quoted(b'\'', self.backslashes),
            b'"' | b'`' => self.skip_quoted(first, false),
            b'$' => self.skip_dollars(),
            byte if byte.is_ascii_alphanumeric() || byte == b'_' => {
                let word = self.word()?;
                if word == "E" && self.source.peek()? == Some(b'\'') {
                    self.skip_quoted(b'\'', true)?;
                }
                Ok(())
            }
            _ => {
                self.source.next()?;
                Ok(())
            }
        }
    }

    fn skip_quoted(&mut self, quote: u8, backslashes: bool) -> Result<(), Fault> {
        self.source.next()?;
        loop {
            let byte = self.source.next()?.ok_or_else(ends_early)?;
            if byte == b'\\' && backslashes {
                self.source.next()?;
            } else if byte == quote {
                break;
            }
        }
        Ok(())
    }

    /// Skips a string of Postgres between dollars, or the dollar itself.
    fn skip_dollars(&mut self) -> Result<(), Fault> {
        self.source.next()?;
        let mut tag = vec![b'$'];
        while let Some(byte) = self.source.peek()? {
            if byte != b'$' && !byte.is_ascii_alphanumeric() && byte != b'_' || tag.len() > 64 {
                return Ok(());
            }
            self.source.next()?;
            tag.push(byte);
            if byte == b'$' {
                break;
            }
        }
        let mut last = Vec::new();
        loop {
            let byte = self.source.next()?.ok_or_else(ends_early)?;
            if last.len() == tag.len() {
                last.remove(0);
            }
            last.push(byte);
            if last == tag {
                break;
            }
        }
        Ok(())
    }
}
