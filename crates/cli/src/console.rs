//! The person at the terminal.

use std::io::{self, BufRead, BufReader, IsTerminal as _, Write as _};
use std::thread::sleep;
use std::time::Duration;

use anyhow::Result;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use crate::output;

/// What is done beside printing what was found.
pub(crate) trait Console {
    /// Whether there is somebody who can be asked.
    fn is_terminal(&self) -> bool;
    /// Asks for a line.
    fn ask(&mut self, question: &str) -> Result<String>;
    /// Asks for a line that is not shown.
    fn ask_secret(&mut self, question: &str) -> Result<String>;
    /// Standard input.
    fn input(&mut self) -> Box<dyn BufRead + Send>;
    /// Begins a bar of that length, or of none that is known. Only people see it.
    fn begin(&mut self, length: Option<u64>) -> ProgressBar;
    /// Says something on standard error; with `--json` as `{"note": …}`.
    fn say(&mut self, line: &str);
    /// Writes a line to standard error as it is, above the bar.
    fn write(&mut self, line: &str);
    /// Lets time pass.
    fn wait(&mut self, time: Duration);
}

pub(crate) struct Terminal {
    bar: Option<ProgressBar>,
    json: bool,
}

impl Terminal {
    /// The terminal of a command, with `--json` or without.
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
