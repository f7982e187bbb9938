//! Users of other systems, read from their exports as a stream.
//!
//! [`read`] makes of each user in a file an [`ImportUser`], or says why it can't. It has no more than a user in memory,
//! but for better-auth, where it holds what has to be put together. E-mail addresses, user names, hashes and roles
//! are checked by the server.
//!
//! | format | files |
//! | --- | --- |
//! | `jsonl` | an [`ImportUser`] in each line, in the forms of the API, or a [`Definition`] |
//! | `csv` | the same fields by a header; roles with blanks or `;` between them, and `profile.X` |
//! | `fastapi-users` | the table `user` as CSV or in an SQL dump |
//! | `django` | `dumpdata auth.User` (JSON or JSON Lines), the table `auth_user` as CSV or in an SQL dump |
//! | `better-auth` | the tables `user` and `account` in an SQL dump, or `{"user": [...], "account": [...]}` |
//! | `auth0` | the JSON Lines of a users export, or those with password hashes that its support gives; also as a list |
//! | `clerk` | the CSV of the dashboard, or JSON: a list or lines |
//! | `supabase` | the table `auth.users` as CSV or in an SQL dump |
//! | `firebase` | what `firebase auth:export` writes, JSON or CSV |
//!
//! SQL dumps are those of `pg_dump` as plain text, SQLite's `.dump`, and `mysqldump`.
//!
//! An identifier is kept if it is a UUID, and else left out. People who only sign in with a provider have no
//! password here. A line that can't be read is refused and the next one read; only a file whose rest can't be
//! read at all ends with a refusal: a failing disk, a JSON document whose brackets don't fit, a dump without the table.

#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a failed test may panic"))]

mod csv;
mod fields;
mod hash;
mod json;
mod source;
mod sql;
mod systems;

use std::fmt;
use std::io::{self, BufRead};

pub use auth_core::{ImportUser, canonical, json as objects};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::{Deserialize, Serialize};

use crate::csv::Csv;
use crate::fields::{Fields, Row};
use crate::json::{Elements, Lines, Place};
use crate::source::Opened;
use crate::sql::{Dump, Wanted};

/// Makes empty texts nothing.
fn tidy(mut user: ImportUser) -> ImportUser {
    for text in [
        &mut user.id,
        &mut user.email,
        &mut user.email_verified_at,
        &mut user.username,
        &mut user.display_name,
        &mut user.password_hash,
        &mut user.created_at,
        &mut user.last_login_at,
        &mut user.totp_secret,
    ] {
        if text.as_ref().is_some_and(String::is_empty) {
            *text = None;
        }
    }
    user
}

/// Whose export a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// An [`ImportUser`] or a [`Definition`] in each line.
    Jsonl,
    /// The fields of [`ImportUser`] by a header.
    Csv,
    /// fastapi-users.
    FastapiUsers,
    /// Django.
    Django,
    /// better-auth.
    BetterAuth,
    /// Auth0.
    Auth0,
    /// Clerk.
    Clerk,
    /// Supabase.
    Supabase,
    /// Firebase Authentication.
    Firebase,
}

impl Format {
    /// The names of all.
    pub const NAMES: [&str; 9] = [
        "jsonl",
        "csv",
        "fastapi-users",
        "django",
        "better-auth",
        "auth0",
        "clerk",
        "supabase",
        "firebase",
    ];

    /// The format of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "jsonl" => Self::Jsonl,
            "csv" => Self::Csv,
            "fastapi-users" => Self::FastapiUsers,
            "django" => Self::Django,
            "better-auth" => Self::BetterAuth,
            "auth0" => Self::Auth0,
            "clerk" => Self::Clerk,
            "supabase" => Self::Supabase,
            "firebase" => Self::Firebase,
            _ => return None,
        })
    }
}

/// What a file doesn't say itself.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The table with the users, if it has another name than the system gives it: `accounts_user` for a model
    /// `accounts.User` of Django. For fastapi-users, Django and better-auth.
    pub table: Option<String>,
    /// How Firebase hashes the passwords of the project. Needed if its users have any.
    pub firebase: Option<FirebaseHash>,
}

/// The password hash parameters of a Firebase project, as its console shows them.
#[derive(Clone)]
pub struct FirebaseHash {
    /// `base64_signer_key`
    pub signer_key: String,
    /// `base64_salt_separator`
    pub salt_separator: String,
    /// `rounds`
    pub rounds: u32,
    /// `mem_cost`
    pub mem_cost: u32,
}

/// Without the key.
impl fmt::Debug for FirebaseHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FirebaseHash")
            .field("rounds", &self.rounds)
            .field("mem_cost", &self.mem_cost)
            .finish_non_exhaustive()
    }
}

