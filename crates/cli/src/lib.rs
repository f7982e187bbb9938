//! The commands that administer a service.
//!
//! They speak its HTTP API and nothing else, through a [`Door`]: that of a host far away, [`Remote`], or one that a host
//! opens to its own service. So every host is administered with the same commands.
//!
//! A program adds [`commands`] to its own, with [`connection_arguments`] where it offers other hosts:
//!
//! ```no_run
//! use gatewright_cli::{Closed, commands, connection_arguments, needs_door, remote, run};
//!
//! # fn main() -> anyhow::Result<()> {
//! let commands = commands().into_iter();
//! let program = clap::Command::new("gatewright")
//!     .subcommands(commands.map(|command| command.args(connection_arguments())));
//! let matches = program.get_matches();
//! if let Some((name, matches)) = matches.subcommand() {
//!     let out = &mut std::io::stdout();
//!     match remote(matches)? {
//!         Some(door) if needs_door(name, matches) => run(name, matches, &door, out)?,
//!         _ => run(name, matches, &Closed, out)?,
//!     }
//! }
//! # Ok(())
//! # }
//! ```

#![forbid(unsafe_code)]
#![cfg_attr(
    test,
    allow(clippy::disallowed_methods, reason = "tests read JSON that they know")
)]
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a failed test may panic"))]

mod access;
mod admin;
mod api;
mod arguments;
mod audit;
mod call;
mod console;
mod export;
#[cfg(test)]
mod fake;
mod import;
mod keys;
mod permissions;
mod records;
mod remote;
mod roles;
mod secret;
mod sessions;
mod show;
mod users;

use std::io::{self, Write};

use anyhow::{Result, bail};
use clap::{ArgMatches, Command};
use http::{Request, Response};

pub use crate::remote::{Remote, connection_arguments, remote};

use crate::api::Api;
use crate::call::Call;
use crate::console::{Console, Terminal};

/// The way to a service's HTTP API.
pub trait Door {
    /// Answers one request, and blocks until it is answered.
    ///
    /// The address is a path with its query alone. The door adds what proves that the caller may: the commands know of
    /// no token. Every status is an answer.
    ///
    /// # Errors
    /// There is no answer.
    fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>>;

    /// What tells this service from others, for what is kept of it.
    fn name(&self) -> String;

    /// How many requests [`send_all`](Self::send_all) answers faster than one by one.
    fn at_once(&self) -> usize {
        1
    }

    /// Answers requests in any order, each as [`send`](Self::send) does; the answers are in the order of the requests.
    /// The first may be answered while a later one is still made.
    fn send_all(
        &self,
        requests: &mut dyn Iterator<Item = Request<Vec<u8>>>,
    ) -> Vec<Result<Response<Vec<u8>>>> {
        requests.map(|request| self.send(request)).collect()
    }
}

/// The door for commands that need none, see [`needs_door`].
pub struct Closed;

impl Door for Closed {
    fn send(&self, _: Request<Vec<u8>>) -> Result<Response<Vec<u8>>> {
        bail!("there is no service to ask; --url names one")
    }

    fn name(&self) -> String {
        String::new()
    }
}

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

/// Whether a command asks a service. The others are run with [`Closed`].
pub fn needs_door(name: &str, _matches: &ArgMatches) -> bool {
    name != "secret"
}

/// Runs one of [`commands`]. What it finds goes to `out`; questions, progress and complaints go to standard error.
///
/// # Errors
/// The service refuses or can't be asked, an argument is not right, or something was found that makes the program's exit
/// code 1: a record that `import` did not take, a permission that `check` did not find.
pub fn run(name: &str, matches: &ArgMatches, door: &dyn Door, out: &mut dyn Write) -> Result<()> {
    let mut out = Pipe { out, closed: false };
    let done = run_with(name, matches, door, &mut out, &mut Terminal::default());
    // Who reads may have seen enough, such as `head`.
    if out.closed { Ok(()) } else { done }
}

fn run_with(
    name: &str,
    matches: &ArgMatches,
    door: &dyn Door,
    out: &mut dyn Write,
    console: &mut dyn Console,
) -> Result<()> {
    let mut call = Call {
        api: Api::new(door),
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

/// Output that remembers that nobody reads it any more.
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
                needs_door(command.get_name(), &matches),
                command.get_name() != "secret"
            );
        }
        let error = run("nothing", &ArgMatches::default(), &Closed, &mut Vec::new());
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
        run(name, matches, &Closed, &mut Shut).unwrap();
    }
}
