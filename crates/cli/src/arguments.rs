//! Arguments that several commands have.

use clap::{Arg, ArgAction, ArgMatches, Command};

/// A command with subcommands and `--json`.
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
        .help("Print the response of the API unchanged, as JSON")
}

/// A user, by ID, e-mail address or user name.
pub(crate) fn user() -> Arg {
    required("user", "USER").help("ID, e-mail address or user name")
}

pub(crate) fn required(name: &'static str, value: &'static str) -> Arg {
    Arg::new(name).value_name(value).required(true)
}

/// `--name VALUE`.
pub(crate) fn option(name: &'static str, value: &'static str) -> Arg {
    Arg::new(name).long(name).value_name(value)
}

/// `--rank N` of a role.
pub(crate) fn rank() -> Arg {
    option("rank", "N")
        .value_parser(clap::value_parser!(u64).range(0..1000))
        .help("Rank of the role, 0 to 999: its users can administer users of a lower rank")
}

/// `--name VALUE`, which can be repeated.
pub(crate) fn options(name: &'static str, value: &'static str) -> Arg {
    option(name, value).action(ArgAction::Append)
}

pub(crate) fn flag(name: &'static str) -> Arg {
    Arg::new(name).long(name).action(ArgAction::SetTrue)
}

/// `--name=true` or `--name=false`. `--name` alone means true.
pub(crate) fn yes_or_no(name: &'static str) -> Arg {
    option(name, "BOOL")
        .value_parser(clap::value_parser!(bool))
        .num_args(0..=1)
        .require_equals(true)
        .default_missing_value("true")
}

/// `--limit N` of a list.
pub(crate) fn limit(default: &'static str) -> Arg {
    option("limit", "N")
        .value_parser(clap::value_parser!(u64).range(1..))
        .default_value(default)
}

pub(crate) fn text<'m>(matches: &'m ArgMatches, name: &str) -> Option<&'m str> {
    matches.get_one::<String>(name).map(String::as_str)
}

/// Returns the value of a required argument.
pub(crate) fn given<'m>(matches: &'m ArgMatches, name: &str) -> &'m str {
    text(matches, name).unwrap_or_default()
}

pub(crate) fn texts<'m>(matches: &'m ArgMatches, name: &str) -> Vec<&'m str> {
    let given = matches.get_many::<String>(name);
    given.into_iter().flatten().map(String::as_str).collect()
}

/// Returns a time in the form of the API. A day becomes its beginning in UTC.
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
