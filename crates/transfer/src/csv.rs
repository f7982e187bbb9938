//! CSV. `csv-core` reads it line by line, so that a missing closing quote breaks only its own row.

use std::io::BufRead;

use csv_core::{ReadRecordResult, Reader};
use serde_json::{Map, Value};

use crate::error::ReadError;
use crate::fields::{Fields, Row};
use crate::json::too_long;
use crate::source::{Fault, Line, MAX_RECORD, Source};

pub(crate) struct Csv<R> {
    source: Source<R>,
    reader: Reader,
    buffer: Vec<u8>,
    text: Vec<u8>,
    ends: Vec<usize>,
    /// Names of the columns. Further columns have no name and are dropped.
    columns: Vec<String>,
    /// Required number of columns in each row.
    width: Option<usize>,
    line: u64,
    ended: bool,
}

impl<R: BufRead> Csv<R> {
    /// Creates a reader of a file with a header, which must name the required columns.
    pub(crate) fn with_header(
        source: Source<R>,
        needed: &[&'static str],
    ) -> Result<Self, ReadError> {
        let mut csv = Self::new(source, Vec::new());
        let header = match csv.record() {
            Ok(header) => header.unwrap_or_default(),
            Err(Fault::Broken(_)) => return Err(ReadError::Form("CSV with a header")),
            Err(Fault::End(reason)) => return Err(ReadError::Io(std::io::Error::other(reason))),
        };
        csv.columns = header.into_iter().map(|name| name.trim().into()).collect();
        if let Some(name) = needed
            .iter()
            .find(|name| !csv.columns.iter().any(|column| column == *name))
        {
            return Err(ReadError::Column(name));
        }
        csv.width = Some(csv.columns.len());
        Ok(csv)
    }

    /// Creates a reader of a file without a header. These are the first columns, and every row has as many columns as
    /// the first one.
    pub(crate) fn without_header(source: Source<R>, columns: &[&str]) -> Self {
        let columns = columns.iter().map(|name| (*name).into()).collect();
        Self::new(source, columns)
    }

    fn new(source: Source<R>, columns: Vec<String>) -> Self {
        Self {
            source,
            reader: Reader::new(),
            buffer: Vec::new(),
            text: vec![0; 1024],
            ends: vec![0; 64],
            columns,
            width: None,
            line: 1,
            ended: false,
        }
    }

    pub(crate) fn columns(&self) -> &[String] {
        &self.columns
    }

    /// Returns the next record that isn't blank.
    fn record(&mut self) -> Result<Option<Vec<String>>, Fault> {
        let (mut text, mut ends, mut lines) = (0, 0, 0);
        self.source.mark();
        self.line = self.source.line();
        self.reader.reset();
        loop {
            match self.source.read_line(&mut self.buffer)? {
                Line::TooLong => return Fault::broken(too_long()),
                Line::End if lines == 0 => return Ok(None),
                Line::End => return Fault::broken("a quote isn't closed"),
                Line::Whole if lines == 0 && self.buffer.trim_ascii().is_empty() => {
                    self.source.mark();
                    self.line = self.source.line();
                    continue;
                }
                Line::Whole => lines += 1,
            }
            if self.source.since_mark() > MAX_RECORD {
                return Fault::broken("a quote isn't closed");
            }
            // The last line can lack a line break. Then it would look like a line that ends inside a quote.
            if !self.buffer.ends_with(b"\n") {
                self.buffer.push(b'\n');
            }
            let mut input = &self.buffer[..];
            loop {
                let (result, read, written, ended) =
                    self.reader
                        .read_record(input, &mut self.text[text..], &mut self.ends[ends..]);
                input = &input[read..];
                text += written;
                ends += ended;
                match result {
                    ReadRecordResult::InputEmpty => break,
                    ReadRecordResult::OutputFull => self.text.resize(self.text.len() * 2, 0),
                    ReadRecordResult::OutputEndsFull => self.ends.resize(self.ends.len() * 2, 0),
                    ReadRecordResult::Record | ReadRecordResult::End => {
                        if !input.trim_ascii().is_empty() {
                            return Fault::broken("it has a carriage return inside");
                        }
                        if lines > 1 && !well_quoted(self.source.marked()) {
                            return Fault::broken("a quote isn't closed");
                        }
                        return self.split(ends, lines).map(Some);
                    }
                }
            }
        }
    }

    fn split(&self, count: usize, lines: usize) -> Result<Vec<String>, Fault> {
        if let Some(width) = self.width
            && count != width
        {
            let over = if lines > 1 {
                ": is a quote not closed?"
            } else {
                ""
            };
            return Fault::broken(format!("the row has {count} columns, not {width}{over}"));
        }
        let mut start = 0;
        let fields = self.ends[..count].iter().map(|end| {
            let field = &self.text[start..*end];
            start = *end;
            if field.contains(&0) {
                return Fault::broken("it has a NUL character");
            }
            String::from_utf8(field.to_vec())
                .map_err(|_| Fault::Broken("it is not UTF-8 text".into()))
        });
        fields.collect()
    }
}

/// Returns whether quotes are only around whole fields. `csv-core` accepts other quotes as text, which is harmless if a
/// row is a line. If a row has several lines, the next row would become the rest of a field whose quote isn't closed.
fn well_quoted(row: &[u8]) -> bool {
    let (mut quoted, mut last) = (false, b',');
    for byte in row.iter().copied() {
        match (quoted, last, byte) {
            // Two quotes in a quoted field, or its end, depending on the next byte.
            (true, _, b'"') => quoted = false,
            (true, ..) => {}
            (false, b',' | b'"', b'"') => quoted = true,
            (false, _, b'"') => return false,
            (false, b'"', b',' | b'\r' | b'\n') => {}
            (false, b'"', _) => return false,
            (false, ..) => {}
        }
        last = byte;
    }
    true
}

impl<R: BufRead> Iterator for Csv<R> {
    type Item = Row;

    fn next(&mut self) -> Option<Row> {
        if self.ended {
            return None;
        }
        let fields = match self.record() {
            Ok(None) => {
                self.ended = true;
                return None;
            }
            Ok(Some(record)) if record.len() < self.columns.len() => {
                Err(format!("the row has only {} columns", record.len()))
            }
            Ok(Some(record)) => {
                self.width.get_or_insert(record.len());
                let pairs = self.columns.iter().cloned().zip(record);
                // An empty field is the same as a missing one here.
                let named = pairs.filter(|(name, text)| !name.is_empty() && !text.is_empty());
                let fields: Map<_, _> = named
                    .map(|(name, text)| (name, Value::String(text)))
                    .collect();
                Ok(Fields::new(fields))
            }
            Err(Fault::Broken(reason)) => match self.source.recover() {
                Ok(()) => Err(reason),
                Err(error) => {
                    self.ended = true;
                    Err(format!("the rest can't be read: {error}"))
                }
            },
            Err(Fault::End(reason)) => {
                self.ended = true;
                Err(reason)
            }
        };
        Some(Row {
            line: self.line,
            table: 0,
            fields,
        })
    }
}
