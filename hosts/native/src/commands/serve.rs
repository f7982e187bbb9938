//! `gatewright serve`.

use std::io::Write;
use std::path::PathBuf;

use anyhow::Result;
use clap::{Arg, ArgMatches, Command, value_parser};
use gatewright::{Local, Server, ensure_secrets, exposed_files, secrets_file, without_effect};

use super::log::{Speaker, init_log};
use super::running::{clock_offset, clock_offset_argument, log_start, run, this_program};
use super::settings::{env_file, file_of_secrets, layered, setting_arguments};

const SHORT: &str = "\
Every setting except secrets is a flag: `gatewright serve --help` lists them by task, and `gatewright config NAME` explains one.";

const LONG: &str = "\
Examples:
  gatewright serve
  gatewright serve --listen 0.0.0.0:8080 --public-base-url https://auth.example.com
  gatewright serve --env-file /etc/gatewright/settings.env

A setting's value is from its flag, else from the environment variable of its name (--log-level is LOG_LEVEL), else from .env
or the file of --env-file. Secrets have no flag, as other users of the machine can read the arguments of a program.
`gatewright config check` reports every problem of the settings at once.";

pub(super) fn command() -> Command {
    let component = Arg::new("component")
        .long("component")
        .value_name("FILE")
        .value_parser(value_parser!(PathBuf))
        .help("Serve this component [default: service.wasm in the folder of this program]");
    Command::new("serve")
        .about("Start the server")
        .after_help(SHORT)
        .after_long_help(LONG)
        .args([env_file(), component, clock_offset_argument()])
        .args(setting_arguments())
}

pub(super) fn serve(arguments: &ArgMatches, out: &mut dyn Write) -> Result<()> {
    let (mut settings, host) = layered(arguments)?;
    init_log(&settings, Speaker::Service)?;
    log_start();
    settings.mailer(&settings.mail_config()?)?;
    let made = ensure_secrets(&mut settings, &host)?;
    host.check_memory(settings.config()?.argon2_memory)?;
    if let Some(doubt) = host.half_administrator() {
        tracing::warn!("{doubt}");
    }
    for doubt in without_effect(&settings) {
        tracing::warn!("{doubt}");
    }
    let component = match arguments.get_one::<PathBuf>("component") {
        Some(path) => path.clone(),
        None => std::env::current_exe()?.with_file_name("service.wasm"),
    };
    let clock = clock_offset(arguments);
    let server = Server::start(settings.clone(), &host, &component, &this_program()?, clock)?;
    let file = host.database_url.file();
    let secrets = [file.map(secrets_file), file_of_secrets(arguments)];
    for exposed in exposed_files(file, secrets.into_iter().flatten()) {
        tracing::warn!("{exposed}");
    }
    let mut made = made;
    if let Some((email, password)) = host.administrator()
        && Local::open(&settings, &host)?.first_administrator(email, password)?
    {
        made.push(format!("superadmin {email}"));
    }
    run(server, &made, out)
}
