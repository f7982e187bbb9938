//! The list of commands, and running one of them.

use std::io::Write;

use anyhow::{Result, bail};
use clap::{ArgMatches, Command};

use crate::api::Api;
use crate::call::Call;
use crate::client::ApiClient;
use crate::console::{Console, Terminal};
use crate::output::piped;
use crate::{
    access, admin, audit, export, import, keys, permissions, roles, secret, sessions, users,
};

/// Returns every command of this crate: `user`, `role`, `permission`, `admin`, `keys`, `sessions`, `audit`, `check`,
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

/// Returns whether a command sends requests. The others are run with [`NoApiClient`](crate::NoApiClient).
pub fn needs_api_client(name: &str, _matches: &ArgMatches) -> bool {
    name != "secret"
}

/// Runs one of [`commands`]. Results go to `out`. Questions, progress and problems go to standard error;
/// with `--json` each problem is a line of JSON.
///
/// # Errors
/// The service can't be reached or refuses the request, an argument is wrong, or the result needs exit code 1: the
/// service refused a record of `import`, or the user of `check` lacks the permission.
pub fn run(
    name: &str,
    matches: &ArgMatches,
    client: &dyn ApiClient,
    out: &mut dyn Write,
) -> Result<()> {
    let console = &mut Terminal::new(wants_json(matches));
    piped(out, |out| run_with(name, matches, client, out, console))
}

/// Returns whether the command or a subcommand was given `--json`.
pub fn wants_json(matches: &ArgMatches) -> bool {
    let given = matches.try_get_one::<bool>("json");
    given.is_ok_and(|given| given == Some(&true))
        || matches
            .subcommand()
            .is_some_and(|(_, matches)| wants_json(matches))
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
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use serde_json::{Value, json};

    use super::*;
    use crate::client::NoApiClient;
    use crate::fake::{Fake, Script, program};

    /// A pipe without a reader, or a full disk.
    struct Shut(io::ErrorKind);

    impl Write for Shut {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn run_into(kind: io::ErrorKind, answer: Value, line: &str) -> Result<()> {
        let fake = Fake::new([Script::json(200, answer)]);
        let words = ["gatewright"].into_iter().chain(line.split(' '));
        let matches = program().get_matches_from(words);
        let (name, matches) = matches.subcommand().unwrap();
        run(name, matches, &fake, &mut Shut(kind))
    }

    #[test]
    fn nobody_reading_is_no_error_and_a_full_disk_is_one() {
        let line = "secret generate";
        run_into(io::ErrorKind::BrokenPipe, json!({}), line).unwrap();
        assert!(run_into(io::ErrorKind::StorageFull, json!({}), line).is_err());
        // `check` does not succeed only because nobody reads its output.
        let line = "check 01890a5d-ac96-774b-bcce-b302099a8057 posts:write --json";
        let ask = |allowed: bool| {
            let answer = json!({"allowed": allowed, "results": [allowed]});
            run_into(io::ErrorKind::BrokenPipe, answer, line)
        };
        ask(true).unwrap();
        let error = ask(false).unwrap_err().to_string();
        assert!(error.contains("does not have"), "{error}");
    }

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
    fn json_may_be_asked_for_anywhere() {
        for (line, wanted) in [
            ("user list", false),
            ("user list --json", true),
            ("user --json list", true),
            ("check ada posts:write --json", true),
            ("secret generate", false),
        ] {
            let words = ["gatewright"].into_iter().chain(line.split(' '));
            let matches = program().get_matches_from(words);
            let (_, matches) = matches.subcommand().unwrap();
            assert_eq!(wants_json(matches), wanted, "{line}");
        }
    }
}
