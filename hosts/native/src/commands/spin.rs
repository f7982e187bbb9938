//! `gatewright spin`.

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Result;
use auth_core::password::Parameters;
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use gatewright::spin::{App, Given, file_of_secrets};
use gatewright::{LayeredSettings, Server, exposed_files};

use super::log::{Speaker, init_log};
use super::running::{clock_offset, clock_offset_argument, log_start, run, this_program};

/// The defaults of Spin.
const DEFAULTS: [(&str, &str); 2] = [("INSTANCE_CONCURRENCY", "16"), ("INSTANCE_REQUESTS", "128")];

pub(super) fn command() -> Command {
    Command::new("spin")
        .about("Run the Spin application without Spin")
        .subcommand_required(true)
        .subcommand(
            Command::new("up")
                .about("Serve the application of a manifest as `spin up` does")
                .args(arguments())
                .arg(clock_offset_argument()),
        )
}

fn arguments() -> [Arg; 4] {
    [
        Arg::new("from")
            .long("from")
            .short('f')
            .value_name("FILE")
            .value_parser(value_parser!(PathBuf))
            .default_value("spin.toml")
            .help("The manifest or its folder"),
        Arg::new("listen")
            .long("listen")
            .env("SPIN_HTTP_LISTEN_ADDR")
            .value_name("ADDRESS")
            .value_parser(value_parser!(SocketAddr))
            .default_value("127.0.0.1:3000")
            .help("Address and port to listen on; port 0 takes a free one"),
        Arg::new("state-dir")
            .long("state-dir")
            .value_name("FOLDER")
            .value_parser(value_parser!(PathBuf))
            .help("Folder for state [default: .spin beside the manifest]"),
        Arg::new("variable")
            .long("variable")
            .value_name("NAME=VALUE")
            .action(ArgAction::Append)
            .value_parser(|text: &str| {
                let (name, value) = text.split_once('=').ok_or("expected NAME=VALUE")?;
                Ok::<_, &str>((name.to_owned(), value.to_owned()))
            })
            .help("Set an application variable; others are read from SPIN_VARIABLE_NAME and .env"),
    ]
}

/// Serves an application.
pub(super) fn up(arguments: &ArgMatches, out: &mut dyn Write) -> Result<()> {
    let settings = LayeredSettings::new(std::iter::empty(), None)?.or(&DEFAULTS);
    let by_name = arguments
        .get_many::<(String, String)>("variable")
        .into_iter()
        .flatten()
        .cloned();
    let given = Given::new(by_name.collect())?;
    let mut host = settings.host_config()?;
    if let Some(address) = arguments.get_one("listen") {
        host.listen = *address;
    }
    // The settings of the application are unknown here.
    host.check_memory(Parameters::default().memory())?;
    init_log(&settings, Speaker::Service)?;
    log_start();
    let mut manifest = arguments
        .get_one::<PathBuf>("from")
        .cloned()
        .unwrap_or_default();
    if manifest.is_dir() {
        manifest.push("spin.toml");
    }
    let state = arguments.get_one::<PathBuf>("state-dir");
    let app = App::load(&manifest, state.map(PathBuf::as_path), given)?;
    for exposed in exposed_files(Some(&app.database()), file_of_secrets()) {
        tracing::warn!("{exposed}");
    }
    run(
        Server::start_spin(app, &host, &this_program()?, clock_offset(arguments))?,
        &[],
        out,
    )
}
