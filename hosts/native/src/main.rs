//! `gatewright`: the command line of the native host.

#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, reason = "it talks to a person")]

use std::io::{IsTerminal as _, Write as _};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use auth_core::config::{LogConfig, ProxyConfig, RetentionConfig, Setting};
use auth_core::password::Parameters;
use auth_core::{Config, Level, MailContext, MailKind, Templates, Timestamp};
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use clap_complete::Shell;
use gatewright::spin::{App, Given};
use gatewright::{
    COMPILE, COMPILE_MEMORY, HostConfig, LayeredSettings, Local, Server, database_path,
    ensure_secrets, make_secrets, read_secrets,
};
use gatewright_mail::MailConfig;
use gatewright_smtp::SmtpConfig;
use http::{Request, Response};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

fn main() -> ExitCode {
    let matches = command().get_matches();
    let done = match matches.subcommand() {
        Some(("serve", arguments)) => serve(arguments),
        Some(("spin", arguments)) => match arguments.subcommand() {
            Some((_, arguments)) => spin_up(arguments),
            None => Ok(()),
        },
        Some((COMPILE, arguments)) => {
            let memory = arguments.get_one(COMPILE_MEMORY).copied();
            gatewright::compile(memory.unwrap_or_default())
        }
        Some(("migrate", arguments)) => migrate(arguments),
        Some(("completions", arguments)) => {
            print_completions(arguments);
            Ok(())
        }
        Some(("mail", arguments)) => match arguments.subcommand() {
            Some((_, arguments)) => preview(arguments),
            None => Ok(()),
        },
        Some(("config", arguments)) => match arguments.subcommand() {
            Some(("check", arguments)) => check(arguments),
            Some(("print", arguments)) => print_values(arguments),
            _ => {
                print_table();
                Ok(())
            }
        },
        Some((name, arguments)) => administer(name, arguments),
        None => Ok(()),
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
                .args([env_file.clone(), component, clock_offset.clone()])
                .args(settings.clone()),
        )
        .subcommand(
            Command::new("spin")
                .about("Run the Spin application on this host")
                .subcommand_required(true)
                .subcommand(
                    Command::new("up")
                        .about("Serve the application of a manifest as `spin up` does")
                        .args(spin_arguments())
                        .arg(clock_offset),
                ),
        )
        .subcommand(
            Command::new("mail")
                .about("Look at the mails that are sent")
                .subcommand_required(true)
                .subcommand(
                    Command::new("preview")
                        .about("Show a mail with made-up values, or list the templates")
                        .arg(
                            Arg::new("kind")
                                .value_name("KIND")
                                .value_parser(
                                    MailKind::ALL
                                        .iter()
                                        .map(|kind| kind.as_str())
                                        .collect::<Vec<_>>(),
                                )
                                .help("Which mail; without it the templates are listed"),
                        )
                        .arg(
                            Arg::new("html")
                                .long("html")
                                .action(ArgAction::SetTrue)
                                .help("Its HTML, to be seen in a browser"),
                        )
                        .arg(env_file.clone())
                        .args(settings.clone()),
                ),
        )
        .subcommand(
            Command::new("config")
                .about("List every setting")
                .subcommand(
                    Command::new("check")
                        .about("Check the settings and start nothing")
                        .arg(env_file.clone())
                        .args(settings.clone()),
                )
                .subcommand(
                    Command::new("print")
                        .about("Show the value that each setting has; secrets as set or not set")
                        .arg(env_file.clone())
                        .args(settings),
                ),
        )
        .subcommand(
            Command::new("migrate")
                .about("Bring the local database to the newest schema")
                .args(local_arguments(&env_file)),
        )
        .subcommand(
            Command::new(COMPILE)
                .hide(true)
                .about("Compile the component of standard input to standard output, as the first start has it done")
                .arg(
                    Arg::new(COMPILE_MEMORY)
                        .long(COMPILE_MEMORY)
                        .value_name("BYTES")
                        .required(true)
                        .value_parser(value_parser!(usize)),
                ),
        )
        .subcommand(
            Command::new("completions")
                .about("Write the completions of a shell to standard output")
                .arg(
                    Arg::new("shell")
                        .value_name("SHELL")
                        .required(true)
                        .value_parser(value_parser!(Shell)),
                ),
        )
        .subcommands(gatewright_cli::commands().into_iter().map(|command| {
            command
                .args(gatewright_cli::connection_arguments())
                .args(local_arguments(&env_file).map(|argument| argument.global(true)))
        }))
}

/// Where the local database is, for commands that need little more.
fn local_arguments(env_file: &Arg) -> [Arg; 2] {
    let database = Arg::new("DATABASE_URL")
        .long("database-url")
        .value_name("VALUE")
        .help("The local database: sqlite: and a path [default: sqlite:data/gatewright.db]");
    [env_file.clone(), database]
}

