//! Reading users from the exports of each system. The files in `fixtures` were written by the tools themselves
//! (pg_dump 15, SQLite 3.40, fastapi-users 15, Django 5.2, better-auth 1.7), except `django_mysql.sql` and the tables
//! of Supabase, which its migrations created and pg_dump dumped.

#![allow(clippy::unwrap_used, reason = "a failed test may panic")]

mod auth0;
mod better_auth;
mod clerk;
mod django;
mod fastapi_users;
mod firebase;
mod identities;
mod own;
mod supabase;

use std::io::Cursor;

use auth_core::password::{Hasher, Parameters};
use gatewright_transfer::{Format, Item, Options, Record, read};
use serde_json::{Value, json};

const ARGON2: &str = "$argon2id$v=19$m=65536,t=3,p=4$nTcALhtbj9msselumQcYzA$TEAmXgLKbEXivpp+s+UC0OfYJLpcEfN8rSMSYTOgPZg";
const BCRYPT: &str = "$2b$04$abcdefghijklmnopqrstuuqREtd3VJD2QVZbuFskFSLk6eRIrQoOS";
const SIGNER_KEY: &str =
    "jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==";

fn records(format: Format, text: &str, options: Options) -> Vec<Record> {
    let input = Cursor::new(text.to_owned().into_bytes());
    read(format, input, options).unwrap().collect()
}

/// Returns the users as JSON, or the reasons.
fn users_with(format: Format, text: &str, options: Options) -> Vec<Value> {
    records(format, text, options)
        .into_iter()
        .map(|record| match record.item {
            Ok(Item::User(user)) => serde_json::to_value(user).unwrap(),
            Ok(Item::Definition(definition)) => serde_json::to_value(definition).unwrap(),
            Err(reason) => json!({"line": record.line, "reason": reason}),
        })
        .collect()
}

fn users(format: Format, text: &str) -> Vec<Value> {
    users_with(format, text, Options::default())
}

fn fixture(name: &str) -> String {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/");
    std::fs::read_to_string(format!("{folder}{name}")).unwrap()
}

fn verifies(user: &Value, password: &str) -> bool {
    let hash = user["password_hash"].as_str().unwrap();
    Hasher::new(Parameters::default())
        .verify(password, hash)
        .unwrap()
}

#[test]
fn every_format_has_a_name() {
    for name in Format::NAMES {
        assert!(Format::parse(name).is_some(), "{name}");
    }
    assert_eq!(Format::parse("oracle"), None);
}