/// A record of a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// Where it begins, from 1.
    pub line: u64,
    /// What it is, or why it can't be read.
    pub item: Result<Item, String>,
}

/// What a record is.
#[derive(Clone, Debug, PartialEq)]
pub enum Item {
    /// A user.
    User(Box<ImportUser>),
    /// A permission or a role, as files of our own have them.
    Definition(Definition),
}

impl From<ImportUser> for Item {
    fn from(user: ImportUser) -> Self {
        Self::User(Box::new(user))
    }
}

/// A permission or a role, in a line of its own before those who have it: `{"role": {…}}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Definition {
    /// A permission.
    Permission {
        /// Name, `resource:action`.
        name: String,
        /// What it is for.
        #[serde(default)]
        description: String,
    },
    /// A role.
    Role {
        /// Name.
        name: String,
        /// What it is for.
        #[serde(default)]
        description: String,
        /// How high its holders stand; none: as the service has it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rank: Option<u64>,
        /// Names of the permissions that it holds.
        #[serde(default)]
        permissions: Vec<String>,
    },
}

impl Definition {
    /// Whether a line of JSON is one, as its first member says.
    fn is(line: &[u8]) -> bool {
        let inside = line.trim_ascii_start().strip_prefix(b"{");
        inside.is_some_and(|inside| {
            let inside = inside.trim_ascii_start();
            inside.starts_with(b"\"permission\"") || inside.starts_with(b"\"role\"")
        })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        match self {
            Self::Permission { name, .. } | Self::Role { name, .. } => name,
        }
    }
}

