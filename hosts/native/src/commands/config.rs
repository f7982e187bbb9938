//! `gatewright config`.

use std::io::Write;

use anyhow::Result;
use auth_core::Templates;
use auth_core::config::{
    FederationConfig, Group, HostKind, Setting, SettingError, without_password,
};
use clap::{Arg, ArgMatches, Command};
use gatewright::{
    all_settings, assignment, flag_name, is_pattern, native_setting, near, problems, read_secrets,
    summary, without_effect,
};

use super::settings::{env_file, layered, layers, setting_arguments};

const EXAMPLES: &str = "\
Examples:
  gatewright config                            list the settings by task
  gatewright config JWT_ALGORITHM              explain a setting
  gatewright config check --env-file prod.env  report every problem of a file of settings
  gatewright config print                      show the values that a start would use";

pub(super) fn command() -> Command {
    Command::new("config")
        .about("List, explain and check the settings")
        .after_help(EXAMPLES)
        .args_conflicts_with_subcommands(true)
        .arg(
            Arg::new("name")
                .value_name("NAME")
                .allow_hyphen_values(true)
                .help("The setting to explain, such as JWT_ALGORITHM, jwt-algorithm or --jwt-algorithm"),
        )
        .subcommand(
            Command::new("check")
                .about("Report every problem of the settings, and start nothing")
                .arg(env_file())
                .args(setting_arguments()),
        )
        .subcommand(
            Command::new("print")
                .about("Show the value of each setting; a secret's value is shown as (set)")
                .arg(env_file())
                .args(setting_arguments()),
        )
}

/// Reports every problem of the settings.
pub(super) fn check(arguments: &ArgMatches, out: &mut dyn Write) -> Result<()> {
    let settings = layers(arguments)?;
    let problems = problems(&settings)?;
    if let Ok(host) = settings.host_config()
        && let Some(doubt) = host.half_administrator()
    {
        gatewright_cli::say(&format!("gatewright: {doubt}"));
    }
    for doubt in without_effect(&settings) {
        gatewright_cli::say(&format!("gatewright: {doubt}"));
    }
    if problems.is_empty() {
        writeln!(out, "every setting is accepted")?;
        return Ok(());
    }
    let count = match problems.len() {
        1 => "1 setting is".to_owned(),
        count => format!("{count} settings are"),
    };
    let described: Vec<_> = problems
        .iter()
        .map(|problem| described(problem, &|name| settings.origin(name)))
        .collect();
    anyhow::bail!(
        "{count} not accepted\n\n{}\n`gatewright config NAME` explains a setting.",
        described.join("\n")
    )
}

/// A problem in lines: the setting and where it is set, the accepted form, and an example.
fn described<'a>(problem: &SettingError, origin: &dyn Fn(&str) -> Option<&'a str>) -> String {
    let SettingError::Value {
        name,
        problem,
        accepts,
    } = problem
    else {
        return format!("  {problem}\n");
    };
    let origin = origin(name).map(|origin| format!(" (set {origin})"));
    let example = native_setting(name)
        .map(|setting| format!("    example:  {}\n", assignment(name, setting.example)));
    format!(
        "  {name}: {problem}{}\n    accepted: {accepts}\n{}",
        origin.unwrap_or_default(),
        example.unwrap_or_default()
    )
}

/// Prints the value of each setting.
pub(super) fn print_values(arguments: &ArgMatches, out: &mut dyn Write) -> Result<()> {
    let (mut settings, host) = layered(arguments)?;
    read_secrets(&mut settings, &host)?;
    for row in listed() {
        let given = |name: &&str| FederationConfig::row(name) == Some(row);
        let names: Vec<_> = match is_pattern(row) {
            true => settings.names().filter(given).collect(),
            false => vec![row.name],
        };
        for name in names {
            let value = match (settings.value(name), row.secret) {
                (Some(_), true) => "(set)".into(),
                (Some(value), false) => without_password(value),
                (None, _) => row.default.unwrap_or("(not set)").into(),
            };
            writeln!(out, "{name}={value}")?;
        }
    }
    Ok(())
}

