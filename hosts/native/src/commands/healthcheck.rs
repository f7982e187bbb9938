//! `gatewright healthcheck`, for container images, which have no other program.

use std::io::{BufRead as _, BufReader, Read as _, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use clap::{ArgMatches, Command};

use super::settings::{env_file, layers, setting_arguments};

/// The settings that decide where the service answers.
const SETTINGS: [&str; 2] = ["LISTEN", "PUBLIC_BASE_URL"];
/// Time limit of the connection, and of the answer.
const LIMIT: Duration = Duration::from_secs(3);
/// Maximum length of the answer's first line.
const FIRST_LINE: u64 = 256;

pub(super) fn command() -> Command {
    let flags = setting_arguments().filter(|flag| SETTINGS.contains(&flag.get_id().as_str()));
    Command::new("healthcheck")
        .about("Check that the service on this machine answers at /healthz, for containers")
        .arg(env_file())
        .args(flags.map(|flag| flag.hide_short_help(false)))
}

pub(super) fn healthcheck(arguments: &ArgMatches, out: &mut dyn Write) -> Result<()> {
    let settings = layers(arguments)?;
    let address = reachable(settings.host_config()?.listen);
    let path = format!("{}/healthz", settings.web_config()?.base_path());
    let status =
        status(address, &path).with_context(|| format!("no answer from http://{address}{path}"))?;
    if status.split(' ').nth(1) != Some("200") {
        bail!("http://{address}{path} answers {status:?}");
    }
    writeln!(out, "ok")?;
    Ok(())
}

/// Returns the address at which this machine reaches a service that listens on all addresses.
fn reachable(mut listen: SocketAddr) -> SocketAddr {
    match listen.ip() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => listen.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => listen.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    listen
}

/// Returns the first line of the answer.
fn status(address: SocketAddr, path: &str) -> Result<String> {
    let mut connection = TcpStream::connect_timeout(&address, LIMIT)?;
    connection.set_read_timeout(Some(LIMIT))?;
    write!(
        connection,
        "GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n"
    )?;
    let mut line = String::new();
    BufReader::new(connection.take(FIRST_LINE)).read_line(&mut line)?;
    Ok(line.trim_end().to_owned())
}
