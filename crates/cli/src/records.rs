//! Reading the records of a file in any supported format.

use std::collections::BTreeMap;
use std::io::BufRead;

use anyhow::{Context as _, Result};
use clap::{Arg, ArgMatches, value_parser};
use gatewright_transfer::{FirebaseHash, Format, Item, Options, Record};

use crate::arguments::{given, option, options, text};

pub(crate) fn arguments() -> [Arg; 7] {
    let firebase = |name, value| option(name, value).help_heading("Firebase's password hashes");
    [
        option("format", "FORMAT")
            .value_parser(Format::NAMES)
            .default_value("jsonl")
            .help("Format of the file; jsonl is the one of `gatewright export`"),
        option("table", "NAME")
            .help("Name of the table with the users, if it differs from the default of the system"),
        options("provider", "NAME=ISSUER")
            .value_parser(provider)
            .help(
                "Issuer of a sign-in provider, by the name of the provider in the file: for one that is not a preset, \
                 or a tenant of Microsoft. Can be repeated",
            ),
        firebase("firebase-signer-key", "BASE64")
            .env("GATEWRIGHT_FIREBASE_SIGNER_KEY")
            .hide_env_values(true)
            .help("base64_signer_key of the project, if its users have passwords"),
        firebase("firebase-salt-separator", "BASE64").help("base64_salt_separator of the project"),
        firebase("firebase-rounds", "N")
            .value_parser(value_parser!(u32))
            .help("rounds of the project"),
        firebase("firebase-mem-cost", "N")
            .value_parser(value_parser!(u32))
            .help("mem_cost of the project"),
    ]
}

/// Returns a text that differs between options that find different records.
pub(crate) fn described(matches: &ArgMatches) -> String {
    let table = text(matches, "table").unwrap_or_default();
    let mut described = format!("{} {table}", given(matches, "format"));
    for (name, issuer) in providers(matches) {
        described.push_str(&format!(", {name} is {issuer}"));
    }
    described
}

/// Parses `NAME=ISSUER`.
fn provider(text: &str) -> Result<(String, String), &'static str> {
    let (name, issuer) = text.split_once('=').ok_or("NAME=ISSUER is needed")?;
    Ok((name.to_owned(), issuer.to_owned()))
}

/// Returns the issuers of providers by name.
fn providers(matches: &ArgMatches) -> BTreeMap<String, String> {
    let given = matches.get_many::<(String, String)>("provider");
    given.into_iter().flatten().cloned().collect()
}

/// Returns the name by which people know a record.
pub(crate) fn name(item: &Item) -> Option<&str> {
    match item {
        Item::User(user) => user.email.as_deref().or(user.username.as_deref()),
        Item::Definition(definition) => Some(definition.name()),
    }
}

pub(crate) fn open(
    matches: &ArgMatches,
    input: Box<dyn BufRead + Send>,
) -> Result<Box<dyn Iterator<Item = Record> + Send>> {
    let format = Format::parse(given(matches, "format")).context("unknown format")?;
    let options = Options {
        table: text(matches, "table").map(str::to_owned),
        firebase: match format {
            Format::Firebase => firebase(matches)?,
            _ => None,
        },
        providers: providers(matches),
    };
    Ok(gatewright_transfer::read(format, input, options)?)
}

/// Returns the hash parameters of a Firebase project: all of them or none.
fn firebase(matches: &ArgMatches) -> Result<Option<FirebaseHash>> {
    let names = [
        "firebase-signer-key",
        "firebase-salt-separator",
        "firebase-rounds",
        "firebase-mem-cost",
    ];
    if !names.iter().any(|name| matches.contains_id(name)) {
        return Ok(None);
    }
    let missing = |name| {
        format!("--{name} is missing; passwords of Firebase need all four --firebase options")
    };
    let texts = |at: usize| {
        let value = text(matches, names[at]).map(str::to_owned);
        value.with_context(|| missing(names[at]))
    };
    let numbers = |at: usize| {
        let value = matches.get_one::<u32>(names[at]).copied();
        value.with_context(|| missing(names[at]))
    };
    Ok(Some(FirebaseHash {
        signer_key: texts(0)?,
        salt_separator: texts(1)?,
        rounds: numbers(2)?,
        mem_cost: numbers(3)?,
    }))
}
