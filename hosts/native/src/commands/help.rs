//! The help of the program: its commands by task, and how to start.

use clap::Command;

/// The commands by task. Every command that is not hidden is in one of them.
const TASKS: [(&str, &[&str]); 4] = [
    (
        "Run a service",
        &["serve", "config", "mail", "migrate", "healthcheck", "spin"],
    ),
    (
        "Administer users and access",
        &[
            "admin",
            "user",
            "role",
            "permission",
            "check",
            "sessions",
            "keys",
            "audit",
        ],
    ),
    (
        "Move data",
        &["import", "export", "copy", "backup", "restore"],
    ),
    ("Tools", &["secret", "completions", "help"]),
];

/// The program's help, instead of clap's list of all commands.
const TEMPLATE: &str =
    "{about-with-newline}\n{usage-heading} {usage}{after-help}\n\nOptions:\n{options}";

const MORE: &str = "\
`gatewright COMMAND -h` is the short help of a command, `gatewright COMMAND --help` the complete one.";

const EXAMPLES: &str = "\
Examples:
  gatewright serve                                    start on http://127.0.0.1:8080
  gatewright serve --listen 0.0.0.0:80 --public-base-url https://auth.example.com
  gatewright admin create --email ada@example.com     create the first administrator
  gatewright user list --url https://auth.example.com --token-file token
  gatewright import users.json --format auth0         import the users of another system
  gatewright config JWT_ALGORITHM                     explain a setting

Commands that administer use the local database (DATABASE_URL), or with --url the API of a service on any host.
Exit codes: 0 for success, 1 for a failure, 2 for wrong arguments.
Documentation: README.md and the folder docs of the project.";

/// The answer to the program without arguments.
pub(crate) const START: &str = "\
gatewright: no command was given

Start a server:             gatewright serve
First administrator:        gatewright admin create --email ada@example.com
Settings:                   gatewright config
All commands:               gatewright --help

Documentation:              README.md and the folder docs of the project";

/// Adds the help to the program.
pub(super) fn with_help(program: Command) -> Command {
    let tasks = tasks(&program);
    program
        .override_usage("gatewright <COMMAND>")
        .help_template(TEMPLATE)
        .after_help(format!("{tasks}\n{MORE}"))
        .after_long_help(format!("{tasks}\n{MORE}\n\n{EXAMPLES}"))
}

/// The commands by task, a line each.
fn tasks(program: &Command) -> String {
    let mut text = String::new();
    for (task, names) in TASKS {
        text.push_str(task);
        text.push_str(":\n");
        for name in names {
            let about = match program.find_subcommand(name).and_then(Command::get_about) {
                Some(about) => about.to_string(),
                // clap adds it when the program is run.
                None => "Print the help of a command".to_owned(),
            };
            text.push_str(&format!("  {name:12} {about}\n"));
        }
        text.push('\n');
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::program;

    #[test]
    fn every_command_has_one_task() {
        for command in program()
            .get_subcommands()
            .filter(|command| !command.is_hide_set())
        {
            let tasks = TASKS
                .iter()
                .filter(|(_, names)| names.contains(&command.get_name()));
            assert_eq!(tasks.count(), 1, "{}", command.get_name());
        }
        for name in TASKS
            .iter()
            .flat_map(|(_, names)| *names)
            .filter(|name| **name != "help")
        {
            assert!(program().find_subcommand(name).is_some(), "{name}");
        }
    }

    #[test]
    fn the_tree_of_commands_is_sound() {
        program().debug_assert();
    }
}