fn spin_arguments() -> [Arg; 4] {
    [
        Arg::new("from")
            .long("from")
            .short('f')
            .value_name("FILE")
            .value_parser(value_parser!(PathBuf))
            .default_value("spin.toml")
            .help("The manifest, or the folder that it is in"),
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
            .help("Where state is kept [default: .spin beside the manifest]"),
        Arg::new("variable")
            .long("variable")
            .value_name("NAME=VALUE")
            .action(ArgAction::Append)
            .value_parser(|text: &str| {
                let (name, value) = text.split_once('=').ok_or("it has to be NAME=VALUE")?;
                Ok::<_, &str>((name.to_owned(), value.to_owned()))
            })
            .help("Give an application variable a value; others come from SPIN_VARIABLE_NAME and .env"),
    ]
}

fn all_settings() -> impl Iterator<Item = &'static Setting> + Clone {
    let tables = [
        HostConfig::TABLE,
        ProxyConfig::TABLE,
        LogConfig::TABLE,
        RetentionConfig::TABLE,
        MailConfig::TABLE,
        SmtpConfig::TABLE,
        Config::TABLE,
    ];
    tables.into_iter().flatten()
}

/// Flags first, then the environment, then the file; and the mail templates of a folder.
fn layered(arguments: &ArgMatches) -> Result<(LayeredSettings, HostConfig)> {
    let flags = all_settings()
        .filter(|setting| !setting.secret)
        .filter_map(|setting| {
            // Not every command takes every setting.
            let given = arguments.try_get_one::<String>(setting.name).ok()?;
            Some((setting.name, given?.clone()))
        });
    let env_file = arguments.get_one::<PathBuf>("env-file");
    let mut settings = LayeredSettings::new(flags, env_file.map(PathBuf::as_path))?;
    let host = settings.host_config()?;
    if let Some(folder) = &host.mail_templates {
        settings.read_templates(folder)?;
    }
    Ok((settings, host))
}

fn serve(arguments: &ArgMatches) -> Result<()> {
    let (mut settings, host) = layered(arguments)?;
    init_log(&settings, Speaker::Service)?;
    settings.mailer(&settings.mail_config()?)?;
    let made = ensure_secrets(&mut settings, &host)?;
    host.check_memory(settings.config()?.argon2_memory)?;
    if let Some(doubt) = host.half_administrator() {
        tracing::warn!("{doubt}");
    }
    let component = match arguments.get_one::<PathBuf>("component") {
        Some(path) => path.clone(),
        None => std::env::current_exe()?.with_file_name("service.wasm"),
    };
    let clock = clock_offset(arguments);
    let server = Server::start(settings.clone(), &host, &component, &this_program()?, clock)?;
    let mut made = made;
    if let Some((email, password)) = host.administrator()
        && Local::open(&settings, &host)?.first_administrator(email, password)?
    {
        made.push(format!("superadmin {email}"));
    }
    run(server, &made)
}

/// The commands that administer: on the local database, or on any host by its API.
fn administer(name: &str, arguments: &ArgMatches) -> Result<()> {
    let out = &mut std::io::stdout();
    if !gatewright_cli::needs_api_client(name, arguments) {
        return gatewright_cli::run(name, arguments, &gatewright_cli::NoApiClient, out);
    }
    if let Some(remote) = gatewright_cli::remote(arguments)? {
        return gatewright_cli::run(name, arguments, &remote, out);
    }
    let (mut settings, host) = layered(arguments)?;
    init_log(&settings, Speaker::Command)?;
    let database = database_path(&host.database_url).unwrap_or_default();
    if name != "admin" && !database.exists() {
        anyhow::bail!(
            "there is no database at {}: `gatewright serve`, `migrate` or `admin create` makes one, and --url names another host",
            database.display()
        );
    }
    ensure_secrets(&mut settings, &host)?;
    let local = Local::open(&settings, &host)?;
    let client = LocalClient { local, database };
    gatewright_cli::run(name, arguments, &client, out)
}

struct LocalClient {
    local: Local,
    database: PathBuf,
}

impl gatewright_cli::ApiClient for LocalClient {
    fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>> {
        self.local.send(request)
    }

    fn name(&self) -> String {
        let database = self.database.canonicalize();
        let database = database.as_ref().unwrap_or(&self.database);
        database.display().to_string()
    }

    fn max_concurrency(&self) -> usize {
        Local::AT_ONCE
    }

    fn send_all(
        &self,
        requests: &mut dyn Iterator<Item = Request<Vec<u8>>>,
    ) -> Vec<Result<Response<Vec<u8>>>> {
        self.local.send_all(requests)
    }
}

fn migrate(arguments: &ArgMatches) -> Result<()> {
    let (mut settings, host) = layered(arguments)?;
    init_log(&settings, Speaker::Command)?;
    ensure_secrets(&mut settings, &host)?;
    Local::open(&settings, &host)?;
    println!("the schema of {} is the newest", host.database_url);
    Ok(())
}

fn print_completions(arguments: &ArgMatches) {
    if let Some(shell) = arguments.get_one::<Shell>("shell") {
        let mut script = Vec::new();
        clap_complete::generate(*shell, &mut command(), "gatewright", &mut script);
        // Who reads no further has what he wanted.
        let _ = std::io::stdout().write_all(&script);
    }
}

