//! A running host.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use reqwest::Client;
use reqwest::redirect::Policy;
use tempfile::TempDir;

use super::compiled::Compiled;
use super::kind::Kind;
use super::process::{Line, Process};
use super::programs::{SECRET_KEY, SPIN_CACHE, manifest_with, native, spin, worker_arguments};
use crate::postgres::{Database, PostgresServer, origin};

/// The time limit for rows and log lines that are written after a response.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// The time limit for a response, so that a host that hangs fails one test and hangs no other.
const RESPONSE: Duration = Duration::from_secs(180);

/// The time limit for each line of a host that starts.
const START: Duration = Duration::from_secs(300);

/// The settings of every scenario: cheap password hashes, because most scenarios don't test hashing.
const SETTINGS: &[(&str, &str)] = &[
    ("ARGON2_MEMORY_KIB", "64"),
    ("ARGON2_ITERATIONS", "1"),
    ("LOG_LEVEL", "info"),
    ("HASHES_PER_SECOND", "0"),
];

/// The arguments of the native host.
const SERVE: [&str; 3] = ["serve", "--listen", "127.0.0.1:0"];

/// The lines of a log, and a signal for each new one.
type Log = Arc<(Mutex<String>, Condvar)>;

/// A process that serves requests.
struct Member {
    process: Process,
    base: String,
}

/// A running host with its own storage, stopped when dropped. It can consist of two processes on one database; then each
/// request goes to the other one in turn.
pub struct Host {
    kind: Kind,
    members: Vec<Member>,
    turn: AtomicUsize,
    folder: Arc<TempDir>,
    postgres: Option<Arc<Database>>,
    settings: Vec<(String, String)>,
    pub(super) client: Client,
    log: Log,
}

impl Host {
    /// Starts the host that `GATEWRIGHT_HOST` names, with these settings in addition to the usual ones.
    pub fn start(settings: &[(&str, &str)]) -> Self {
        Self::start_with(&[], settings)
    }

    /// Starts the host with further arguments.
    pub fn start_with(arguments: &[&str], settings: &[(&str, &str)]) -> Self {
        Self::start_kind(Kind::named(), arguments, settings)
    }

    /// Starts Spin with the provider on PostgreSQL, whatever `GATEWRIGHT_HOST` names.
    pub fn start_spin_on_postgres(settings: &[(&str, &str)]) -> Self {
        Self::start_kind(Kind::SpinPostgres, &[], settings)
    }

    /// Starts two native hosts on one PostgreSQL database, whatever `GATEWRIGHT_HOST` names.
    pub fn start_two(settings: &[(&str, &str)]) -> Self {
        Self::start_kind(Kind::Postgres, &[], settings)
    }

    fn start_kind(kind: Kind, arguments: &[&str], settings: &[(&str, &str)]) -> Self {
        let mut host = Self::empty(kind, Arc::new(tempfile::tempdir().unwrap()));
        let settings = SETTINGS.iter().chain(settings);
        host.settings = settings
            .map(|(name, value)| ((*name).into(), (*value).into()))
            .collect();
        host.postgres = match kind {
            Kind::Postgres => Some(Arc::new(PostgresServer::shared().database())),
            Kind::SpinPostgres => Some(Arc::new(PostgresServer::on_network().database())),
            _ => None,
        };
        if let (Kind::SpinPostgres, Some(database)) = (kind, &host.postgres) {
            let usual = [
                ("DATABASE_URL".to_owned(), database.network_url()),
                (
                    "DATABASE_ORIGIN".to_owned(),
                    origin(&database.network_url()),
                ),
            ];
            // Those of the test come later and win.
            host.settings.splice(..0, usual);
        }
        host.launch(arguments)
    }

    /// Returns a host without a process.
    fn empty(kind: Kind, folder: Arc<TempDir>) -> Self {
        Self {
            kind,
            members: Vec::new(),
            turn: AtomicUsize::new(0),
            folder,
            postgres: None,
            settings: Vec::new(),
            client: Client::builder()
                .redirect(Policy::none())
                .timeout(RESPONSE)
                .build()
                .unwrap(),
            log: Arc::default(),
        }
    }

    /// Starts the processes.
    fn launch(mut self, arguments: &[&str]) -> Self {
        let compiled = Compiled::of(self.kind.name());
        let folder = self.folder().to_owned();
        let settings = self.settings.clone();
        match self.kind {
            Kind::Native => {
                compiled.lend(&folder.join("data/cache"));
                let mut command = native(&folder, &SERVE);
                command.envs(settings).args(arguments);
                self.listen(vec![Process::of(&mut command)]);
                compiled.keep(&folder.join("data/cache"));
            }
            Kind::Postgres => {
                let url = self.postgres.as_ref().unwrap().url();
                let begin = |(name, threads): (&str, &str)| {
                    let own = folder.join(name);
                    std::fs::create_dir_all(&own).unwrap();
                    compiled.lend(&own.join("data/cache"));
                    let mut command = native(&own, &SERVE);
                    command
                        .env("SECRET_KEY", SECRET_KEY)
                        .env("DATABASE_URL", &url)
                        // The server of all tests creates databases meanwhile, which takes its time.
                        .env("DATABASE_CONNECT_TIMEOUT_SECONDS", "60")
                        // With one thread, connections run on that of the requests.
                        .env("THREADS", threads)
                        .envs(settings.clone())
                        .args(arguments);
                    Process::of(&mut command)
                };
                self.listen([("one", "1"), ("two", "2")].map(begin).into());
                compiled.keep(&folder.join("one/data/cache"));
            }
            Kind::Spin | Kind::SpinPostgres => {
                let manifest = manifest_with(&folder, self.kind.component(), &settings);
                let mut command = spin(&folder, &manifest);
                let variables = settings.into_iter();
                command
                    .envs(variables.map(|(name, value)| (format!("SPIN_VARIABLE_{name}"), value)))
                    .args(arguments);
                self.listen(vec![Process::of(&mut command)]);
            }
            Kind::Cloudflare => {
                let mut all = worker_arguments();
                for (name, value) in settings {
                    all.extend(["--var".to_owned(), format!("{name}={value}")]);
                }
                all.extend(arguments.iter().map(|argument| (*argument).to_owned()));
                self.listen(vec![Process::of_pool(&folder, &all)]);
            }
        }
        self
    }

