//! `gatewright`: the command line of the native host.

#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, reason = "it talks to a person")]

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use auth_core::Config;
use auth_core::config::Setting;
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use gatewright::{HostConfig, LayeredSettings, Server, ensure_secrets, read_secrets};

/// Requests allocate many small things on a few threads, which is what this allocator is made for.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let matches = command().get_matches();
    let done = match matches.subcommand() {
        Some(("serve", arguments)) => serve(arguments),
        Some(("config", arguments)) => match arguments.subcommand() {
            Some(("check", arguments)) => check(arguments),
            _ => {
                print_table();
                Ok(())
            }
        },
        _ => Ok(()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("gatewright: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn command() -> Command {
    let env_file = Arg::new("env-file")
        .long("env-file")
        .value_name("FILE")
        .value_parser(value_parser!(PathBuf))
        .help("Read settings from this file; .env where it is there");
    let settings = all_settings()
        .filter(|setting| !setting.secret)
        .map(|setting| {
            let mut help = setting.doc.trim().to_owned();
            if let Some(default) = setting.default {
                help = format!("{help} [default: {default}]");
            }
            Arg::new(setting.name)
                .long(setting.name.to_ascii_lowercase().replace('_', "-"))
                .value_name("VALUE")
                .action(ArgAction::Set)
                .hide_short_help(true)
                .help(help)
        });
    let component = Arg::new("component")
        .long("component")
        .value_name("FILE")
        .value_parser(value_parser!(PathBuf))
        .help("Serve this component instead of service.wasm beside this program");
    let clock_offset = Arg::new("clock-offset")
        .long("clock-offset")
        .value_name("SECONDS")
        .value_parser(value_parser!(i64))
        .allow_negative_numbers(true)
        .default_value("0")
        .hide(true)
        .help("For tests: show the service a clock that is ahead by this much");
    Command::new("gatewright")
        .version(env!("CARGO_PKG_VERSION"))
        .about("Self-hosted authentication and authorization for the edge.")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(
            Command::new("serve")
                .about("Serve the API; --help lists every setting as a flag")
                .args([env_file.clone(), component, clock_offset])
                .args(settings.clone()),
        )
        .subcommand(
            Command::new("config")
                .about("List every setting")
                .subcommand(
                    Command::new("check")
                        .about("Check the settings and start nothing")
                        .arg(env_file)
                        .args(settings),
                ),
        )
}

fn all_settings() -> impl Iterator<Item = &'static Setting> + Clone {
    HostConfig::TABLE.iter().chain(Config::TABLE)
}

/// Flags first, then the environment, then the file.
fn layered(arguments: &ArgMatches) -> Result<LayeredSettings> {
    let flags = all_settings()
        .filter(|setting| !setting.secret)
        .filter_map(|setting| {
            Some((
                setting.name,
                arguments.get_one::<String>(setting.name)?.clone(),
            ))
        });
    LayeredSettings::new(
        flags,
        arguments
            .get_one::<PathBuf>("env-file")
            .map(PathBuf::as_path),
    )
}

fn serve(arguments: &ArgMatches) -> Result<()> {
    let mut settings = layered(arguments)?;
    let host = settings.host_config()?;
    let made = ensure_secrets(&mut settings, &host)?;
    host.check_memory(&settings.config()?)?;
    init_log(&host)?;
    let component = match arguments.get_one::<PathBuf>("component") {
        Some(path) => path.clone(),
        None => std::env::current_exe()?.with_file_name("service.wasm"),
    };
    let offset = arguments
        .get_one::<i64>("clock-offset")
        .copied()
        .unwrap_or_default();
    let server = Server::start(settings, host, &component, offset)?;
    let address = server.address();
    for line in made.iter().chain(server.made()) {
        println!("made        {line}");
    }
    println!("listening   http://{address}");
    println!("sign up     http://{address}/register, or:");
    println!(
        "            curl -s http://{address}/auth/register -H 'content-type: application/json' \\\n              \
         -d '{{\"email\": \"ada@example.com\", \"password\": \"correct horse battery staple\"}}'"
    );
    server.run_until_signal()?;
    println!("stopped");
    Ok(())
}

fn check(arguments: &ArgMatches) -> Result<()> {
    let mut settings = layered(arguments)?;
    let host = settings.host_config()?;
    read_secrets(&mut settings, &host)?;
    host.check_memory(&settings.config()?)?;
    println!("every setting is accepted");
    Ok(())
}

fn print_table() {
    for setting in all_settings() {
        let default = match (setting.secret, setting.default) {
            (true, _) => "secret".to_owned(),
            (false, Some(default)) => format!("default {default}"),
            (false, None) => "not set by default".to_owned(),
        };
        println!(
            "{}\n    {}\n    {}; {default}\n",
            setting.name,
            setting.doc.trim(),
            setting.accepts
        );
    }
}

fn init_log(host: &HostConfig) -> Result<()> {
    let filter = tracing_subscriber::EnvFilter::try_new(&host.log_level).context("LOG_LEVEL")?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    if host.log_json {
        builder.json().init();
    } else {
        builder.init();
    }
    Ok(())
}
