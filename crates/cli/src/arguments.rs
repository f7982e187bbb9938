//! Arguments that several commands have.

use clap::{Arg, ArgAction, ArgMatches, Command};

/// A command with others below it, and with `--json`.
pub(crate) fn group(name: &'static str) -> Command {
    Command::new(name)
        .subcommand_required(true)
        .arg_required_else_help(true)
        .arg(json())
}

pub(crate) fn json() -> Arg {
    Arg::new("json")
        .long("json")
        .action(ArgAction::SetTrue)
        .global(true)
        .help("Print the answer of the API as it is, in JSON")
}

/// A user, by whatever people know of him.
pub(crate) fn user() -> Arg {
    required("user", "USER").help("Id, e-mail address or user name")
}

pub(crate) fn required(name: &'static str, value: &'static str) -> Arg {
    Arg::new(name).value_name(value).required(true)
}

/// `--name VALUE`.
pub(crate) fn option(name: &'static str, value: &'static str) -> Arg {
    Arg::new(name).long(name).value_name(value)
}

/// `--rank N`, of a role.
pub(crate) fn rank() -> Arg {
    option("rank", "N")
        .value_parser(clap::value_parser!(u64).range(0..1000))
        .help("How high its holders stand, 0 to 999: they administer those of a lower rank")
}

/// `--name VALUE`, more than once.
pub(crate) fn options(name: &'static str, value: &'static str) -> Arg {
    option(name, value).action(ArgAction::Append)
}

pub(crate) fn flag(name: &'static str) -> Arg {
    Arg::new(name).long(name).action(ArgAction::SetTrue)
}

/// `--name`, which is the same as `--name=true`, and `--name=false`.
pub(crate) fn yes_or_no(name: &'static str) -> Arg {
    option(name, "BOOL")
        .value_parser(clap::value_parser!(bool))
        .num_args(0..=1)
        .require_equals(true)
        .default_missing_value("true")
}

/// How much of a list is wanted.
pub(crate) fn limit(default: &'static str) -> Arg {
    option("limit", "N")
        .value_parser(clap::value_parser!(u64).range(1..))
        .default_value(default)
}

pub(crate) fn text<'m>(matches: &'m ArgMatches, name: &str) -> Option<&'m str> {
    matches.get_one::<String>(name).map(String::as_str)
}

/// What is required, so that it is there.
pub(crate) fn given<'m>(matches: &'m ArgMatches, name: &str) -> &'m str {
    text(matches, name).unwrap_or_default()
}

pub(crate) fn texts<'m>(matches: &'m ArgMatches, name: &str) -> Vec<&'m str> {
    let given = matches.get_many::<String>(name);
    given.into_iter().flatten().map(String::as_str).collect()
}

/// A time as the API takes it: a day is its beginning in UTC.
pub(crate) fn time(text: &str) -> String {
    let day = text.len() == 10
        && text.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    if day {
        format!("{text}T00:00:00Z")
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_its_beginning() {
        assert_eq!(time("2026-02-03"), "2026-02-03T00:00:00Z");
        assert_eq!(time("2026-02-03T04:05:06Z"), "2026-02-03T04:05:06Z");
        assert_eq!(time("yesterday!"), "yesterday!");
    }
}
