//! The tables of a dump, and the selection of those to read.

use std::collections::HashMap;
use std::sync::Arc;

/// A table to read.
pub(crate) struct Wanted {
    /// Its names, with or without schema.
    pub(crate) names: Vec<String>,
    /// Required columns, because another table can have the same name. Each column can have several names.
    pub(crate) columns: &'static [&'static [&'static str]],
}

/// The tables that are known so far.
pub(super) struct Tables {
    pub(super) wanted: Vec<Wanted>,
    /// Columns of each table, from CREATE TABLE.
    pub(super) columns: HashMap<String, Vec<String>>,
    /// Whether the dump has the first of the wanted tables.
    pub(super) found: bool,
}

impl Tables {
    pub(super) fn new(wanted: Vec<Wanted>) -> Self {
        Self {
            wanted,
            columns: HashMap::new(),
            found: false,
        }
    }

    /// Returns the wanted table with that name.
    pub(super) fn named(&self, table: &str) -> Option<usize> {
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

    /// Returns the wanted table with that name, if it has the required columns, and its columns. They are from the
    /// statement, or else from CREATE TABLE.
    pub(super) fn find(
        &mut self,
        table: &str,
        columns: Option<&[String]>,
    ) -> Option<(usize, Arc<[String]>)> {
        let wanted = self.named(table)?;
        let columns = columns.or_else(|| self.columns.get(table).map(Vec::as_slice))?;
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
}