/// The settings of the native host, with a row for those of several providers.
fn listed() -> impl Iterator<Item = &'static Setting> + Clone {
    all_settings().filter(|setting| setting.hosts.contains(&HostKind::Native))
}

/// Explains the setting that the arguments name, or lists all.
pub(super) fn explain_or_list(arguments: &ArgMatches, out: &mut dyn Write) -> Result<()> {
    match arguments.get_one::<String>("name") {
        Some(name) => explain(name, out),
        None => list(out),
    }
}

/// Prints a line for each setting, by task.
fn list(out: &mut dyn Write) -> Result<()> {
    let widest = listed().map(|setting| setting.name.len()).max();
    let width = widest.unwrap_or_default();
    for group in Group::ALL {
        writeln!(out, "{}:", group.title())?;
        for setting in listed().filter(|setting| setting.group == group) {
            writeln!(out, "  {:width$}  {}", setting.name, summary(setting))?;
        }
        writeln!(out)?;
    }
    writeln!(
        out,
        "`gatewright config NAME` explains a setting, `gatewright config check` checks the values.\n\
         A value is from a flag, else from the environment, else from .env or the file of --env-file. Secrets have no flag."
    )?;
    Ok(())
}

/// Prints everything about one setting.
fn explain(given: &str, out: &mut dyn Write) -> Result<()> {
    let name = given.trim_start_matches('-').split('=').next();
    let name = name.unwrap_or_default().trim().to_ascii_uppercase();
    let name = name.replace('-', "_");
    let mut settings: Vec<_> = all_settings()
        .filter(|setting| setting.name == name)
        .collect();
    if settings.is_empty() {
        // A setting of one provider.
        settings.extend(FederationConfig::row(&name));
    }
    if let Some(setting) = settings.first() {
        return explain_setting(&name, setting, &settings, out);
    }
    if let Some(template) = Templates::built_in().find(|template| template.setting == name) {
        writeln!(
            out,
            "{name}\n\n  Text of the mail template {}, instead of the built-in one.\n\n  Form:      a MiniJinja template\n  \
             Group:     {}\n\nA file {} in the folder of MAIL_TEMPLATES does the same. `gatewright mail preview` shows a mail.",
            template.file,
            Group::Mail.title(),
            template.file
        )?;
        return Ok(());
    }
    let templates = Templates::built_in().map(|template| template.setting);
    let names = all_settings().map(|setting| setting.name).chain(templates);
    let near = near(&name, names.chain(["CHECK", "PRINT"]));
    let hint = match near.as_slice() {
        [] => "`gatewright config` lists them".to_owned(),
        near => {
            let named = near.iter().map(|name| match *name {
                "CHECK" | "PRINT" => format!("`gatewright config {}`", name.to_ascii_lowercase()),
                name => name.to_owned(),
            });
            format!("did you mean {}?", named.collect::<Vec<_>>().join(", "))
        }
    };
    anyhow::bail!("there is no setting {name}: {hint}")
}

