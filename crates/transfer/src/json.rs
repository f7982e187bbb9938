//! JSON Lines, and the elements of a list in a JSON document, one at a time.

use std::io::BufRead;

use serde::de::DeserializeOwned;

use crate::fields::{Fields, Row};
use crate::source::{Fault, Line, MAX_RECORD, Source};

/// The values of JSON Lines. Blank lines are ignored.
pub(crate) struct Lines<R> {
    source: Source<R>,
    buffer: Vec<u8>,
    ended: bool,
}

impl<R: BufRead> Lines<R> {
    pub(crate) const fn new(source: Source<R>) -> Self {
        Self {
            source,
            buffer: Vec::new(),
            ended: false,
        }
    }

    /// Returns the next line that is not empty, and its number.
    pub(crate) fn value_by<T>(
        &mut self,
        read: impl Fn(&[u8]) -> Result<T, String>,
    ) -> Option<(u64, Result<T, String>)> {
        while !self.ended {
            let line = self.source.line();
            let value = match self.source.read_line(&mut self.buffer) {
                Ok(Line::End) => break,
                Ok(Line::TooLong) => Err(too_long()),
                Ok(Line::Whole) if self.buffer.trim_ascii().is_empty() => continue,
                Ok(Line::Whole) => read(&self.buffer),
                Err(error) => {
                    self.ended = true;
                    Err(format!("the rest can't be read: {error}"))
                }
            };
            return Some((line, value));
        }
        None
    }
}

impl<R: BufRead> Iterator for Lines<R> {
    type Item = Row;

    fn next(&mut self) -> Option<Row> {
        let (line, fields) = self.value_by(parse)?;
        Some(Row {
            line,
            table: 0,
            fields: fields.map(Fields::new),
        })
    }
}

pub(crate) fn too_long() -> String {
    format!("the record has more than {MAX_RECORD} bytes")
}

/// Parses a value. An error names only the column, because serde counts lines from the beginning of the value.
pub(crate) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, String> {
    auth_core::json::from_slice(bytes).map_err(|error| {
        let text = error.to_string();
        let problem = text.split(" at line ").next().unwrap_or_default();
        if error.line() == 1 {
            format!("{problem}, in column {}", error.column())
        } else {
            problem.to_owned()
        }
    })
}

/// The position of the lists of users in a document.
pub(crate) enum Lists {
    /// The document is the list.
    Document,
    /// The document has lists with these names, each with the number of its table.
    Named(&'static [(&'static str, usize)]),
}

/// The elements of lists in one document, each parsed separately. Reading ends at broken brackets or strings, because
/// the beginning of the next element is unknown.
pub(crate) struct Elements<R> {
    source: Source<R>,
    lists: Lists,
    /// The table of the current list.
    inside: Option<usize>,
    begun: bool,
    found: bool,
    ended: bool,
    line: u64,
}

impl<R: BufRead> Elements<R> {
    pub(crate) const fn new(source: Source<R>, lists: Lists) -> Self {
        Self {
            source,
            lists,
            inside: None,
            begun: false,
            found: false,
            ended: false,
            line: 1,
        }
    }

    fn element(&mut self) -> Result<Option<(usize, Vec<u8>)>, Fault> {
        if !self.begun {
            self.begun = true;
            let first = self.source.skip_blank()?;
            self.source.next()?;
            match (&self.lists, first) {
                (Lists::Document, Some(b'[')) => self.inside = Some(0),
                (Lists::Named(_), Some(b'{')) => {}
                _ => return Err(Fault::End("the JSON document has another form".into())),
            }
        }
        loop {
            let next = self.source.skip_blank()?;
            self.line = self.source.line();
            match (self.inside, next) {
                (_, None) => return Err(ends_early()),
                (_, Some(b',')) => {
                    self.source.next()?;
                }
                (Some(_), Some(b']')) => {
                    self.source.next()?;
                    self.inside = None;
                    if matches!(self.lists, Lists::Document) {
                        return Ok(None);
                    }
                }
                (Some(table), Some(_)) => return Ok(Some((table, self.capture()?))),
                (None, Some(b'}')) => return self.all_found(),
                (None, Some(_)) => self.key()?,
            }
        }
    }

