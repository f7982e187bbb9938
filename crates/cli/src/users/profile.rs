//! `--profile`, the fields of a user's profile.

use clap::{Arg, ArgMatches};
use serde_json::{Map, Value};

use crate::arguments::options;

/// The argument, which can be repeated.
pub(super) fn argument() -> Arg {
    options("profile", "KEY=TEXT")
        .value_parser(entry)
        .help("A field of the profile; KEY:=JSON for values other than text, KEY:=null to delete the field")
}

/// `key=text` or `key:=json`.
fn entry(given: &str) -> Result<(String, Value), String> {
    let (key, value) = given
        .split_once('=')
        .ok_or("expected KEY=TEXT or KEY:=JSON")?;
    let (key, value) = match key.strip_suffix(':') {
        Some(key) => {
            let value = gatewright_transfer::objects::from_str(value)
                .map_err(|error| format!("the value after := is not JSON: {error}"))?;
            (key, value)
        }
        None => (key, value.into()),
    };
    if key.is_empty() {
        return Err("expected KEY=TEXT or KEY:=JSON".to_owned());
    }
    Ok((key.to_owned(), value))
}

/// Returns the given fields, if there are any.
pub(super) fn entries(matches: &ArgMatches) -> Option<Map<String, Value>> {
    let entries = matches.get_many::<(String, Value)>("profile")?;
    Some(entries.cloned().collect())
}
