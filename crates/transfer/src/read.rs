//! Reading a file of any format.

use std::io::BufRead;

use auth_core::ImportUser;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use crate::csv::Csv;
use crate::error::ReadError;
use crate::fields::{Fields, Row};
use crate::format::Format;
use crate::identity::{Found, Providers};
use crate::json::{self, Elements, Lines, Lists};
use crate::options::Options;
use crate::record::{Definition, Item, Record};
use crate::source::{self, Opened};
use crate::sql::{Dump, Wanted};
use crate::systems;
use crate::systems::join::{Joined, Tables};

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
    let Options {
        table,
        firebase,
        providers,
    } = options;
    let providers = Providers::new(providers)?;
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
                Some(Record {
                    line,
                    item,
                    left_out: Vec::new(),
                })
            })));
        }
        (Format::BetterAuth, form) => {
            const USER: &[(&str, usize)] =
                &[("user", 0), ("users", 0), ("account", 1), ("accounts", 1)];
            let names = tables(["user", "users"]);
            let meaning = systems::better_auth::TABLES;
            return match form {
                Form::Object => {
                    let rows = Elements::new(source, Lists::Named(USER));
                    Ok(Box::new(Joined::new(rows, meaning, providers)))
                }
                Form::Sql => {
                    let users = wanted(names, &[&["email"], &["emailVerified", "email_verified"]]);
                    let accounts = wanted(
                        vec!["account".into(), "accounts".into()],
                        &[
                            &["userId", "user_id"],
                            &["providerId", "provider_id"],
                            &["password"],
                        ],
                    );
                    Ok(joined(source, [users, accounts], meaning, providers))
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
            let users = wanted(
                tables(["user", "users"]),
                &[&["email"], &["hashed_password"]],
            );
            let accounts = wanted(
                vec!["oauth_account".into(), "oauth_accounts".into()],
                &[&["user_id"], &["oauth_name"], &["account_id"]],
            );
            let meaning = systems::fastapi_users::TABLES;
            return Ok(joined(source, [users, accounts], meaning, providers));
        }
        (Format::FastapiUsers, _) => {
            Box::new(Csv::with_header(source, &["email", "hashed_password"])?)
        }
        (Format::Django, Form::Sql) => {
            let columns: &[&[&str]] = &[&["password"], &["is_active"]];
            let users = wanted(tables(["auth_user"; 2]), columns);
            Box::new(Dump::new(source, vec![users]))
        }
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
            let users = wanted(
                vec!["auth.users".into()],
                &[&["id"], &["encrypted_password"]],
            );
            let accounts = wanted(
                vec!["auth.identities".into()],
                &[&["user_id"], &["provider"], &["identity_data"]],
            );
            let meaning = systems::supabase::TABLES;
            return Ok(joined(source, [users, accounts], meaning, providers));
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
    let identities = move |fields: &mut Fields| match format {
        Format::FastapiUsers => systems::fastapi_users::identities(fields),
        Format::Auth0 => systems::auth0::identities(fields),
        Format::Clerk => systems::clerk::identities(fields),
        Format::Supabase => systems::supabase::identities(fields),
        Format::Firebase => systems::firebase::identities(fields),
        _ => Ok(Found::new()),
    };
    Ok(Box::new(rows.map(move |row| {
        let mut found = Found::new();
        let user = row.fields.and_then(|fields| {
            fields.convert(|mut fields| {
                found = identities(&mut fields)?;
                convert(fields)
            })
        });
        Record::of(row.line, user, found, &providers)
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

/// The users of a dump, with their accounts in a second table.
fn joined<R: BufRead + Send + 'static>(
    source: Opened<R>,
    [users, accounts]: [Wanted; 2],
    meaning: Tables,
    providers: Providers,
) -> Box<dyn Iterator<Item = Record> + Send> {
    let rows = Dump::new(source, vec![users, accounts]);
    Box::new(Joined::new(rows, meaning, providers))
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
