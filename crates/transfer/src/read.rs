//! Reading a file of any format.

use std::io::BufRead;

use auth_core::ImportUser;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use crate::csv::Csv;
use crate::error::ReadError;
use crate::fields::{Fields, Row};
use crate::format::Format;
use crate::json::{self, Elements, Lines, Lists};
use crate::options::Options;
use crate::record::{Definition, Item, Record};
use crate::source::{self, Opened};
use crate::sql::{Dump, Wanted};
use crate::systems;

/// Reads the users of a file, in its order. Reading it again returns the same records, so `skip` continues an import
/// that stopped.
///
/// # Errors
/// The beginning of the file shows another format, or an option can't be used.
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
                    let rows = Elements::new(source, Lists::Named(USER));
                    Ok(Box::new(systems::better_auth::BetterAuth::new(rows)))
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
                    Ok(Box::new(systems::better_auth::BetterAuth::new(Dump::new(
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
            if let Some(name) = csv
                .columns()
                .iter()
                .find(|name| !systems::gatewright::is_column(name))
            {
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
            Box::new(systems::django::Models::new(json_rows(source, form), table))
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
            Box::new(Elements::new(source, Lists::Named(&[("users", 0)])))
        }
        (Format::Firebase, Form::Other) => {
            Box::new(Csv::without_header(source, &systems::firebase::COLUMNS))
        }
        (Format::Firebase, _) => {
            return Err(ReadError::Form(
                "JSON {\"users\": [...]}, or CSV without a header",
            ));
        }
    };
    let convert = move |fields: Fields| match format {
        Format::FastapiUsers => systems::fastapi_users::convert(fields),
        Format::Django => systems::django::convert(fields),
        Format::Auth0 => systems::auth0::convert(fields),
        Format::Clerk => systems::clerk::convert(fields),
        Format::Supabase => systems::supabase::convert(fields),
        Format::Firebase => systems::firebase::convert(fields, firebase.as_ref()),
        Format::Jsonl | Format::Csv | Format::BetterAuth => systems::gatewright::convert(fields),
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

/// Returns the syntax of a file, judging by its first line.
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
        Form::List => Box::new(Elements::new(source, Lists::Document)),
        _ => Box::new(Lines::new(source)),
    }
}

/// Removes empty texts.
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
