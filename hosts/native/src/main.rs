//! `gatewright`: the command line of the native host.

#![forbid(unsafe_code)]
#![warn(clippy::print_stderr, reason = "it panics if standard error is closed")]

mod commands;

use std::ffi::OsString;
use std::process::ExitCode;

use auth_core::config::SettingError;
use gatewright_cli::{error_document, piped, say};
use serde_json::json;

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let mut options = arguments.iter().take_while(|argument| *argument != "--");
    let in_json = options.any(|argument| argument == "--json");
    let matches = match commands::program().try_get_matches_from(&arguments) {
        Ok(matches) => matches,
        Err(error) if in_json && error.use_stderr() => {
            let message = error.render().to_string();
            let error = json!({"code": "invalid_arguments", "message": message.trim()});
            say(&json!({ "error": error }).to_string());
            return ExitCode::from(2);
        }
        Err(error) => error.exit(),
    };
    if matches.subcommand().is_none() {
        // As clap does for a missing command: a script that lost its arguments must not take this for success.
        say(commands::START);
        return ExitCode::from(2);
    }
    let done = piped(&mut std::io::stdout(), |out| commands::run(&matches, out));
    match done {
        Ok(()) => return ExitCode::SUCCESS,
        Err(error) if in_json => say(&error_document(&error).to_string()),
        Err(error) => {
            say(&format!("gatewright: {error:#}"));
            if let Some(SettingError::Value { name, .. }) = error.downcast_ref() {
                say(&format!(
                    "`gatewright config {name}` explains the setting, `gatewright config check` reports every problem at once."
                ));
            }
        }
    }
    ExitCode::FAILURE
}
