//! The commands that administer a service, see [`gatewright_cli`].

use std::io::Write;

use anyhow::Result;
use clap::{ArgMatches, Command};
use gatewright::{DatabaseUrl, Local, ensure_secrets};
use gatewright_cli::{ApiClient, NoApiClient};
use http::{Request, Response};

use super::log::{Speaker, init_log};
use super::settings::{layered, local_arguments};

pub(super) fn commands() -> impl Iterator<Item = Command> {
    gatewright_cli::commands().into_iter().map(|command| {
        command
            .args(gatewright_cli::connection_arguments())
            .args(local_arguments().map(|argument| argument.global(true)))
    })
}

/// Runs a command on the database of the settings, or on any host by its API.
pub(super) fn administer(name: &str, arguments: &ArgMatches, out: &mut dyn Write) -> Result<()> {
    if !gatewright_cli::needs_api_client(name, arguments) {
        return gatewright_cli::run(name, arguments, &NoApiClient, out);
    }
    if let Some(remote) = gatewright_cli::remote(arguments)? {
        return gatewright_cli::run(name, arguments, &remote, out);
    }
    let (mut settings, host) = layered(arguments)?;
    init_log(
        &settings,
        Speaker::Command {
            json: gatewright_cli::wants_json(arguments),
        },
    )?;
    if let Some(file) = host.database_url.file()
        && name != "admin"
        && !file.exists()
    {
        anyhow::bail!(
            "there is no database at {}; `gatewright serve`, `migrate` or `admin create` creates one, and --url administers another host",
            file.display()
        );
    }
    ensure_secrets(&mut settings, &host)?;
    let local = Local::open(&settings, &host)?;
    let database = host.database_url;
    let client = LocalClient { local, database };
    gatewright_cli::run(name, arguments, &client, out)
}

/// The number of requests in a round. The service answers the first ones while the command creates the last, and users who
/// are sorted in a large round are neighbours in the indexes.
const ROUND: usize = 80;

/// The service on the database of the settings.
struct LocalClient {
    local: Local,
    database: DatabaseUrl,
}

impl ApiClient for LocalClient {
    fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>> {
        self.local.send(request)
    }

    fn name(&self) -> String {
        let file = self.database.file();
        match file.and_then(|file| file.canonicalize().ok()) {
            Some(file) => file.display().to_string(),
            None => self.database.to_string(),
        }
    }

    fn round_len(&self) -> usize {
        ROUND
    }

    fn send_all(
        &self,
        requests: &mut dyn Iterator<Item = Request<Vec<u8>>>,
    ) -> Vec<Result<Response<Vec<u8>>>> {
        self.local.send_all(requests)
    }
}
