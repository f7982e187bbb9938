//! The context of a running command.

use std::io::Write;

use anyhow::Result;
use clap::ArgMatches;
use serde_json::Value;

use crate::api::{Api, read};
use crate::console::Console;
use crate::show;

pub(crate) struct Call<'a> {
    pub(crate) api: Api<'a>,
    pub(crate) out: &'a mut dyn Write,
    pub(crate) console: &'a mut dyn Console,
}

impl Call<'_> {
    /// Prints a document unchanged.
    pub(crate) fn document(&mut self, body: &[u8]) -> Result<()> {
        if !body.is_empty() {
            self.out.write_all(body)?;
            self.out.write_all(b"\n")?;
        }
        Ok(())
    }

    /// Prints one record: its fields, or with `--json` the document.
    pub(crate) fn record(&mut self, matches: &ArgMatches, body: &[u8]) -> Result<()> {
        if matches.get_flag("json") {
            return self.document(body);
        }
        show::record(self.out, &read::<Value>(body)?)
    }

    /// Prints the result, or with `--json` the document, if there is one.
    pub(crate) fn done(&mut self, matches: &ArgMatches, body: &[u8], said: &str) -> Result<()> {
        if matches.get_flag("json") {
            return self.document(body);
        }
        writeln!(self.out, "{said}")?;
        Ok(())
    }

    /// Fails unless `--yes` is given or the person at the terminal confirms.
    pub(crate) fn confirm(&mut self, matches: &ArgMatches, question: &str) -> Result<()> {
        if matches.get_flag("yes") {
            return Ok(());
        }
        anyhow::ensure!(
            self.console.is_terminal(),
            "there is no terminal to ask for confirmation; --yes confirms"
        );
        let answer = self.console.ask(&format!("{question} [y/N] "))?;
        let yes = ["y", "yes"].contains(&answer.trim().to_lowercase().as_str());
        anyhow::ensure!(yes, "nothing was changed");
        Ok(())
    }

    /// Returns the password of `--password-stdin`, if that is given.
    pub(crate) fn given_password(&mut self, matches: &ArgMatches) -> Result<Option<String>> {
        if !matches.get_flag("password-stdin") {
            return Ok(None);
        }
        let mut line = String::new();
        std::io::BufRead::read_line(&mut self.console.input(), &mut line)?;
        let password = line.trim_end_matches(['\r', '\n']);
        anyhow::ensure!(!password.is_empty(), "standard input has no password");
        Ok(Some(password.to_owned()))
    }

    /// Asks for a password twice.
    pub(crate) fn typed_password(&mut self) -> Result<String> {
        anyhow::ensure!(
            self.console.is_terminal(),
            "there is no terminal to ask for the password; --password-stdin reads it from standard input"
        );
        let password = self.console.ask_secret("Password: ")?;
        let again = self.console.ask_secret("Repeat password: ")?;
        anyhow::ensure!(password == again, "the two passwords differ");
        anyhow::ensure!(!password.is_empty(), "the password is empty");
        Ok(password)
    }
}
