//! What every command works with.

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
    /// Prints a document as it came.
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

    /// Prints what was done, or with `--json` the document, if there is one.
    pub(crate) fn done(&mut self, matches: &ArgMatches, body: &[u8], said: &str) -> Result<()> {
        if matches.get_flag("json") {
            return self.document(body);
        }
        writeln!(self.out, "{said}")?;
        Ok(())
    }

    /// Fails unless a person at the terminal agrees, or did by `--yes`.
    pub(crate) fn confirm(&mut self, matches: &ArgMatches, question: &str) -> Result<()> {
        if matches.get_flag("yes") {
            return Ok(());
        }
        anyhow::ensure!(
            self.console.is_terminal(),
            "there is nobody to ask; --yes says yes"
        );
        let answer = self.console.ask(&format!("{question} [y/N] "))?;
        let yes = ["y", "yes"].contains(&answer.trim().to_lowercase().as_str());
        anyhow::ensure!(yes, "nothing was changed");
        Ok(())
    }

    /// The password of `--password-stdin`, if that is given.
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

    /// A password that is typed twice.
    pub(crate) fn typed_password(&mut self) -> Result<String> {
        anyhow::ensure!(
            self.console.is_terminal(),
            "there is nobody to ask for a password; --password-stdin reads it"
        );
        let password = self.console.ask_secret("Password: ")?;
        let again = self.console.ask_secret("Once more: ")?;
        anyhow::ensure!(password == again, "these are two passwords");
        anyhow::ensure!(!password.is_empty(), "there is no password");
        Ok(password)
    }
}
