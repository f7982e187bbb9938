//! Questions, notes and progress at the terminal.

use std::io::{self, BufRead, BufReader, IsTerminal as _, Write as _};
use std::thread::sleep;
use std::time::Duration;

use anyhow::Result;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use crate::output;

/// Interaction of a command beside its output.
pub(crate) trait Console {
    /// Returns whether there is a terminal, where a person can be asked.
    fn is_terminal(&self) -> bool;
    /// Asks for a line.
    fn ask(&mut self, question: &str) -> Result<String>;
    /// Asks for a line that is not shown.
    fn ask_secret(&mut self, question: &str) -> Result<String>;
    /// Standard input.
    fn input(&mut self) -> Box<dyn BufRead + Send>;
    /// Starts a progress bar of this length; `None` means that the length is unknown. It is shown only on a terminal.
    fn begin(&mut self, length: Option<u64>) -> ProgressBar;
    /// Writes a note to standard error; with `--json` as `{"note": …}`.
    fn say(&mut self, line: &str);
    /// Writes a line to standard error unchanged, above the progress bar.
    fn write(&mut self, line: &str);
    /// Waits.
    fn wait(&mut self, time: Duration);
}

pub(crate) struct Terminal {
    bar: Option<ProgressBar>,
    json: bool,
}

impl Terminal {
    /// Returns the terminal of a command with or without `--json`.
    pub(crate) fn new(json: bool) -> Self {
        Self { bar: None, json }
    }
}

impl Console for Terminal {
    fn is_terminal(&self) -> bool {
        io::stdin().is_terminal()
    }

    fn ask(&mut self, question: &str) -> Result<String> {
        let mut error = io::stderr().lock();
        write!(error, "{question}")?;
        error.flush()?;
        let mut line = String::new();
        io::stdin().read_line(&mut line)?;
        Ok(line)
    }

    fn ask_secret(&mut self, question: &str) -> Result<String> {
        Ok(rpassword::prompt_password(question)?)
    }

    fn input(&mut self) -> Box<dyn BufRead + Send> {
        Box::new(BufReader::new(io::stdin()))
    }

    fn begin(&mut self, length: Option<u64>) -> ProgressBar {
        if !io::stderr().is_terminal() {
            return ProgressBar::hidden();
        }
        let (bar, template) = match length {
            Some(length) => (
                ProgressBar::new(length),
                "{wide_bar} {percent:>3} %  {msg}  {eta}",
            ),
            None => (ProgressBar::new_spinner(), "{spinner} {msg}  {elapsed}"),
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        self.bar = Some(bar.clone());
        bar
    }

    fn say(&mut self, line: &str) {
        match self.json {
            true => self.write(&json!({ "note": line }).to_string()),
            false => self.write(line),
        }
    }

    fn write(&mut self, line: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| output::say(line)),
            None => output::say(line),
        }
    }

    fn wait(&mut self, time: Duration) {
        sleep(time);
    }
}