    fn all_found(&self) -> Result<Option<(usize, Vec<u8>)>, Fault> {
        match self.lists {
            Lists::Named([(name, _), ..]) if !self.found => Err(Fault::End(format!(
                "the JSON document has no list `{name}`"
            ))),
            _ => Ok(None),
        }
    }

    /// Reads a name of the document, and enters its list or skips its value.
    fn key(&mut self) -> Result<(), Fault> {
        let name: String = parse(&self.capture()?).map_err(|_| broken())?;
        if self.source.skip_blank()? != Some(b':') {
            return Err(broken());
        }
        self.source.next()?;
        let first = self.source.skip_blank()?;
        let table = match self.lists {
            Lists::Named(names) => names.iter().find(|(known, _)| *known == name),
            Lists::Document => None,
        };
        match table {
            Some((_, table)) if first == Some(b'[') => {
                self.source.next()?;
                self.inside = Some(*table);
                self.found |= *table == 0;
            }
            _ => {
                self.scan(|_| ())?;
            }
        }
        Ok(())
    }

    fn capture(&mut self) -> Result<Vec<u8>, Fault> {
        let mut bytes = Vec::new();
        let mut length = 0;
        self.scan(|byte| {
            length += 1;
            if length <= MAX_RECORD {
                bytes.push(byte);
            }
        })?;
        if length > MAX_RECORD {
            return Fault::broken(too_long());
        }
        Ok(bytes)
    }

    /// Reads one value, considering only brackets and strings.
    fn scan(&mut self, mut each: impl FnMut(u8)) -> Result<(), Fault> {
        let (mut depth, mut string, mut escaped) = (0_u64, false, false);
        // A value begins here, or the brackets don't match.
        if matches!(self.source.peek()?, Some(b'}' | b']' | b',' | b':')) {
            return Err(broken());
        }
        loop {
            let byte = self.source.peek()?.ok_or_else(ends_early)?;
            if string {
                match byte {
                    b'\n' => {
                        return Err(Fault::End("a string of the document isn't closed".into()));
                    }
                    _ if escaped => escaped = false,
                    b'\\' => escaped = true,
                    b'"' => string = false,
                    _ => {}
                }
            } else {
                match byte {
                    b'"' => string = true,
                    b'{' | b'[' => depth += 1,
                    // The end of the enclosing list or object.
                    b'}' | b']' | b',' | b':' if depth == 0 => return Ok(()),
                    b'}' | b']' => depth -= 1,
                    byte if depth == 0 && byte.is_ascii_whitespace() => return Ok(()),
                    _ => {}
                }
            }
            self.source.next()?;
            each(byte);
            if depth == 0 && !string && matches!(byte, b'}' | b']' | b'"') {
                return Ok(());
            }
        }
    }
}

fn broken() -> Fault {
    Fault::End("the JSON document is broken here".into())
}

fn ends_early() -> Fault {
    Fault::End("the file ends inside of the document".into())
}

impl<R: BufRead> Iterator for Elements<R> {
    type Item = Row;

    fn next(&mut self) -> Option<Row> {
        if self.ended {
            return None;
        }
        let (table, fields) = match self.element() {
            Ok(Some((table, bytes))) => (table, parse(&bytes).map(Fields::new)),
            Ok(None) => {
                self.ended = true;
                return None;
            }
            Err(Fault::Broken(reason)) => (0, Err(reason)),
            Err(Fault::End(reason)) => {
                self.ended = true;
                self.line = self.source.line();
                (0, Err(reason))
            }
        };
        Some(Row {
            line: self.line,
            table,
            fields,
        })
    }
}
