//! The statements of a dump, and the rows in them.

use std::io::BufRead;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::copy::copy_value;
use super::lexer::{Lexer, ends_early, unexpected};
use super::tables::{Tables, Wanted};
use crate::fields::{Fields, Row};
use crate::json::too_long;
use crate::source::{Fault, Line, Source};

/// Words in the parentheses of CREATE TABLE that don't begin a column.
const NO_COLUMN: [&str; 11] = [
    "CONSTRAINT",
    "PRIMARY",
    "UNIQUE",
    "KEY",
    "INDEX",
    "FOREIGN",
    "CHECK",
    "EXCLUDE",
    "LIKE",
    "FULLTEXT",
    "SPATIAL",
];

/// The position of the next row.
#[derive(Clone)]
enum State {
    /// Between statements.
    Statements,
    /// In the lines of COPY.
    Copy(usize, Arc<[String]>),
    /// In the rows of INSERT.
    Insert(usize, Arc<[String]>),
}

/// The rows of the wanted tables.
pub(crate) struct Dump<R> {
    lexer: Lexer<R>,
    tables: Tables,
    state: State,
    line: u64,
    ended: bool,
    buffer: Vec<u8>,
}

impl<R: BufRead> Dump<R> {
    pub(crate) fn new(source: Source<R>, wanted: Vec<Wanted>) -> Self {
        Self {
            lexer: Lexer::new(source),
            tables: Tables::new(wanted),
            state: State::Statements,
            line: 1,
            ended: false,
            buffer: Vec::new(),
        }
    }

    fn row(&mut self) -> Result<Option<(usize, Fields)>, Fault> {
        loop {
            let row = match self.state.clone() {
                State::Statements => {
                    if !self.statement()? {
                        return Ok(None);
                    }
                    None
                }
                State::Copy(table, columns) => self.copied(&columns)?.map(|row| (table, row)),
                State::Insert(table, columns) => self.inserted(&columns)?.map(|row| (table, row)),
            };
            if let Some((table, row)) = row {
                return Ok(Some((table, row)));
            }
        }
    }

    /// Reads a statement, up to its rows if they are wanted. Returns false at the end of the dump.
    fn statement(&mut self) -> Result<bool, Fault> {
        self.lexer.source.unmark();
        let next = self.lexer.skip_blank()?;
        self.line = self.lexer.source.line();
        match next {
            None if self.tables.found => return Ok(false),
            None => {
                let name = self.tables.wanted[0].names.join("` or `");
                return Err(Fault::End(format!(
                    "the dump has no table `{name}` with the columns of this format"
                )));
            }
            // Commands of psql.
            Some(b'\\') => self.lexer.source.skip_line()?,
            Some(byte) if byte.is_ascii_alphabetic() => {
                self.lexer.source.mark();
                match self.lexer.word()?.as_str() {
                    "COPY" => self.begin_copy()?,
                    "INSERT" | "REPLACE" => self.begin_insert()?,
                    "CREATE" => self.create()?,
                    _ => self.lexer.skip_statement()?,
                }
            }
            Some(b';') => {
                self.lexer.source.next()?;
            }
            Some(_) => self.lexer.skip_statement()?,
        }
        Ok(true)
    }

    fn begin_copy(&mut self) -> Result<(), Fault> {
        let table = self.lexer.table()?;
        let columns = self.lexer.column_list()?;
        self.lexer.source.unmark();
        let mut rest = String::new();
        while let Some(byte) = self.lexer.source.next()? {
            if byte == b';' {
                break;
            }
            if rest.len() < 100 {
                rest.push(char::from(byte).to_ascii_lowercase());
            }
        }
        if !rest.contains("stdin") {
            return Ok(());
        }
        self.lexer.source.skip_line()?;
        match self.tables.find(&table, columns.as_deref()) {
            Some((wanted, columns)) => self.state = State::Copy(wanted, columns),
            None => loop {
                match self.lexer.source.read_line(&mut self.buffer)? {
                    Line::End => return Err(ends_early()),
                    _ if self.buffer.trim_ascii_end() == b"\\." => break,
                    _ => {}
                }
            },
        }
        Ok(())
    }

    fn begin_insert(&mut self) -> Result<(), Fault> {
        // INSERT OR REPLACE INTO, INSERT IGNORE INTO
        while self
            .lexer
            .skip_blank()?
            .is_some_and(|byte| byte.is_ascii_alphabetic())
        {
            if self.lexer.word()? == "INTO" {
                break;
            }
        }
        let table = self.lexer.table()?;
        let columns = self.lexer.column_list()?;
        if columns.is_none()
            && self.tables.named(&table).is_some()
            && !self.tables.columns.contains_key(&table)
        {
            self.tables.found = true;
            return Fault::broken(
                "the columns of the table aren't known: dump the schema too, or with --column-inserts",
            );
        }
        let Some((wanted, columns)) = self.tables.find(&table, columns.as_deref()) else {
            self.lexer.source.unmark();
            return self.lexer.skip_statement();
        };
        // OVERRIDING SYSTEM VALUE VALUES
        while self
            .lexer
            .skip_blank()?
            .is_some_and(|byte| byte.is_ascii_alphabetic())
        {
            if matches!(self.lexer.word()?.as_str(), "VALUES" | "VALUE")
                && self.lexer.skip_blank()? == Some(b'(')
            {
                self.state = State::Insert(wanted, columns);
                return Ok(());
            }
        }
        Fault::broken("it is no INSERT with VALUES")
    }

