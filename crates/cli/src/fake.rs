//! A client with scripted responses, and a person who types what a test tells them to.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::time::Duration;

use anyhow::{Context as _, Result};
use clap::Command;
use http::{Request, Response};
use indicatif::ProgressBar;
use serde_json::Value;

use crate::client::ApiClient;
use crate::commands::{commands, run_with};
use crate::console::Console;
use crate::remote::connection_arguments;

/// A response.
pub(crate) struct Script(Response<Vec<u8>>);

impl Script {
    pub(crate) fn json(status: u16, body: Value) -> Self {
        Self::text(status, &body.to_string())
    }

    pub(crate) fn text(status: u16, body: &str) -> Self {
        let response = Response::builder().status(status);
        Self(response.body(body.as_bytes().to_vec()).unwrap())
    }

    pub(crate) fn with(mut self, name: &'static str, value: &'static str) -> Self {
        self.0.headers_mut().insert(name, value.parse().unwrap());
        self
    }
}

/// A client that answers from a script, and fails after its end.
pub(crate) struct Fake {
    answers: RefCell<VecDeque<Script>>,
    requests: RefCell<Vec<Request<Vec<u8>>>>,
    round_len: usize,
    name: &'static str,
}

impl Fake {
    pub(crate) fn new(answers: impl IntoIterator<Item = Script>) -> Self {
        Self {
            answers: RefCell::new(answers.into_iter().collect()),
            requests: RefCell::default(),
            round_len: 1,
            name: "fake",
        }
    }

    /// Sets how many requests a round has.
    pub(crate) fn with_round_len(mut self, count: usize) -> Self {
        self.round_len = count;
        self
    }

    /// Sets the name of the service.
    pub(crate) fn named(mut self, name: &'static str) -> Self {
        self.name = name;
        self
    }

    pub(crate) fn requests(&self) -> Vec<Request<Vec<u8>>> {
        self.requests.borrow().clone()
    }

    /// Returns the methods and paths of the requests.
    pub(crate) fn paths(&self) -> Vec<String> {
        let requests = self.requests.borrow();
        let path = |request: &Request<_>| format!("{} {}", request.method(), request.uri());
        requests.iter().map(path).collect()
    }

    pub(crate) fn bodies(&self) -> Vec<Vec<u8>> {
        let requests = self.requests.borrow();
        requests
            .iter()
            .map(|request| request.body().clone())
            .collect()
    }

    /// Returns the body of a request, whose content type must be JSON.
    pub(crate) fn body(&self, at: usize) -> Value {
        let request = &self.requests.borrow()[at];
        assert_eq!(request.headers()["content-type"], "application/json");
        serde_json::from_slice(request.body()).unwrap()
    }
}

impl ApiClient for Fake {
    fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>> {
        self.requests.borrow_mut().push(request);
        let answer = self.answers.borrow_mut().pop_front();
        Ok(answer.context("the script has ended")?.0)
    }

    fn name(&self) -> String {
        self.name.to_owned()
    }

    fn round_len(&self) -> usize {
        self.round_len
    }
}

#[derive(Default)]
pub(crate) struct Person {
    /// Content of standard input.
    typed: String,
    /// Whether standard input ends with an error.
    failing: bool,
    /// Answers at the terminal, if there is one.
    answers: Option<VecDeque<String>>,
    /// Lines on standard error.
    pub(crate) said: Vec<String>,
    pub(crate) waited: Vec<Duration>,
}

impl Person {
    pub(crate) fn typing(text: &str) -> Self {
        Self {
            typed: text.to_owned(),
            ..Self::default()
        }
    }

    pub(crate) fn typing_and_failing(text: &str) -> Self {
        Self {
            failing: true,
            ..Self::typing(text)
        }
    }

    pub(crate) fn answering<const N: usize>(answers: [&str; N]) -> Self {
        Self {
            answers: Some(answers.map(str::to_owned).into()),
            ..Self::default()
        }
    }

    /// Runs a command line and returns its output.
    pub(crate) fn run(&mut self, client: &dyn ApiClient, line: &str) -> Result<String> {
        self.run_words(client, &line.split_whitespace().collect::<Vec<_>>())
    }

    pub(crate) fn run_words(&mut self, client: &dyn ApiClient, words: &[&str]) -> Result<String> {
        let (out, done) = self.attempt(client, words);
        done.map(|()| out)
    }

    /// Runs a command line that fails, and returns its output before the failure.
    pub(crate) fn run_until_error(&mut self, client: &dyn ApiClient, line: &str) -> String {
        let (out, done) = self.attempt(client, &line.split_whitespace().collect::<Vec<_>>());
        assert!(done.is_err());
        out
    }

    fn attempt(&mut self, client: &dyn ApiClient, words: &[&str]) -> (String, Result<()>) {
        let words = ["gatewright"].iter().chain(words);
        let matches = match program().try_get_matches_from(words) {
            Ok(matches) => matches,
            Err(error) => return (String::new(), Err(error.into())),
        };
        let (name, matches) = matches.subcommand().unwrap();
        let mut out = Vec::new();
        let done = run_with(name, matches, client, &mut out, self);
        (String::from_utf8(out).unwrap(), done)
    }
}

struct Broken;

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::Error::other("the disk is broken"))
    }
}

impl Console for Person {
    fn is_terminal(&self) -> bool {
        self.answers.is_some()
    }

    fn ask(&mut self, _: &str) -> Result<String> {
        let answer = self.answers.as_mut().and_then(VecDeque::pop_front);
        answer.context("nobody answers")
    }

    fn ask_secret(&mut self, question: &str) -> Result<String> {
        self.ask(question)
    }

    fn input(&mut self) -> Box<dyn BufRead + Send> {
        let typed = Cursor::new(self.typed.clone());
        match self.failing {
            true => Box::new(BufReader::new(typed.chain(Broken))),
            false => Box::new(typed),
        }
    }

    fn begin(&mut self, _: Option<u64>) -> ProgressBar {
        ProgressBar::hidden()
    }

    fn say(&mut self, line: &str) {
        self.said.push(line.to_owned());
    }

    fn write(&mut self, line: &str) {
        self.said.push(line.to_owned());
    }

    fn wait(&mut self, time: Duration) {
        self.waited.push(time);
    }
}

/// A program with every command.
pub(crate) fn program() -> Command {
    let commands = commands().into_iter();
    Command::new("gatewright")
        .subcommands(commands.map(|command| command.args(connection_arguments())))
}

/// Runs a command line without a terminal.
pub(crate) fn run_line(client: &dyn ApiClient, line: &str) -> Result<String> {
    Person::default().run(client, line)
}
