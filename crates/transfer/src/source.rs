//! Reading a file by bytes or lines, with a way back to the line after a broken record.

use std::io::{self, BufRead, Chain, Cursor, ErrorKind, Read as _};

use crate::error::ReadError;

/// Maximum number of bytes of a user in a file. Longer records are refused, so that a missing closing quote doesn't
/// load the rest of the file into memory.
pub(crate) const MAX_RECORD: usize = 1024 * 1024;
/// Number of bytes that are examined to detect the format of a file.
const HEAD: usize = 4096;

/// The reason why reading a record ended.
pub(crate) enum Fault {
    /// This record can't be read; later ones can.
    Broken(String),
    /// Nothing more can be read.
    End(String),
}

impl Fault {
    pub(crate) fn broken<T>(reason: impl Into<String>) -> Result<T, Self> {
        Err(Self::Broken(reason.into()))
    }
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self::End(format!("the rest can't be read: {error}"))
    }
}

/// The result of reading a line.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Line {
    Whole,
    TooLong,
    End,
}

/// A file whose beginning has been examined.
pub(crate) type Opened<R> = Source<Chain<Cursor<Vec<u8>>, R>>;

pub(crate) struct Source<R> {
    input: R,
    /// Bytes to read again, before those of the input.
    again: Vec<u8>,
    at: usize,
    /// Line of the next byte, counting from 1.
    line: u64,
    /// All bytes since the mark.
    kept: Option<Vec<u8>>,
    mark: u64,
}

/// Examines the beginning of a file. Returns a source that begins after a byte order mark, and the first line that is
/// not blank.
pub(crate) fn open<R: BufRead>(mut input: R) -> Result<(String, Opened<R>), ReadError> {
    let mut head = Vec::new();
    input.by_ref().take(HEAD as u64).read_to_end(&mut head)?;
    let head = head
        .strip_prefix(b"\xef\xbb\xbf")
        .map_or_else(|| head.clone(), <[u8]>::to_vec);
    if head.starts_with(b"\xff\xfe") || head.starts_with(b"\xfe\xff") || head.get(1) == Some(&0) {
        return Err(ReadError::Form(
            "text in UTF-8; this file is in UTF-16 or binary",
        ));
    }
    if head.starts_with(b"\x1f\x8b") || head.starts_with(b"PK\x03\x04") {
        return Err(ReadError::Form("an uncompressed file; unpack it first"));
    }
    if head.starts_with(b"PGDMP") {
        return Err(ReadError::Form(
            "SQL text; create it with pg_dump --format=plain",
        ));
    }
    if head.starts_with(b"SQLite format 3\0") {
        return Err(ReadError::Form(
            "SQL text; create it with sqlite3 FILE .dump",
        ));
    }
    let first = String::from_utf8_lossy(&head)
        .lines()
        .map(str::trim)
        .find(|line| !line.is_empty())
        .unwrap_or_default()
        .to_owned();
    Ok((first, Source::new(Cursor::new(head).chain(input))))
}

impl<R: BufRead> Source<R> {
    pub(crate) const fn new(input: R) -> Self {
        Self {
            input,
            again: Vec::new(),
            at: 0,
            line: 1,
            kept: None,
            mark: 1,
        }
    }

    /// Returns the line number of the next byte.
    pub(crate) const fn line(&self) -> u64 {
        self.line
    }