    /// Stores the columns of a table.
    fn create(&mut self) -> Result<(), Fault> {
        self.lexer.source.unmark();
        // CREATE UNLOGGED TABLE IF NOT EXISTS
        loop {
            match self.lexer.skip_blank()? {
                Some(byte) if byte.is_ascii_alphabetic() => {}
                _ => return self.lexer.skip_statement(),
            }
            match self.lexer.word()?.as_str() {
                "TABLE" => break,
                "TEMP" | "TEMPORARY" | "UNLOGGED" | "GLOBAL" | "LOCAL" => {}
                _ => return self.lexer.skip_statement(),
            }
        }
        let mut table = self.lexer.table()?;
        if table.eq_ignore_ascii_case("if") {
            self.lexer.name()?;
            self.lexer.name()?;
            table = self.lexer.table()?;
        }
        if self.tables.named(&table).is_none() || self.lexer.skip_blank()? != Some(b'(') {
            return self.lexer.skip_statement();
        }
        self.lexer.source.next()?;
        let mut columns = Vec::new();
        loop {
            let quoted = self
                .lexer
                .skip_blank()?
                .is_some_and(|byte| !byte.is_ascii_alphanumeric());
            let name = self.lexer.name()?;
            if quoted || !NO_COLUMN.contains(&name.to_ascii_uppercase().as_str()) {
                columns.push(name);
            }
            if !self.lexer.skip_to_comma()? {
                break;
            }
        }
        if let Some((table, _)) = self.tables.find(&table, Some(&columns)) {
            self.tables.found |= table == 0;
        }
        self.tables.columns.insert(table, columns);
        self.lexer.skip_statement()
    }

    /// Returns the next line of COPY, or `None` at its end.
    fn copied(&mut self, columns: &[String]) -> Result<Option<Fields>, Fault> {
        self.lexer.source.unmark();
        self.line = self.lexer.source.line();
        let read = self.lexer.source.read_line(&mut self.buffer)?;
        let line = self.buffer.strip_suffix(b"\n").unwrap_or(&self.buffer);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        match read {
            Line::End => return Err(ends_early()),
            Line::TooLong => return Fault::broken(too_long()),
            Line::Whole if line == b"\\." => {
                self.state = State::Statements;
                return Ok(None);
            }
            Line::Whole => {}
        }
        let values: Result<Vec<_>, _> = line.split(|byte| *byte == b'\t').map(copy_value).collect();
        fields(columns, values?).map(Some)
    }

    /// Returns the next row of INSERT, or `None` at its end.
    fn inserted(&mut self, columns: &[String]) -> Result<Option<Fields>, Fault> {
        let first = self.lexer.skip_blank()?;
        if first == Some(b',') {
            self.lexer.source.next()?;
        }
        if self.lexer.skip_blank()? != Some(b'(') {
            self.state = State::Statements;
            return Ok(None);
        }
        self.lexer.source.mark();
        self.line = self.lexer.source.line();
        self.lexer.source.next()?;
        let mut values = Vec::new();
        loop {
            values.push(self.lexer.value(0)?);
            match self.lexer.skip_blank()? {
                Some(b',') => self.lexer.source.next()?,
                Some(b')') => break,
                other => return Err(unexpected(other)),
            };
        }
        self.lexer.source.next()?;
        match self.lexer.skip_blank()? {
            None | Some(b',' | b';') => {}
            // ON CONFLICT
            Some(byte) if byte.is_ascii_alphabetic() => {}
            other => return Err(unexpected(other)),
        }
        fields(columns, values).map(Some)
    }

    /// Skips the line of a broken row, up to the beginning of a statement or row.
    fn recover(&mut self) -> Result<(), Fault> {
        if matches!(self.state, State::Copy(..)) {
            return Ok(());
        }
        self.lexer.source.recover()?;
        loop {
            let first = self.lexer.source.peek_line()?;
            let line = first.trim_ascii_start();
            let begins = |word: &[u8]| {
                line.get(..word.len())
                    .is_some_and(|start| start.eq_ignore_ascii_case(word))
            };
            let row = matches!(self.state, State::Insert(..)) && begins(b"(");
            if first.is_empty() || row {
                return Ok(());
            }
            if begins(b"INSERT INTO ") || begins(b"COPY ") || begins(b"CREATE TABLE ") {
                self.state = State::Statements;
                return Ok(());
            }
            self.lexer.source.skip_line()?;
        }
    }
}

impl<R: BufRead> Iterator for Dump<R> {
    type Item = Row;

    fn next(&mut self) -> Option<Row> {
        if self.ended {
            return None;
        }
        let (table, fields) = match self.row() {
            Ok(Some((table, fields))) => (table, Ok(fields)),
            Ok(None) => {
                self.ended = true;
                return None;
            }
            Err(Fault::Broken(reason)) => {
                self.ended = self.recover().is_err();
                (0, Err(reason))
            }
            Err(Fault::End(reason)) => {
                self.ended = true;
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

fn fields(columns: &[String], values: Vec<Value>) -> Result<Fields, Fault> {
    if columns.len() != values.len() {
        let (has, wants) = (values.len(), columns.len());
        return Fault::broken(format!("the row has {has} columns, not {wants}"));
    }
    let pairs = columns.iter().cloned().zip(values);
    Ok(Fields::new(pairs.collect::<Map<_, _>>()))
}
