//! Rows of some tables in an SQL dump: of `pg_dump` (COPY and INSERT), SQLite's `.dump`, and `mysqldump`.
//!
//! It is a lexer of the statements that dumps are made of, no parser of SQL: those read whole statements, and one
//! statement of a dump may be as long as its table.

use std::collections::HashMap;
use std::io::BufRead;
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::fields::{Fields, Row};
use crate::json::too_long;
use crate::source::{Fault, Line, MAX_RECORD, Source};

/// Words that begin no column in the parentheses of CREATE TABLE.
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

/// Calls in calls of a value.
const MAX_DEPTH: u8 = 8;

/// A table to read.
pub(crate) struct Wanted {
    /// Its names, each with its schema or without.
    pub(crate) names: Vec<String>,
    /// Columns that it has to have, or it is another table of that name. Each may have several names.
    pub(crate) columns: &'static [&'static [&'static str]],
}

/// What the next row is in.
#[derive(Clone)]
enum State {
    /// Between statements.
    Statements,
    /// The lines of COPY.
    Copy(usize, Arc<[String]>),
    /// The rows of INSERT.
    Insert(usize, Arc<[String]>),
}

pub(crate) struct Dump<R> {
    source: Source<R>,
    wanted: Vec<Wanted>,
    state: State,
    /// Columns of each table, as CREATE TABLE names them.
    tables: HashMap<String, Vec<String>>,
    /// Whether strings have escapes with a backslash, as in MySQL, which quotes names with backticks.
    backslashes: bool,
    found: bool,
    line: u64,
    ended: bool,
    buffer: Vec<u8>,
}

impl<R: BufRead> Dump<R> {
    pub(crate) fn new(source: Source<R>, wanted: Vec<Wanted>) -> Self {
        Self {
            source,
            wanted,
            state: State::Statements,
            tables: HashMap::new(),
            backslashes: false,
            found: false,
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

    /// Reads a statement up to its rows, if it has any that are wanted.
    fn statement(&mut self) -> Result<bool, Fault> {
        self.source.unmark();
        let next = self.skip_blank()?;
        self.line = self.source.line();
        match next {
            None if self.found => return Ok(false),
            None => {
                let name = self.wanted[0].names.join("` or `");
                return Err(Fault::End(format!(
                    "the dump has no table `{name}` with the columns of this format"
                )));
            }
            // Commands of psql.
            Some(b'\\') => self.source.skip_line()?,
            Some(byte) if byte.is_ascii_alphabetic() => {
                self.source.mark();
                match self.word()?.as_str() {
                    "COPY" => self.begin_copy()?,
                    "INSERT" | "REPLACE" => self.begin_insert()?,
                    "CREATE" => self.create()?,
                    _ => self.skip_statement()?,
                }
            }
            Some(b';') => {
                self.source.next()?;
            }
            Some(_) => self.skip_statement()?,
        }
        Ok(true)
    }

    fn begin_copy(&mut self) -> Result<(), Fault> {
        let table = self.table()?;
        let columns = self.column_list()?;
        self.source.unmark();
        let mut rest = String::new();
        while let Some(byte) = self.source.next()? {
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
        self.source.skip_line()?;
        match self.wanted(&table, columns.as_deref()) {
            Some((wanted, columns)) => self.state = State::Copy(wanted, columns),
            None => loop {
                match self.source.read_line(&mut self.buffer)? {
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
            .skip_blank()?
            .is_some_and(|byte| byte.is_ascii_alphabetic())
        {
            if self.word()? == "INTO" {
                break;
            }
        }
        let table = self.table()?;
        let columns = self.column_list()?;
        if columns.is_none() && self.named(&table).is_some() && !self.tables.contains_key(&table) {
            self.found = true;
            return Fault::broken(
                "the columns of the table aren't known: dump the schema too, or with --column-inserts",
            );
        }
        let Some((wanted, columns)) = self.wanted(&table, columns.as_deref()) else {
            self.source.unmark();
            return self.skip_statement();
        };
        // OVERRIDING SYSTEM VALUE VALUES
        while self
            .skip_blank()?
            .is_some_and(|byte| byte.is_ascii_alphabetic())
        {
            if matches!(self.word()?.as_str(), "VALUES" | "VALUE")
                && self.skip_blank()? == Some(b'(')
            {
                self.state = State::Insert(wanted, columns);
                return Ok(());
            }
        }
        Fault::broken("it is no INSERT with VALUES")
    }

    /// Remembers the columns of a table.
    fn create(&mut self) -> Result<(), Fault> {
        self.source.unmark();
        // CREATE UNLOGGED TABLE IF NOT EXISTS
        loop {
            match self.skip_blank()? {
                Some(byte) if byte.is_ascii_alphabetic() => {}
                _ => return self.skip_statement(),
            }
            match self.word()?.as_str() {
                "TABLE" => break,
                "TEMP" | "TEMPORARY" | "UNLOGGED" | "GLOBAL" | "LOCAL" => {}
                _ => return self.skip_statement(),
            }
        }
        let mut table = self.table()?;
        if table.eq_ignore_ascii_case("if") {
            self.name()?;
            self.name()?;
            table = self.table()?;
        }
        if self.named(&table).is_none() || self.skip_blank()? != Some(b'(') {
            return self.skip_statement();
        }
        self.source.next()?;
        let mut columns = Vec::new();
        loop {
            let quoted = self
                .skip_blank()?
                .is_some_and(|byte| !byte.is_ascii_alphanumeric());
            let name = self.name()?;
            if quoted || !NO_COLUMN.contains(&name.to_ascii_uppercase().as_str()) {
                columns.push(name);
            }
            if !self.skip_to_comma()? {
                break;
            }
        }
        if let Some((table, _)) = self.wanted(&table, Some(&columns)) {
            self.found |= table == 0;
        }
        self.tables.insert(table, columns);
        self.skip_statement()
    }

    /// Which wanted table has that name.
    fn named(&self, table: &str) -> Option<usize> {
        let last = table.rsplit('.').next().unwrap_or_default();
        let is = |name: &String| match (name.contains('.'), table.contains('.')) {
            (true, true) => name.eq_ignore_ascii_case(table),
            (true, false) => name
                .rsplit('.')
                .next()
                .is_some_and(|name| name.eq_ignore_ascii_case(last)),
            (false, _) => name.eq_ignore_ascii_case(last),
        };
        self.wanted
            .iter()
            .position(|wanted| wanted.names.iter().any(is))
    }

    /// Which wanted table that is, if it has the columns, and those.
    fn wanted(
        &mut self,
        table: &str,
        columns: Option<&[String]>,
    ) -> Option<(usize, Arc<[String]>)> {
        let wanted = self.named(table)?;
        let columns = columns.or_else(|| self.tables.get(table).map(Vec::as_slice))?;
        let has = |names: &&[&str]| {
            columns
                .iter()
                .any(|column| names.contains(&column.as_str()))
        };
        if !self.wanted[wanted].columns.iter().all(has) {
            return None;
        }
        self.found |= wanted == 0;
        Some((wanted, columns.into()))
    }

    /// The next line of COPY; none at its end.
    fn copied(&mut self, columns: &[String]) -> Result<Option<Fields>, Fault> {
        self.source.unmark();
        self.line = self.source.line();
        let read = self.source.read_line(&mut self.buffer)?;
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

    /// The next row of INSERT; none at its end.
    fn inserted(&mut self, columns: &[String]) -> Result<Option<Fields>, Fault> {
        let first = self.skip_blank()?;
        if first == Some(b',') {
            self.source.next()?;
        }
        if self.skip_blank()? != Some(b'(') {
            self.state = State::Statements;
            return Ok(None);
        }
        self.source.mark();
        self.line = self.source.line();
        self.source.next()?;
        let mut values = Vec::new();
        loop {
            values.push(self.value(0)?);
            match self.skip_blank()? {
                Some(b',') => self.source.next()?,
                Some(b')') => break,
                other => return Err(unexpected(other)),
            };
        }
        self.source.next()?;
        match self.skip_blank()? {
            None | Some(b',' | b';') => {}
            // ON CONFLICT
            Some(byte) if byte.is_ascii_alphabetic() => {}
            other => return Err(unexpected(other)),
        }
        fields(columns, values).map(Some)
    }

    fn value(&mut self, depth: u8) -> Result<Value, Fault> {
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

    /// A value that begins with a word.
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

    fn number(&mut self) -> Result<Value, Fault> {
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

    /// A string, from its first quote.
    fn string(&mut self, backslashes: bool) -> Result<String, Fault> {
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

    /// A word, in capitals.
    fn word(&mut self) -> Result<String, Fault> {
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

    /// The name of a table, with its schema if it has one.
    fn table(&mut self) -> Result<String, Fault> {
        let mut names = vec![self.name()?];
        while self.skip_blank()? == Some(b'.') {
            self.source.next()?;
            names.push(self.name()?);
        }
        // That of the database counts for nothing.
        Ok(names[names.len().saturating_sub(2)..].join("."))
    }

    fn name(&mut self) -> Result<String, Fault> {
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

    fn column_list(&mut self) -> Result<Option<Vec<String>>, Fault> {
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

    /// Takes a byte of a record, which ends neither there nor beyond all bounds.
    fn next(&mut self) -> Result<u8, Fault> {
        if self.source.since_mark() > MAX_RECORD {
            return Fault::broken(too_long());
        }
        self.source
            .next()?
            .ok_or_else(|| Fault::Broken("the file ends inside of it".into()))
    }

    /// Goes over blanks and comments.
    fn skip_blank(&mut self) -> Result<Option<u8>, Fault> {
        loop {
            match self.source.skip_blank()? {
                Some(b'-') => {
                    // A number may begin with it, but only where a value is expected, which two never do.
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

    /// Goes on after the statement.
    fn skip_statement(&mut self) -> Result<(), Fault> {
        while let Some(byte) = self.skip_blank()? {
            if byte == b';' {
                self.source.next()?;
                break;
            }
            self.skip_token(byte)?;
        }
        Ok(())
    }

    /// Goes on after the next comma of a list, or its end, where it says false.
    fn skip_to_comma(&mut self) -> Result<bool, Fault> {
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

    /// Goes over a string, a quoted name, a word or another character.
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

    /// Goes over a string of Postgres between dollars, or over the dollar.
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

    /// Goes on after the line of a broken row, where a statement or a row begins.
    fn recover(&mut self) -> Result<(), Fault> {
        if matches!(self.state, State::Copy(..)) {
            return Ok(());
        }
        self.source.recover()?;
        loop {
            let first = self.source.peek_line()?;
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
            self.source.skip_line()?;
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

fn ends_early() -> Fault {
    Fault::End("the file ends inside of a table, a text or a comment".into())
}

fn unexpected(found: Option<u8>) -> Fault {
    Fault::Broken(match found {
        None => "the file ends inside of it".into(),
        Some(byte) if byte.is_ascii_graphic() => {
            format!("unexpected `{}`: is a quote not closed?", char::from(byte))
        }
        Some(_) => "unexpected character: is a quote not closed?".into(),
    })
}

fn text(bytes: Vec<u8>) -> Result<String, Fault> {
    if bytes.contains(&0) {
        return Fault::broken("it has a NUL character");
    }
    String::from_utf8(bytes).map_err(|_| Fault::Broken("it is not UTF-8 text".into()))
}

fn fields(columns: &[String], values: Vec<Value>) -> Result<Fields, Fault> {
    if columns.len() != values.len() {
        let (has, wants) = (values.len(), columns.len());
        return Fault::broken(format!("it has {has} columns, not {wants}"));
    }
    let pairs = columns.iter().cloned().zip(values);
    Ok(Fields::new(pairs.collect::<Map<_, _>>()))
}

/// A value in a line of COPY: <https://www.postgresql.org/docs/current/sql-copy.html>, "Text Format".
fn copy_value(field: &[u8]) -> Result<Value, Fault> {
    if field == b"\\N" {
        return Ok(Value::Null);
    }
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field.iter().copied().peekable();
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        // Up to so many digits that follow.
        let mut digits = |radix: u32, most: usize| {
            let (mut code, mut count) = (0_u32, 0);
            while count < most
                && let Some(digit) = rest
                    .peek()
                    .and_then(|byte| char::from(*byte).to_digit(radix))
            {
                code = code * radix + digit;
                count += 1;
                rest.next();
            }
            (count > 0).then_some(code as u8)
        };
        if let Some(code) = digits(8, 3) {
            bytes.push(code);
            continue;
        }
        match rest.next() {
            Some(b'b') => bytes.push(8),
            Some(b'f') => bytes.push(12),
            Some(b'n') => bytes.push(b'\n'),
            Some(b'r') => bytes.push(b'\r'),
            Some(b't') => bytes.push(b'\t'),
            Some(b'v') => bytes.push(11),
            Some(byte) => bytes.push(byte),
            None => return Fault::broken("it ends in a backslash"),
        }
    }
    text(bytes).map(Value::String)
}

/// What SQLite's `unistr` makes of a text: <https://sqlite.org/lang_corefunc.html#unistr>.
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
