//! `--profile`, the fields of a user's profile.

use clap::{Arg, ArgMatches};
use serde_json::{Map, Value};

use crate::arguments::options;

/// The argument, which may be given more than once.
pub(super) fn argument() -> Arg {
    options("profile", "KEY=TEXT")
        .value_parser(entry)
        .help("A field of the profile; KEY:=JSON for what is not text, KEY:=null to take it away")
}

/// `key=text` or `key:=json`.
fn entry(given: &str) -> Result<(String, Value), String> {
    let (key, value) = given.split_once('=').ok_or("it has to be KEY=TEXT")?;
    let (key, value) = match key.strip_suffix(':') {
        Some(key) => {
            let value = gatewright_transfer::objects::from_str(value)
                .map_err(|error| format!("no JSON: {error}"))?;
            (key, value)
        }
        None => (key, value.into()),
    };
    if key.is_empty() {
        return Err("it has to be KEY=TEXT".to_owned());
    }
    Ok((key.to_owned(), value))
}

/// The fields that are given, if there are any.
pub(super) fn entries(matches: &ArgMatches) -> Option<Map<String, Value>> {
    let entries = matches.get_many::<(String, Value)>("profile")?;
    Some(entries.cloned().collect())
}
