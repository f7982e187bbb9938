//! The settings of a command, and the arguments for them.

use std::path::PathBuf;

use anyhow::Result;
use clap::{Arg, ArgAction, ArgMatches, value_parser};
use gatewright::{
    DOT_ENV, HostConfig, LayeredSettings, flag_name, native_setting, native_settings, summary,
};

/// Returns the argument for the file of settings.
pub(super) fn env_file() -> Arg {
    Arg::new("env-file")
        .long("env-file")
        .value_name("FILE")
        .value_parser(value_parser!(PathBuf))
        .help("Read settings from this file [default: .env, if it exists]")
}

/// The settings in the short help.
const COMMON: [&str; 5] = [
    "LISTEN",
    "PUBLIC_BASE_URL",
    "DATABASE_URL",
    "EMAIL_PROVIDER",
    "LOG_LEVEL",
];

/// Returns the arguments for the settings that are not secret, by task. The short help shows the common ones.
pub(super) fn setting_arguments() -> impl Iterator<Item = Arg> + Clone {
    native_settings()
        .filter(|setting| !setting.secret)
        .map(|setting| {
            let default = setting
                .default
                .map(|default| format!(" [default: {default}]"));
            let default = default.unwrap_or_default();
            Arg::new(setting.name)
                .long(flag_name(setting.name).trim_start_matches('-').to_owned())
                .value_name("VALUE")
                .action(ArgAction::Set)
                .help_heading(setting.group.title())
                .hide_short_help(!COMMON.contains(&setting.name))
                .help(format!("{}{default}", summary(setting)))
                .long_help(format!(
                    "{} ({}){default}",
                    setting.doc.trim(),
                    setting.accepts
                ))
        })
}

/// Returns the arguments for the database, for commands that need few other settings.
pub(super) fn local_arguments() -> [Arg; 2] {
    let database = Arg::new("DATABASE_URL")
        .long("database-url")
        .value_name("VALUE")
        .help("The database: sqlite: and a path, or the URL of a PostgreSQL database [default: sqlite:data/gatewright.db]");
    [env_file(), database]
}

/// Returns the settings: flags first, then the environment, then the file.
pub(super) fn layers(arguments: &ArgMatches) -> Result<LayeredSettings> {
    let flags = native_settings()
        .filter(|setting| !setting.secret)
        .filter_map(|setting| {
            // Not every command has every flag.
            let given = arguments.try_get_one::<String>(setting.name).ok()?;
            Some((setting.name, given?.clone()))
        });
    let env_file = arguments.get_one::<PathBuf>("env-file");
    LayeredSettings::new(flags, env_file.map(PathBuf::as_path))
}

/// Returns the settings, with the mail templates of a folder.
pub(super) fn layered(arguments: &ArgMatches) -> Result<(LayeredSettings, HostConfig)> {
    let mut settings = layers(arguments)?;
    let host = settings.host_config()?;
    if let Some(folder) = &host.mail_templates {
        settings.read_templates(folder)?;
    }
    Ok((settings, host))
}

/// Returns the file of settings, if it sets a secret.
pub(super) fn file_of_secrets(arguments: &ArgMatches) -> Option<PathBuf> {
    let named = arguments.get_one::<PathBuf>("env-file").cloned();
    let path = named.unwrap_or_else(|| DOT_ENV.into());
    let is_secret = |name: &str| native_setting(name).is_some_and(|known| known.secret);
    let mut entries = dotenvy::from_path_iter(&path).ok()?.flatten();
    entries.any(|(name, _)| is_secret(&name)).then_some(path)
}