    /// Starts a host with a command that runs in this folder.
    pub fn run(command: &mut Command, folder: Arc<TempDir>) -> Self {
        let mut host = Self::empty(Kind::named(), folder);
        host.listen(vec![Process::of(command)]);
        host
    }

    /// Waits until each process prints its address.
    fn listen(&mut self, started: Vec<(Process, Receiver<Line>)>) {
        for (process, output) in started {
            let keep = |log: &Log, line: &Line| {
                let (text, grown) = &**log;
                if let Line::Logged(line) = line {
                    *text.lock().unwrap_or_else(PoisonError::into_inner) += &format!("{line}\n");
                    grown.notify_all();
                }
            };
            // The address, or the end of the output.
            let lines = std::iter::from_fn(|| match output.recv_timeout(START) {
                Err(RecvTimeoutError::Timeout) => {
                    panic!("the host takes too long to start:\n{}", self.log())
                }
                line => line.ok(),
            });
            let base = { lines }.find_map(|line| {
                keep(&self.log, &line);
                let (Line::Said(line) | Line::Logged(line)) = line;
                let rest = line.strip_prefix("listening")?;
                Some(rest.trim().to_owned())
            });
            let base = base.unwrap_or_else(|| panic!("the host did not start:\n{}", self.log()));
            std::thread::spawn({
                let log = self.log.clone();
                move || output.iter().for_each(|line| keep(&log, &line))
            });
            self.members.push(Member { process, base });
        }
        Compiled::of("spin").keep(&self.folder().join(SPIN_CACHE));
    }

    /// Returns whether requests with unknown HTTP methods reach the service; Cloudflare's runtime refuses them.
    pub fn takes_any_method(&self) -> bool {
        self.kind != Kind::Cloudflare
    }

    /// Returns whether `ADMIN_EMAIL` and `ADMIN_PASSWORD` create the first administrator when the service starts. Spin
    /// and Workers have no startup; `/setup` does it there.
    pub fn makes_administrator_at_start(&self) -> bool {
        matches!(self.kind, Kind::Native | Kind::Postgres)
    }

    /// Returns whether `TRUSTED_PROXIES` determines the client's address; on Workers the platform does.
    pub fn looks_behind_proxies(&self) -> bool {
        self.kind != Kind::Cloudflare
    }

    /// Returns the path of SQLite's database, or `None` on Workers, whose runtime manages the file, and on PostgreSQL.
    pub fn database(&self) -> Option<PathBuf> {
        let file = match self.kind {
            Kind::Cloudflare | Kind::Postgres | Kind::SpinPostgres => return None,
            Kind::Spin => ".spin/sqlite_db.db",
            Kind::Native => "data/gatewright.db",
        };
        Some(self.folder().join(file))
    }

    /// Returns the maximum memory of a password hash in MiB.
    pub fn hash_memory(&self) -> u32 {
        match self.kind {
            Kind::Cloudflare => 64,
            _ => 128,
        }
    }

    /// Returns the number of processes that serve requests.
    pub fn processes(&self) -> usize {
        self.members.len()
    }

    /// Returns the PostgreSQL database of the host, if it has one.
    pub fn postgres(&self) -> Option<&Database> {
        self.postgres.as_deref()
    }

    /// Returns the address of the service: of two processes that of each in turn.
    pub fn base(&self) -> &str {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        &self.members[turn % self.members.len()].base
    }

    /// Returns the folder that the host was started in.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Returns the process ID of the first process.
    pub fn process_id(&mut self) -> u32 {
        self.members[0].process.child().id()
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

    /// Kills all processes immediately, like a crash (SIGKILL).
    pub fn kill(&mut self) {
        for member in &mut self.members {
            member.process.kill();
        }
    }

    /// Kills one of two processes immediately. The other one gets all further requests.
    pub fn kill_one(&mut self) {
        self.members.remove(0).process.kill();
    }

    /// Waits for the first process to end.
    pub fn wait(&mut self) -> ExitStatus {
        self.members[0].process.child().wait().unwrap()
    }

    /// Kills the processes and starts others on the same storage, with further settings.
    pub fn restart(mut self, settings: &[(&str, &str)]) -> Self {
        let further = settings
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        self.settings.extend(further);
        self.restart_with(&[])
    }

    /// Kills the processes and starts others on the same storage, with further arguments.
    pub fn restart_with(mut self, arguments: &[&str]) -> Self {
        self.kill();
        let mut host = Self::empty(self.kind, self.folder.clone());
        host.postgres.clone_from(&self.postgres);
        host.settings.clone_from(&self.settings);
        host.launch(arguments)
    }

    /// Starts others on the same storage, with a clock that is ahead by these seconds.
    pub fn restart_later(self, seconds: u64) -> Self {
        self.restart_with(&["--clock-offset", &seconds.to_string()])
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            eprintln!("the host's log:\n{}", self.log());
        }
    }
}
