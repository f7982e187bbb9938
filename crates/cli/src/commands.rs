//! The commands by name, and how one of them is run.

use std::io::{self, Write};

use anyhow::{Result, bail};
use clap::{ArgMatches, Command};

use crate::api::Api;
use crate::call::Call;
use crate::client::ApiClient;
use crate::console::{Console, Terminal};
use crate::{
    access, admin, audit, export, import, keys, permissions, roles, secret, sessions, users,
};

/// Every command of this crate, by name: `user`, `role`, `permission`, `admin`, `keys`, `sessions`, `audit`, `check`,
/// `secret`, `import` and `export`.
pub fn commands() -> Vec<Command> {
    vec![
        users::command(),
        roles::command(),
        permissions::command(),
        admin::command(),
        keys::command(),
        sessions::command(),
        audit::command(),
        access::command(),
        secret::command(),
        import::command(),
        export::command(),
    ]
}

/// Whether a command sends requests. The others are run with [`NoApiClient`](crate::NoApiClient).
pub fn needs_api_client(name: &str, _matches: &ArgMatches) -> bool {
    name != "secret"
}

/// Runs one of [`commands`]. Results go to `out`; questions, progress and problems go to standard error.
///
/// # Errors
/// The service can't be reached or refuses, an argument is wrong, or the result calls for exit code 1: `import` refused a
/// record, or `check` found no permission.
pub fn run(
    name: &str,
    matches: &ArgMatches,
    client: &dyn ApiClient,
    out: &mut dyn Write,
) -> Result<()> {
    let mut out = Pipe { out, closed: false };
    let done = run_with(name, matches, client, &mut out, &mut Terminal::default());
    // The reader may have closed the pipe, as `head` does.
    if out.closed { Ok(()) } else { done }
}

pub(crate) fn run_with(
    name: &str,
    matches: &ArgMatches,
    client: &dyn ApiClient,
    out: &mut dyn Write,
    console: &mut dyn Console,
) -> Result<()> {
    let mut call = Call {
        api: Api::new(client),
        out,
        console,
    };
    let call = &mut call;
    match name {
        "user" => users::run(call, matches),
        "role" => roles::run(call, matches),
        "permission" => permissions::run(call, matches),
        "admin" => admin::run(call, matches),
        "keys" => keys::run(call, matches),
        "sessions" => sessions::run(call, matches),
        "audit" => audit::run(call, matches),
        "check" => access::run(call, matches),
        "secret" => secret::run(call, matches),
        "import" => import::run(call, matches),
        "export" => export::run(call, matches),
        _ => bail!("there is no command {name:?}"),
    }?;
    call.out.flush()?;
    Ok(())
}

/// Output that remembers whether its reader has closed it.
struct Pipe<'a> {
    out: &'a mut dyn Write,
    closed: bool,
}

impl Pipe<'_> {
    fn note<T>(&mut self, done: io::Result<T>) -> io::Result<T> {
        if let Err(error) = &done {
            self.closed |= error.kind() == io::ErrorKind::BrokenPipe;
        }
        done
    }
}

impl Write for Pipe<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let done = self.out.write(bytes);
        self.note(done)
    }

    fn flush(&mut self) -> io::Result<()> {
        let done = self.out.flush();
        self.note(done)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::NoApiClient;
    use crate::fake::program;

    #[test]
    fn the_tree_of_commands_is_sound() {
        program().debug_assert();
    }

    #[test]
    fn every_command_is_run() {
        for command in commands() {
            let found = program().find_subcommand(command.get_name()).is_some();
            assert!(found, "{}", command.get_name());
            let matches = ArgMatches::default();
            assert_eq!(
                needs_api_client(command.get_name(), &matches),
                command.get_name() != "secret"
            );
        }
        let error = run(
            "nothing",
            &ArgMatches::default(),
            &NoApiClient,
            &mut Vec::new(),
        );
        assert!(error.unwrap_err().to_string().contains("no command"));
    }

    #[test]
    fn nobody_reading_is_no_error() {
        struct Shut;
        impl Write for Shut {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let matches = program().get_matches_from(["gatewright", "secret", "generate"]);
        let (name, matches) = matches.subcommand().unwrap();
        run(name, matches, &NoApiClient, &mut Shut).unwrap();
    }
}
