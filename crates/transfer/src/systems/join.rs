//! Users, joined with the rows of a second table.

use std::collections::{HashMap, VecDeque};

use super::convert::Converted;
use crate::fields::{Fields, Row};
use crate::identity::{Foreign, Found, Providers};
use crate::record::Record;

/// A row of the second table: a way in which a user signs in.
#[derive(Default)]
pub(crate) struct Account {
    /// The value of `id` of the user.
    pub(super) user: String,
    pub(super) password_hash: Option<String>,
    /// An identity, or the reason why it is left out.
    pub(super) identity: Option<Result<Foreign, String>>,
}

/// The meaning of the two tables.
pub(crate) struct Tables {
    pub(super) user: fn(Fields) -> Converted,
    pub(super) account: fn(Fields) -> Result<Account, String>,
}

/// Joins the users of a dump with their accounts, which are in the table with number 1. Rows that come too early are
/// kept in memory.
pub(crate) struct Joined<I> {
    rows: I,
    tables: Tables,
    providers: Providers,
    accounts: HashMap<String, Vec<Account>>,
    begun: bool,
    /// Users that precede the accounts.
    waiting: VecDeque<(u64, String, Converted)>,
}

impl<I> Joined<I> {
    pub(crate) fn new(rows: I, tables: Tables, providers: Providers) -> Self {
        Self {
            rows,
            tables,
            providers,
            accounts: HashMap::new(),
            begun: false,
            waiting: VecDeque::new(),
        }
    }

    fn user(&mut self, line: u64, key: &str, user: Converted) -> Record {
        let mut found = Found::new();
        let user = user.map(|mut user| {
            for account in self.accounts.remove(key).unwrap_or_default() {
                user.password_hash = user.password_hash.take().or(account.password_hash);
                found.extend(account.identity);
            }
            user
        });
        Record::of(line, user, found, &self.providers)
    }
}

impl<I: Iterator<Item = Row>> Iterator for Joined<I> {
    type Item = Record;

    fn next(&mut self) -> Option<Record> {
        while let Some(Row {
            line,
            table,
            fields,
        }) = self.rows.next()
        {
            let (key, user) = match (table, fields) {
                (0, Ok(fields)) => (fields.key("id"), fields.convert(self.tables.user)),
                (_, Err(reason)) => (String::new(), Err(reason)),
                (_, Ok(fields)) => {
                    self.begun = true;
                    match (self.tables.account)(fields) {
                        Ok(account) => {
                            let accounts = self.accounts.entry(account.user.clone());
                            accounts.or_default().push(account);
                            continue;
                        }
                        Err(reason) => (String::new(), Err(format!("an account: {reason}"))),
                    }
                }
            };
            if self.begun {
                return Some(self.user(line, &key, user));
            }
            self.waiting.push_back((line, key, user));
        }
        let (line, key, user) = self.waiting.pop_front()?;
        Some(self.user(line, &key, user))
    }
}