/// `rows` are those of all hosts that have the setting; the first is explained.
fn explain_setting(
    name: &str,
    setting: &Setting,
    rows: &[&Setting],
    out: &mut dyn Write,
) -> Result<()> {
    let default = |row: &Setting| row.default.unwrap_or("not set").to_owned();
    let defaults = match rows {
        [row] => default(row),
        rows => rows
            .iter()
            .map(|row| format!("{} ({})", default(row), hosts(row)))
            .collect::<Vec<_>>()
            .join(", "),
    };
    writeln!(out, "{name}\n")?;
    for line in wrapped(setting.doc.trim(), 78) {
        writeln!(out, "  {line}")?;
    }
    let all_hosts: Vec<_> = rows.iter().map(|row| hosts(row)).collect();
    writeln!(out, "\n  Form:      {}", setting.accepts)?;
    writeln!(out, "  Default:   {defaults}")?;
    writeln!(out, "  Example:   {}", assignment(name, setting.example))?;
    writeln!(out, "  Hosts:     {}", all_hosts.join(", "))?;
    writeln!(out, "  Group:     {}", setting.group.title())?;
    let secret = if setting.secret {
        "yes; its value is never printed, and it has no flag".to_owned()
    } else if is_pattern(setting) {
        "no; it has no flag".to_owned()
    } else {
        format!("no; its flag is {}", flag_name(setting.name))
    };
    writeln!(out, "  Secret:    {secret}")?;
    if is_pattern(setting) {
        writeln!(
            out,
            "\nOIDC_PROVIDERS names the provider, whose name stands after OIDC_ in upper case."
        )?;
    }
    Ok(())
}

fn hosts(setting: &Setting) -> String {
    let titles = setting.hosts.iter().map(|host| host.title());
    titles.collect::<Vec<_>>().join(", ")
}

/// The words of a text in lines of at most `width` characters, unless a word is longer.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn explained(name: &str) -> Result<String> {
        let mut out = Vec::new();
        explain(name, &mut out)?;
        Ok(String::from_utf8(out)?)
    }

    #[test]
    fn a_setting_is_found_however_its_name_is_written() -> Result<()> {
        let wanted = explained("JWT_ALGORITHM")?;
        for name in [
            "jwt-algorithm",
            "--jwt-algorithm",
            "jwt_algorithm",
            "--jwt-algorithm=none",
        ] {
            assert_eq!(explained(name)?, wanted, "{name}");
        }
        for part in [
            "Form:      EdDSA, ES256",
            "Default:   EdDSA",
            "Example:   JWT_ALGORITHM=ES256",
            "Hosts:     native host, Spin, Cloudflare Worker",
            "--jwt-algorithm",
        ] {
            assert!(wanted.contains(part), "{part}: {wanted}");
        }
        Ok(())
    }

    #[test]
    fn the_settings_of_a_provider_are_found_by_its_name() -> Result<()> {
        let text = explained("oidc-acme-client-secret")?;
        for part in [
            "OIDC_ACME_CLIENT_SECRET\n",
            "Example:   OIDC_ACME_CLIENT_SECRET=",
            "yes; its value is never printed",
            "OIDC_PROVIDERS names the provider",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(explained("OIDC_ACME_ISSUER")?.contains("no; it has no flag"));
        assert!(explained("OIDC_ACME_OWNER").is_err());
        Ok(())
    }

    #[test]
    fn defaults_that_differ_are_shown_with_their_hosts() -> Result<()> {
        let text = explained("MAX_WAITING_HASHES")?;
        assert!(
            text.contains("128 (native host), 64 (Cloudflare Worker)"),
            "{text}"
        );
        Ok(())
    }

    #[test]
    fn an_unknown_name_suggests_others() {
        for (name, hint) in [
            (
                "jwt-algoritm",
                "there is no setting JWT_ALGORITM: did you mean JWT_ALGORITHM?",
            ),
            ("chek", "`gatewright config check`"),
            ("xyzzy", "`gatewright config` lists them"),
        ] {
            let error = explained(name).err().map(|error| error.to_string());
            assert!(
                error.as_ref().is_some_and(|error| error.contains(hint)),
                "{error:?}"
            );
        }
    }

    #[test]
    fn the_list_has_a_short_line_for_each_setting() -> Result<()> {
        let mut out = Vec::new();
        list(&mut out)?;
        let text = String::from_utf8(out)?;
        for setting in listed() {
            let line = text
                .lines()
                .find(|line| line.trim_start().starts_with(&format!("{} ", setting.name)));
            assert!(
                line.is_some_and(|line| line.chars().count() <= 140),
                "{}",
                setting.name
            );
        }
        Ok(())
    }
}
