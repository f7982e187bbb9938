//! A running host.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use reqwest::Client;
use reqwest::redirect::Policy;
use tempfile::TempDir;

use super::compiled::Compiled;
use super::process::{Line, Process};
use super::programs::{manifest, native, spin, worker_arguments};

/// The time limit for rows and log lines that are written after a response.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// The settings of every scenario: cheap password hashes, because most scenarios don't test hashing.
const SETTINGS: &[(&str, &str)] = &[
    ("ARGON2_MEMORY_KIB", "64"),
    ("ARGON2_ITERATIONS", "1"),
    ("LOG_LEVEL", "info"),
    ("HASHES_PER_SECOND", "0"),
];

/// A running host with its own storage, stopped when dropped.
pub struct Host {
    process: Process,
    folder: Arc<TempDir>,
    settings: Vec<(String, String)>,
    pub(super) base: String,
    pub(super) client: Client,
    log: Arc<(Mutex<String>, Condvar)>,
}

impl Host {
    /// Starts the host that `GATEWRIGHT_HOST` names, with these settings in addition to the usual ones.
    pub fn start(settings: &[(&str, &str)]) -> Self {
        Self::start_with(&[], settings)
    }

    /// Starts the host with further arguments.
    pub fn start_with(arguments: &[&str], settings: &[(&str, &str)]) -> Self {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let settings = SETTINGS
            .iter()
            .chain(settings)
            .map(|(name, value)| ((*name).into(), (*value).into()));
        Self::launch(folder, arguments, settings.collect())
    }

    fn launch(folder: Arc<TempDir>, arguments: &[&str], settings: Vec<(String, String)>) -> Self {
        let compiled = Compiled::of(
            std::env::var("GATEWRIGHT_HOST")
                .as_deref()
                .unwrap_or("native"),
        );
        let mut command = match std::env::var("GATEWRIGHT_HOST").as_deref() {
            Ok("spin") => {
                compiled.lend(&folder.path().join(".spin/cache"));
                let mut command = spin(folder.path(), &manifest("spin.toml"));
                let variables = settings
                    .iter()
                    .map(|(name, value)| (format!("SPIN_VARIABLE_{name}"), value));
                command.envs(variables);
                command
            }
            Ok("cloudflare") => {
                let variables = settings
                    .iter()
                    .map(|(name, value)| format!("{name}={value}"));
                let mut all = worker_arguments();
                for variable in variables {
                    all.extend(["--var".to_owned(), variable]);
                }
                all.extend(arguments.iter().map(|argument| (*argument).to_owned()));
                let (process, output) = Process::of_pool(folder.path(), &all);
                return Self::listening(process, output, folder, settings);
            }
            Ok("native") | Err(_) => {
                compiled.lend(&folder.path().join("data/cache"));
                let mut command = native(folder.path(), &["serve", "--listen", "127.0.0.1:0"]);
                command.envs(settings.iter().map(|(name, value)| (name, value)));
                command
            }
            Ok(other) => panic!("no host is called {other}"),
        };
        let host = Self::spawn(command.args(arguments), folder, settings);
        for cache in ["data/cache", ".spin/cache"] {
            compiled.keep(&host.folder().join(cache));
        }
        host
    }

    /// Starts a host with a command that runs in this folder.
    pub fn run(command: &mut Command, folder: Arc<TempDir>) -> Self {
        Self::spawn(command, folder, Vec::new())
    }

    fn spawn(command: &mut Command, folder: Arc<TempDir>, settings: Vec<(String, String)>) -> Self {
        let (process, output) = Process::of(command);
        Self::listening(process, output, folder, settings)
    }

    /// Waits until the host prints its address.
    fn listening(
        process: Process,
        output: Receiver<Line>,
        folder: Arc<TempDir>,
        settings: Vec<(String, String)>,
    ) -> Self {
        let log: Arc<(Mutex<String>, Condvar)> = Arc::default();
        let keep = |log: &(Mutex<String>, Condvar), line: &Line| {
            let (text, grown) = log;
            if let Line::Logged(line) = line {
                *text.lock().unwrap_or_else(PoisonError::into_inner) += &format!("{line}\n");
                grown.notify_all();
            }
        };
        let base = output.iter().find_map(|line| {
            keep(&log, &line);
            let (Line::Said(line) | Line::Logged(line)) = line;
            let rest = line.strip_prefix("listening")?;
            Some(rest.trim().to_owned())
        });
        let base =
            base.unwrap_or_else(|| panic!("the host did not start:\n{}", log.0.lock().unwrap()));
        std::thread::spawn({
            let log = log.clone();
            move || output.iter().for_each(|line| keep(&log, &line))
        });
        Self {
            process,
            folder,
            settings,
            base,
            client: Client::builder().redirect(Policy::none()).build().unwrap(),
            log,
        }
    }

