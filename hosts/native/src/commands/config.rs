//! `gatewright config`.

use std::io::Write;

use anyhow::Result;
use clap::{ArgMatches, Command};
use gatewright::{make_secrets, native_settings, read_secrets};

use super::settings::{env_file, layered, setting_arguments};

pub(super) fn command() -> Command {
    Command::new("config")
        .about("List every setting")
        .subcommand(
            Command::new("check")
                .about("Check the settings and start nothing")
                .arg(env_file())
                .args(setting_arguments()),
        )
        .subcommand(
            Command::new("print")
                .about("Show the value that each setting has; secrets as set or not set")
                .arg(env_file())
                .args(setting_arguments()),
        )
}

/// Checks the settings.
pub(super) fn check(arguments: &ArgMatches, out: &mut dyn Write) -> Result<()> {
    let (mut settings, host) = layered(arguments)?;
    // Made as a first start would, but not stored.
    make_secrets(&mut settings, &host)?;
    host.check_memory(settings.config()?.argon2_memory)?;
    if let Some(doubt) = host.half_administrator() {
        gatewright_cli::say(&format!("gatewright: {doubt}"));
    }
    settings.log_config()?;
    settings.mailer(&settings.mail_config()?)?;
    writeln!(out, "every setting is accepted")?;
    Ok(())
}

/// Prints the value of each setting.
pub(super) fn print_values(arguments: &ArgMatches, out: &mut dyn Write) -> Result<()> {
    let (mut settings, host) = layered(arguments)?;
    read_secrets(&mut settings, &host)?;
    for setting in native_settings() {
        let value = match (settings.value(setting.name), setting.secret) {
            (Some(_), true) => "(set)",
            (Some(value), false) => value,
            (None, _) => setting.default.unwrap_or("(not set)"),
        };
        writeln!(out, "{}={value}", setting.name)?;
    }
    Ok(())
}

/// Prints every setting.
pub(super) fn print_table(out: &mut dyn Write) -> Result<()> {
    for setting in native_settings() {
        let default = match (setting.secret, setting.default) {
            (true, _) => "secret".to_owned(),
            (false, Some(default)) => format!("default {default}"),
            (false, None) => "not set by default".to_owned(),
        };
        writeln!(
            out,
            "{}\n    {}\n    {}; {default}\n",
            setting.name,
            setting.doc.trim(),
            setting.accepts
        )?;
    }
    Ok(())
}