fn print_values(arguments: &ArgMatches) -> Result<()> {
    let (mut settings, host) = layered(arguments)?;
    read_secrets(&mut settings, &host)?;
    for setting in all_settings() {
        let value = match (settings.value(setting.name), setting.secret) {
            (Some(_), true) => "(set)",
            (Some(value), false) => value,
            (None, _) => setting.default.unwrap_or("(not set)"),
        };
        println!("{}={value}", setting.name);
    }
    Ok(())
}

/// This program, also when its file was replaced since it started.
fn this_program() -> Result<PathBuf> {
    let running = PathBuf::from("/proc/self/exe");
    if running.exists() {
        return Ok(running);
    }
    Ok(std::env::current_exe()?)
}

fn clock_offset(arguments: &ArgMatches) -> i64 {
    arguments
        .get_one::<i64>("clock-offset")
        .copied()
        .unwrap_or_default()
}

/// Says what was made and where it listens, and serves until told to stop.
fn run(server: Server, made: &[String]) -> Result<()> {
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

/// What Spin does without being told otherwise.
const SPIN: [(&str, &str); 2] = [("INSTANCE_CONCURRENCY", "16"), ("INSTANCE_REQUESTS", "128")];

fn spin_up(arguments: &ArgMatches) -> Result<()> {
    let settings = LayeredSettings::new(std::iter::empty(), None)?.or(&SPIN);
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
    // Those of the application are not known here.
    host.check_memory(Parameters::default().memory())?;
    init_log(&settings, Speaker::Service)?;
    let mut manifest = arguments
        .get_one::<PathBuf>("from")
        .cloned()
        .unwrap_or_default();
    if manifest.is_dir() {
        manifest.push("spin.toml");
    }
    let state = arguments.get_one::<PathBuf>("state-dir");
    let app = App::load(&manifest, state.map(PathBuf::as_path), given)?;
    run(
        Server::start_spin(app, &host, &this_program()?, clock_offset(arguments))?,
        &[],
    )
}

fn check(arguments: &ArgMatches) -> Result<()> {
    let (mut settings, host) = layered(arguments)?;
    // As a first start would make them, and without keeping them.
    make_secrets(&mut settings, &host)?;
    host.check_memory(settings.config()?.argon2_memory)?;
    if let Some(doubt) = host.half_administrator() {
        eprintln!("gatewright: {doubt}");
    }
    settings.log_config()?;
    settings.mailer(&settings.mail_config()?)?;
    println!("every setting is accepted");
    Ok(())
}

/// Shows a mail as it would be sent, with the templates of the settings.
fn preview(arguments: &ArgMatches) -> Result<()> {
    let (settings, _) = layered(arguments)?;
    let templates = settings.templates()?;
    let kind = arguments.get_one::<String>("kind");
    let Some(kind) = kind.and_then(|name| MailKind::parse(name)) else {
        for template in Templates::built_in() {
            println!("{:35} {}", template.file, template.setting);
        }
        return Ok(());
    };
    let context = MailContext {
        name: Some("Ada Lovelace"),
        email: Some("ada@example.com"),
        link: Some("https://auth.example.com/page?token=an-example"),
        expires_in: Some(Duration::from_secs(86_400)),
        device: Some("Firefox on Linux"),
        ip: Some("192.0.2.1"),
        time: Some(Timestamp::from_millis(1_767_225_600_000)),
    };
    let (message, failed) = templates.render(kind, "ada@example.com", &context);
    if let Some(problem) = failed {
        anyhow::bail!("{problem}");
    }
    if arguments.get_flag("html") {
        println!("{}", message.html.unwrap_or_default());
    } else {
        println!(
            "To: {}\nSubject: {}\n\n{}",
            message.to, message.subject, message.text
        );
    }
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

/// Whose log it is.
#[derive(PartialEq, Eq)]
enum Speaker {
    /// The service, which says what the settings want.
    Service,
    /// A command, whose output is not to be mixed with that: it says what is wrong, and the mails that nobody sends.
    Command,
}

fn init_log(settings: &LayeredSettings, speaker: Speaker) -> Result<()> {
    let config = settings.log_config()?;
    let level = match config.level {
        Level::Debug => LevelFilter::DEBUG,
        Level::Info => LevelFilter::INFO,
        Level::Warn => LevelFilter::WARN,
        Level::Error => LevelFilter::ERROR,
    };
    let (most, mails) = match speaker {
        Speaker::Service => (level, level),
        Speaker::Command => (level.min(LevelFilter::WARN), LevelFilter::INFO),
    };
    let filter = Targets::new().with_default(most).with_target("mail", mails);
    let layer = tracing_subscriber::fmt::layer()
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    let registry = tracing_subscriber::registry().with(filter);
    if config.json {
        registry.with(layer.json()).init();
    } else {
        registry.with(layer).init();
    }
    Ok(())
}