    /// Returns whether requests with unknown HTTP methods reach the service; Cloudflare's runtime refuses them.
    pub fn takes_any_method(&self) -> bool {
        std::env::var("GATEWRIGHT_HOST").as_deref() != Ok("cloudflare")
    }

    /// Returns whether `ADMIN_EMAIL` and `ADMIN_PASSWORD` create the first administrator when the service starts. Spin
    /// and Workers have no startup; `/setup` does it there.
    pub fn makes_administrator_at_start(&self) -> bool {
        matches!(
            std::env::var("GATEWRIGHT_HOST").as_deref(),
            Ok("native") | Err(_)
        )
    }

    /// Returns whether `TRUSTED_PROXIES` determines the client's address; on Workers the platform does.
    pub fn looks_behind_proxies(&self) -> bool {
        std::env::var("GATEWRIGHT_HOST").as_deref() != Ok("cloudflare")
    }

    /// Returns the path of the database, or `None` on Workers, whose runtime manages the file.
    pub fn database(&self) -> Option<PathBuf> {
        let file = match std::env::var("GATEWRIGHT_HOST").as_deref() {
            Ok("cloudflare") => return None,
            Ok("spin") => ".spin/sqlite_db.db",
            _ => "data/gatewright.db",
        };
        Some(self.folder().join(file))
    }

    /// Returns the maximum memory of a password hash in MiB.
    pub fn hash_memory(&self) -> u32 {
        match std::env::var("GATEWRIGHT_HOST").as_deref() {
            Ok("cloudflare") => 64,
            _ => 128,
        }
    }

    /// Returns the address of the service.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Returns the folder that the host was started in.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Returns the process ID.
    pub fn process_id(&mut self) -> u32 {
        self.process.child().id()
    }

    /// Returns the host's log so far.
    pub fn log(&self) -> String {
        self.log
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Waits until the host's log contains this text; lines arrive through a pipe with a short delay.
    pub fn wait_for_log(&self, text: &str) {
        self.wait_for_line(&[text]);
    }

    /// Waits until the host's log contains a line with all of these parts.
    pub fn wait_for_line(&self, parts: &[&str]) {
        let (log, grown) = &*self.log;
        let log = log.lock().unwrap_or_else(PoisonError::into_inner);
        let has_all = |line: &str| parts.iter().all(|part| line.contains(part));
        let lacks = |log: &mut String| !log.lines().any(has_all);
        let (log, waited) = grown.wait_timeout_while(log, PATIENCE, lacks).unwrap();
        assert!(!waited.timed_out(), "{parts:?} was not logged:\n{log}");
    }

    /// Kills the process immediately, like a crash (SIGKILL).
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Waits for the process to end.
    pub fn wait(&mut self) -> ExitStatus {
        self.process.child().wait().unwrap()
    }

    /// Kills the process and starts another on the same storage, with further settings.
    pub fn restart(mut self, settings: &[(&str, &str)]) -> Self {
        self.kill();
        let further = settings
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Self::launch(
            self.folder.clone(),
            &[],
            self.settings.iter().cloned().chain(further).collect(),
        )
    }

    /// Kills the process and starts another on the same storage, with further arguments.
    pub fn restart_with(mut self, arguments: &[&str]) -> Self {
        self.kill();
        Self::launch(self.folder.clone(), arguments, self.settings.clone())
    }

    /// Starts another process on the same storage, with a clock that is ahead by these seconds.
    pub fn restart_later(self, seconds: u64) -> Self {
        self.restart_with(&["--clock-offset", &seconds.to_string()])
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.process.kill();
        if std::thread::panicking() {
            eprintln!("the host's log:\n{}", self.log());
        }
    }
}