    /// Returns the buffered bytes. They are empty at the end.
    fn bytes(&mut self) -> io::Result<&[u8]> {
        if self.at < self.again.len() {
            return Ok(&self.again[self.at..]);
        }
        loop {
            match self.input.fill_buf() {
                Ok(_) => return self.input.fill_buf(),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn consume(&mut self, count: usize) {
        if self.at < self.again.len() {
            self.at += count;
        } else {
            self.input.consume(count);
        }
    }

    /// Returns the next byte without consuming it.
    pub(crate) fn peek(&mut self) -> io::Result<Option<u8>> {
        Ok(self.bytes()?.first().copied())
    }

    /// Returns the byte after the next one without consuming either.
    pub(crate) fn peek_second(&mut self) -> io::Result<Option<u8>> {
        if let [_, second, ..] = self.bytes()? {
            return Ok(Some(*second));
        }
        let Some(first) = self.peek()? else {
            return Ok(None);
        };
        self.consume(1);
        let second = self.peek()?;
        self.again.splice(..self.at, [first]);
        self.at = 0;
        Ok(second)
    }

    /// Returns the next few bytes of the line without consuming them. They are empty at the end of the file.
    pub(crate) fn peek_line(&mut self) -> io::Result<Vec<u8>> {
        let mut start = Vec::new();
        while start.len() < 64 && start.last() != Some(&b'\n') {
            let Some(byte) = self.peek()? else { break };
            self.consume(1);
            start.push(byte);
        }
        self.again.splice(..self.at, start.iter().copied());
        self.at = 0;
        Ok(start)
    }

    /// Consumes the next byte.
    pub(crate) fn next(&mut self) -> io::Result<Option<u8>> {
        let Some(byte) = self.peek()? else {
            return Ok(None);
        };
        self.consume(1);
        if byte == b'\n' {
            self.line += 1;
        }
        if let Some(kept) = &mut self.kept {
            kept.push(byte);
        }
        Ok(Some(byte))
    }

    /// Reads a line with its line break into `line`. A line that is too long is skipped completely.
    pub(crate) fn read_line(&mut self, line: &mut Vec<u8>) -> io::Result<Line> {
        line.clear();
        let mut length = 0;
        loop {
            let bytes = self.bytes()?;
            if bytes.is_empty() {
                break;
            }
            let end = bytes.iter().position(|byte| *byte == b'\n');
            let count = end.map_or(bytes.len(), |end| end + 1);
            length += count;
            let room = MAX_RECORD - line.len();
            line.extend_from_slice(&bytes[..count.min(room)]);
            self.consume(count);
            if end.is_some() {
                self.line += 1;
                break;
            }
        }
        if length > MAX_RECORD {
            // When it is read again, it is too long again.
            line.push(b'\n');
        }
        if let Some(kept) = &mut self.kept {
            kept.extend_from_slice(line);
        }
        Ok(match length {
            0 => Line::End,
            1..=MAX_RECORD => Line::Whole,
            _ => Line::TooLong,
        })
    }

    /// Marks the beginning of a record. The bytes from here are kept, for [`Source::recover`].
    pub(crate) fn mark(&mut self) {
        self.kept.get_or_insert_default().clear();
        self.mark = self.line;
    }

    /// Stops keeping bytes.
    pub(crate) fn unmark(&mut self) {
        self.kept = None;
    }

    /// Returns the bytes since the mark.
    pub(crate) fn marked(&self) -> &[u8] {
        self.kept.as_deref().unwrap_or_default()
    }

    /// Returns the number of bytes since the mark.
    pub(crate) fn since_mark(&self) -> usize {
        self.marked().len()
    }

    /// Continues after the first line of the marked record.
    pub(crate) fn recover(&mut self) -> io::Result<()> {
        let kept = self.kept.take().unwrap_or_default();
        let Some(end) = kept.iter().position(|byte| *byte == b'\n') else {
            return self.skip_line();
        };
        let mut again = kept[end + 1..].to_vec();
        again.extend_from_slice(&self.again[self.at..]);
        self.again = again;
        self.at = 0;
        self.line = self.mark + 1;
        Ok(())
    }

    /// Continues after the end of the line.
    pub(crate) fn skip_line(&mut self) -> io::Result<()> {
        while !matches!(self.next()?, None | Some(b'\n')) {}
        Ok(())
    }

    /// Skips blanks, and returns the next byte.
    pub(crate) fn skip_blank(&mut self) -> io::Result<Option<u8>> {
        loop {
            match self.peek()? {
                Some(byte) if byte.is_ascii_whitespace() => self.next()?,
                other => return Ok(other),
            };
        }
    }
}
