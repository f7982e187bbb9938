//! Bytes of a file, one after the other or by the line, with a way back to the line after a broken one.

use std::io::{self, BufRead, Chain, Cursor, ErrorKind, Read as _};

use crate::error::ReadError;

/// Bytes that one user may have in a file. What is longer is refused, so that a quote that nobody closed doesn't
/// take the rest of the file into memory.
pub(crate) const MAX_RECORD: usize = 1024 * 1024;
/// Bytes that are looked at to learn what a file is.
const HEAD: usize = 4096;

/// Why reading a record ended.
pub(crate) enum Fault {
    /// This record can't be read; what comes after it may be.
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

/// How reading a line went.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Line {
    Whole,
    TooLong,
    End,
}

/// A file whose beginning has been looked at.
pub(crate) type Opened<R> = Source<Chain<Cursor<Vec<u8>>, R>>;

pub(crate) struct Source<R> {
    input: R,
    /// Bytes that are read again, before those of the input.
    again: Vec<u8>,
    at: usize,
    /// Of the next byte, from 1.
    line: u64,
    /// All since the mark.
    kept: Option<Vec<u8>>,
    mark: u64,
}

/// Looks at the beginning of a file: the source begins after a byte order mark, and the text is the first line
/// that is not blank.
pub(crate) fn open<R: BufRead>(mut input: R) -> Result<(String, Opened<R>), ReadError> {
    let mut head = Vec::new();
    input.by_ref().take(HEAD as u64).read_to_end(&mut head)?;
    let head = head
        .strip_prefix(b"\xef\xbb\xbf")
        .map_or_else(|| head.clone(), <[u8]>::to_vec);
    if head.starts_with(b"\xff\xfe") || head.starts_with(b"\xfe\xff") || head.get(1) == Some(&0) {
        return Err(ReadError::Form(
            "text in UTF-8, and this is in UTF-16 or no text at all",
        ));
    }
    if head.starts_with(b"\x1f\x8b") || head.starts_with(b"PK\x03\x04") {
        return Err(ReadError::Form(
            "a file that is not compressed: unpack it first",
        ));
    }
    if head.starts_with(b"PGDMP") {
        return Err(ReadError::Form("SQL text: pg_dump --format=plain makes it"));
    }
    if head.starts_with(b"SQLite format 3\0") {
        return Err(ReadError::Form("SQL text: sqlite3 FILE .dump makes it"));
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

    /// Number of the line that the next byte is of.
    pub(crate) const fn line(&self) -> u64 {
        self.line
    }

    /// Bytes that can be had at once; none at the end.
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

    /// The next byte, which stays.
    pub(crate) fn peek(&mut self) -> io::Result<Option<u8>> {
        Ok(self.bytes()?.first().copied())
    }

    /// The byte after the next one; both stay.
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

    /// How the line goes on, for a few bytes, which stay; empty at the end of the file.
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

    /// Takes the next byte.
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

    /// Reads a line with its end into `line`; all of one that is too long is passed over.
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
            // Read again, it is too long again.
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

    /// Marks where a record begins. What is read from here is kept, for [`Source::recover`].
    pub(crate) fn mark(&mut self) {
        self.kept.get_or_insert_default().clear();
        self.mark = self.line;
    }

    /// Keeps nothing more.
    pub(crate) fn unmark(&mut self) {
        self.kept = None;
    }

    /// What was read since the mark.
    pub(crate) fn marked(&self) -> &[u8] {
        self.kept.as_deref().unwrap_or_default()
    }

    /// Bytes since the mark.
    pub(crate) fn since_mark(&self) -> usize {
        self.marked().len()
    }

    /// Goes on after the first line of the record that the mark is at.
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

    /// Goes on after the end of the line.
    pub(crate) fn skip_line(&mut self) -> io::Result<()> {
        while !matches!(self.next()?, None | Some(b'\n')) {}
        Ok(())
    }

    /// Goes on at the next byte that is not blank, and says which it is.
    pub(crate) fn skip_blank(&mut self) -> io::Result<Option<u8>> {
        loop {
            match self.peek()? {
                Some(byte) if byte.is_ascii_whitespace() => self.next()?,
                other => return Ok(other),
            };
        }
    }
}