/// Why nothing of a file can be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// Reading failed.
    #[error("the file can't be read: {0}")]
    Io(#[from] io::Error),
    /// It is something else.
    #[error("the file is not what this format has: it takes {0}")]
    Form(&'static str),
    /// The header lacks a column.
    #[error("the header has no column `{0}`")]
    Column(&'static str),
    /// The header has a column that is no field.
    #[error("the header has a column `{0}`, which is no field")]
    UnknownColumn(String),
    /// An option can't be used.
    #[error("{0}")]
    Option(&'static str),
}

/// Reads the users of a file, in its order. Reading it again gives the same, so that `skip` goes on where an import
/// was left.
///
/// # Errors
/// The file is not of the format, as its beginning shows, or an option can't be used.
pub fn read<R: BufRead + Send + 'static>(
    format: Format,
    input: R,
    options: Options,
) -> Result<Box<dyn Iterator<Item = Record> + Send>, ReadError> {
    let Options { table, firebase } = options;
    if let Some(parameters) = &firebase
        && [&parameters.signer_key, &parameters.salt_separator]
            .iter()
            .any(|text| BASE64_STANDARD.decode(text).is_err())
    {
        return Err(ReadError::Option(
            "the signer key and the salt separator of Firebase have to be in Base64",
        ));
    }
    let (first, source) = source::open(input)?;
    let form = Form::of(&first);
    let tables = |names: [&str; 2]| match &table {
        Some(name) => vec![name.clone()],
        None => names.into_iter().map(Into::into).collect(),
    };
    let rows: Box<dyn Iterator<Item = Row> + Send> = match (format, form) {
        (Format::Jsonl, _) => {
            let mut lines = Lines::new(source);
            return Ok(Box::new(std::iter::from_fn(move || {
                let (line, item) = lines.value_by(|bytes| {
                    if Definition::is(bytes) {
                        return json::parse(bytes).map(Item::Definition);
                    }
                    json::parse(bytes).map(tidy).map(Item::from)
                })?;
                Some(Record { line, item })
            })));
        }
        (Format::BetterAuth, form) => {
            const USER: &[(&str, usize)] =
                &[("user", 0), ("users", 0), ("account", 1), ("accounts", 1)];
            let names = tables(["user", "users"]);
            return match form {
                Form::Object => {
                    let rows = Elements::new(source, Place::Named(USER));
                    Ok(Box::new(systems::BetterAuth::new(rows)))
                }
                Form::Sql => {
                    let wanted = vec![
                        wanted(names, &[&["email"], &["emailVerified", "email_verified"]]),
                        wanted(
                            vec!["account".into(), "accounts".into()],
                            &[
                                &["userId", "user_id"],
                                &["providerId", "provider_id"],
                                &["password"],
                            ],
                        ),
                    ];
                    Ok(Box::new(systems::BetterAuth::new(Dump::new(
                        source, wanted,
                    ))))
                }
                Form::List | Form::Other => Err(ReadError::Form(
                    "an SQL dump, or JSON {\"user\": [...], \"account\": [...]}",
                )),
            };
        }
        (Format::Csv, _) => {
            let csv = Csv::with_header(source, &[])?;
            if let Some(name) = csv.columns().iter().find(|name| !systems::csv_column(name)) {
                return Err(ReadError::UnknownColumn(name.clone()));
            }
            if !csv
                .columns()
                .iter()
                .any(|name| ["email", "username"].contains(&name.as_str()))
            {
                return Err(ReadError::Column("email"));
            }
            Box::new(csv)
        }
        (Format::FastapiUsers, Form::Sql) => {
            const COLUMNS: &[&[&str]] = &[&["email"], &["hashed_password"]];
            dump(source, tables(["user", "users"]), COLUMNS)
        }
        (Format::FastapiUsers, _) => {
            Box::new(Csv::with_header(source, &["email", "hashed_password"])?)
        }
        (Format::Django, Form::Sql) => dump(
            source,
            tables(["auth_user"; 2]),
            &[&["password"], &["is_active"]],
        ),
        (Format::Django, form @ (Form::List | Form::Object)) => {
            let table = table.unwrap_or_else(|| "auth_user".into());
            Box::new(systems::DjangoModels::new(json_rows(source, form), table))
        }
        (Format::Django, Form::Other) => {
            Box::new(Csv::with_header(source, &["password", "is_active"])?)
        }
        (Format::Auth0, form @ (Form::List | Form::Object)) => json_rows(source, form),
        (Format::Auth0, _) => return Err(ReadError::Form("JSON Lines")),
        (Format::Clerk, form @ (Form::List | Form::Object)) => json_rows(source, form),
        (Format::Clerk, _) => Box::new(Csv::with_header(source, &["id", "primary_email_address"])?),
        (Format::Supabase, Form::Sql) => {
            let columns: &[&[&str]] = &[&["id"], &["encrypted_password"]];
            dump(source, vec!["auth.users".into()], columns)
        }
        (Format::Supabase, _) => Box::new(Csv::with_header(source, &["id", "encrypted_password"])?),
        (Format::Firebase, Form::Object) => {
            Box::new(Elements::new(source, Place::Named(&[("users", 0)])))
        }
        (Format::Firebase, Form::Other) => {
            Box::new(Csv::without_header(source, &systems::FIREBASE_COLUMNS))
        }
        (Format::Firebase, _) => {
            return Err(ReadError::Form(
                "JSON {\"users\": [...]}, or CSV without a header",
            ));
        }
    };
    let convert = move |fields: Fields| match format {
        Format::FastapiUsers => systems::fastapi_users(fields),
        Format::Django => systems::django(fields),
        Format::Auth0 => systems::auth0(fields),
        Format::Clerk => systems::clerk(fields),
        Format::Supabase => systems::supabase(fields),
        Format::Firebase => systems::firebase(fields, firebase.as_ref()),
        Format::Jsonl | Format::Csv | Format::BetterAuth => systems::csv(fields),
    };
    Ok(Box::new(rows.map(move |row| {
        Record {
            line: row.line,
            item: row
                .fields
                .and_then(|fields| fields.convert(&convert))
                .map(Item::from),
        }
    })))
}

/// What a file is by its first line.
#[derive(Clone, Copy)]
enum Form {
    List,
    Object,
    Sql,
    Other,
}

impl Form {
    fn of(first: &str) -> Self {
        const SQL: [&str; 14] = [
            "ALTER", "BEGIN", "COPY", "CREATE", "DELETE", "DROP", "INSERT", "LOCK", "PRAGMA",
            "REPLACE", "SELECT", "SET", "START", "USE",
        ];
        let word = first.split_whitespace().next().unwrap_or_default();
        let word = word.trim_end_matches(';').to_ascii_uppercase();
        let comment = ["--", "/*", "\\"]
            .iter()
            .any(|mark| first.starts_with(mark));
        match first.chars().next() {
            Some('[') => Self::List,
            Some('{') => Self::Object,
            _ if comment || SQL.contains(&word.as_str()) => Self::Sql,
            _ => Self::Other,
        }
    }
}

fn wanted(names: Vec<String>, columns: &'static [&'static [&'static str]]) -> Wanted {
    Wanted { names, columns }
}

fn dump<R: BufRead + Send + 'static>(
    source: Opened<R>,
    names: Vec<String>,
    columns: &'static [&'static [&'static str]],
) -> Box<dyn Iterator<Item = Row> + Send> {
    Box::new(Dump::new(source, vec![wanted(names, columns)]))
}

/// A list in one document, or JSON Lines.
fn json_rows<R: BufRead + Send + 'static>(
    source: Opened<R>,
    form: Form,
) -> Box<dyn Iterator<Item = Row> + Send> {
    match form {
        Form::List => Box::new(Elements::new(source, Place::Top)),
        _ => Box::new(Lines::new(source)),
    }
}
