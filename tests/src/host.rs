//! Hosts as real processes, and a client to talk to them.

use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant, UNIX_EPOCH};

use reqwest::redirect::Policy;
use reqwest::{Client, Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::process::{Line, Process};

/// A password that keeps every rule.
pub const PASSWORD: &str = "correct horse battery staple";
/// What access tokens are signed with where a scenario has to make its own.
pub const JWT_SECRET: &str = "a shared secret of more than thirty-two bytes";

/// The setting by which [`Host::administrator`] gets in.
pub const SETUP: (&str, &str) = ("SETUP_TOKEN", "known-to-the-tests-and-to-nobody-else");

/// How long to wait for what is stored or logged after an answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// What secrets at rest are encrypted with where a host does not make that by itself.
const SECRET_KEY: &str = "0123456789abcdef0123456789abcdef";

/// Settings of every scenario: cheap password hashes, as most scenarios are not about them.
const SETTINGS: &[(&str, &str)] = &[
    ("ARGON2_MEMORY_KIB", "64"),
    ("ARGON2_ITERATIONS", "1"),
    ("LOG_LEVEL", "info"),
    ("HASHES_PER_SECOND", "0"),
];

/// A running host with storage of its own, ended when dropped.
pub struct Host {
    process: Process,
    folder: Arc<TempDir>,
    settings: Vec<(String, String)>,
    base: String,
    client: Client,
    log: Arc<(Mutex<String>, Condvar)>,
}

impl Host {
    /// Starts the host that `GATEWRIGHT_HOST` names, with these settings over the usual ones.
    pub fn start(settings: &[(&str, &str)]) -> Self {
        Self::start_with(&[], settings)
    }

    /// Starts it with further arguments.
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

    /// Starts a host by a command that runs in this folder.
    pub fn run(command: &mut Command, folder: Arc<TempDir>) -> Self {
        Self::spawn(command, folder, Vec::new())
    }

    fn spawn(command: &mut Command, folder: Arc<TempDir>, settings: Vec<(String, String)>) -> Self {
        let (process, output) = Process::of(command);
        Self::listening(process, output, folder, settings)
    }

    /// Waits until the host says where it listens.
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

    /// Whether requests with methods that HTTP does not know reach the service; Cloudflare's runtime refuses them.
    pub fn takes_any_method(&self) -> bool {
        std::env::var("GATEWRIGHT_HOST").as_deref() != Ok("cloudflare")
    }

    /// Whether `ADMIN_EMAIL` and `ADMIN_PASSWORD` make the first administrator when the service starts. Spin and Workers
    /// have no start of their own; `/setup` does it there.
    pub fn makes_administrator_at_start(&self) -> bool {
        matches!(
            std::env::var("GATEWRIGHT_HOST").as_deref(),
            Ok("native") | Err(_)
        )
    }

    /// Whether `TRUSTED_PROXIES` says where requests come from; Workers have it from their platform.
    pub fn looks_behind_proxies(&self) -> bool {
        std::env::var("GATEWRIGHT_HOST").as_deref() != Ok("cloudflare")
    }

    /// How many MiB a password hash may take.
    pub fn hash_memory(&self) -> u32 {
        match std::env::var("GATEWRIGHT_HOST").as_deref() {
            Ok("cloudflare") => 64,
            _ => 128,
        }
    }

    /// The address of the service.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// The folder that the host was started in.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The process.
    pub fn process_id(&mut self) -> u32 {
        self.process.child().id()
    }

    /// What the host has logged so far.
    pub fn log(&self) -> String {
        self.log
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Waits until the host has logged this; its lines take a moment to come through the pipe.
    pub fn wait_for_log(&self, text: &str) {
        self.wait_for_line(&[text]);
    }

    /// Waits until the host has logged a line with all of these.
    pub fn wait_for_line(&self, parts: &[&str]) {
        let (log, grown) = &*self.log;
        let log = log.lock().unwrap_or_else(PoisonError::into_inner);
        let has_all = |line: &str| parts.iter().all(|part| line.contains(part));
        let lacks = |log: &mut String| !log.lines().any(has_all);
        let (log, waited) = grown.wait_timeout_while(log, PATIENCE, lacks).unwrap();
        assert!(!waited.timed_out(), "{parts:?} was not logged:\n{log}");
    }

    /// Ends the process at once, as a crash would (SIGKILL).
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Waits for the process to end.
    pub fn wait(&mut self) -> ExitStatus {
        self.process.child().wait().unwrap()
    }

    /// Ends the process and starts another on the same storage, with further settings.
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

    /// Ends the process and starts another on the same storage, with further arguments.
    pub fn restart_with(mut self, arguments: &[&str]) -> Self {
        self.kill();
        Self::launch(self.folder.clone(), arguments, self.settings.clone())
    }

    /// Starts another on the same storage whose clock is ahead by these seconds.
    pub fn restart_later(self, seconds: u64) -> Self {
        self.restart_with(&["--clock-offset", &seconds.to_string()])
    }

    /// A request to a path.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.base))
    }

    /// Posts JSON.
    pub async fn post(&self, path: &str, body: Value) -> Answer {
        Answer::of(self.request(Method::POST, path).json(&body)).await
    }

    /// Posts JSON from another address of this machine, which is 127.0.0.1 otherwise.
    pub async fn post_from(&self, address: [u8; 4], path: &str, body: Value) -> Answer {
        let client = Client::builder().local_address(std::net::IpAddr::from(address));
        let request = client.build().unwrap().post(format!("{}{path}", self.base));
        Answer::of(request.json(&body)).await
    }

    /// Posts without a body, with an access token.
    pub async fn post_as(&self, path: &str, access_token: &str) -> Answer {
        Answer::of(self.request(Method::POST, path).bearer_auth(access_token)).await
    }

    /// Gets a path.
    pub async fn get(&self, path: &str) -> Answer {
        Answer::of(self.request(Method::GET, path)).await
    }

    /// Gets a path with an access token.
    pub async fn get_as(&self, path: &str, access_token: &str) -> Answer {
        Answer::of(self.request(Method::GET, path).bearer_auth(access_token)).await
    }

    /// Sends JSON with an access token.
    pub async fn send_as(
        &self,
        method: &str,
        path: &str,
        access_token: &str,
        body: Value,
    ) -> Answer {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let request = self.request(method, path).bearer_auth(access_token);
        Answer::of(request.json(&body)).await
    }

    /// Sends a request without a body, with an access token.
    pub async fn call_as(&self, method: &str, path: &str, access_token: &str) -> Answer {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        Answer::of(self.request(method, path).bearer_auth(access_token)).await
    }

    /// Makes the first superadmin, on a host that was started with [`SETUP`], who is signed in then.
    pub async fn administrator(&self) -> Person {
        let email = "root@example.com";
        let body = json!({"token": SETUP.1, "email": email, "password": PASSWORD});
        let made = self.post("/setup", body).await;
        assert_eq!(made.status, StatusCode::CREATED, "{:?}", made.body);
        self.person_of(&made.body, email).await
    }

    /// Has an administrator make a person with a verified address and these roles, who is signed in then.
    pub async fn person(&self, administrator: &Person, name: &str, roles: &[&str]) -> Person {
        let email = format!("{name}@example.com");
        let body = json!({
            "email": email,
            "email_verified": true,
            "password": PASSWORD,
            "roles": roles,
        });
        let made = self
            .send_as("POST", "/users", administrator.token(), body)
            .await;
        assert_eq!(made.status, StatusCode::CREATED, "{:?}", made.body);
        self.person_of(&made.body, &email).await
    }

    async fn person_of(&self, record: &Value, email: &str) -> Person {
        Person {
            id: record["id"].as_str().unwrap().to_owned(),
            email: email.to_owned(),
            session: self.login(email).await,
        }
    }

    /// What is stored of a user, as an administrator sees it.
    pub async fn record(&self, administrator: &Person, id: &str) -> Value {
        let path = format!("/users/{id}");
        let answer = self.get_as(&path, administrator.token()).await;
        answer.assert_ok();
        answer.body
    }

    /// Asks for something again and again until it is as it should be; what is stored after an answer takes a moment.
    pub async fn wait_until(
        &self,
        path: &str,
        access_token: &str,
        is_right: impl Fn(&Answer) -> bool,
    ) -> Answer {
        let begun = Instant::now();
        loop {
            let answer = self.get_as(path, access_token).await;
            if is_right(&answer) {
                return answer;
            }
            assert!(begun.elapsed() < PATIENCE, "{path}: {answer:?}");
        }
    }

    /// Registers a person, who is signed in then.
    pub async fn register(&self, email: &str) -> Tokens {
        self.register_with(json!({"email": email})).await
    }

    /// Registers a person of whom there is more to say than his address.
    pub async fn register_with(&self, mut person: Value) -> Tokens {
        person["password"] = PASSWORD.into();
        let answer = self.post("/auth/register", person).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{:?}", answer.body);
        Tokens::of(&answer.body["tokens"])
    }

    /// Signs a person in.
    pub async fn login(&self, email: &str) -> Tokens {
        let answer = self
            .post("/auth/login", json!({"email": email, "password": PASSWORD}))
            .await;
        assert_eq!(answer.status, StatusCode::OK, "{:?}", answer.body);
        Tokens::of(&answer.body)
    }

    /// Uses a refresh token twice, which ends its session and is told to the person by mail.
    pub async fn use_twice(&self, session: &Tokens) {
        self.refresh(&session.refresh_token).await.assert_ok();
        self.refresh(&session.refresh_token)
            .await
            .assert_error(401, "invalid_refresh_token");
    }

    /// Signs a person in as the settings say, and returns the answer.
    pub async fn login_by_default(&self, email: &str) -> Value {
        let body = json!({"email": email, "password": PASSWORD});
        let answer = self.post("/auth/login", body).await;
        answer.assert_ok();
        answer.body
    }

    /// Waits until a session's last use is stored, which happens after an answer, and returns it; it was in another hour
    /// before. Each answer that comes before that stores it once more, so that a moment's difference says nothing.
    pub async fn last_seen_after(&self, token: &str, before: &str) -> String {
        loop {
            let answer = self.get_as("/account/sessions", token).await;
            answer.assert_ok();
            let mut sessions = answer.body["sessions"].as_array().unwrap().iter();
            let current = sessions.find(|session| session["current"] == true).unwrap();
            let seen = current["last_seen_at"].as_str().unwrap();
            if seen.get(..13) != before.get(..13) {
                return seen.to_owned();
            }
        }
    }

    /// Exchanges a refresh token.
    pub async fn refresh(&self, refresh_token: &str) -> Answer {
        self.post("/auth/refresh", json!({"refresh_token": refresh_token}))
            .await
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

/// What one host has compiled serves the others, which start sooner by seconds.
struct Compiled(PathBuf);

impl Compiled {
    fn of(host: &str) -> Self {
        let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target");
        let components = ["components/service.wasm", "components/gatewright-spin.wasm"];
        let [native, spin] = components.map(|file| {
            let time = built.join(file).metadata().and_then(|file| file.modified());
            let since = time.map(|time| time.duration_since(UNIX_EPOCH).unwrap_or_default());
            since.unwrap_or_default().as_millis()
        });
        Self(built.join(format!("tmp/compiled/{host}-{native:x}-{spin:x}")))
    }

    /// Puts it where a host will look for it, unless the host has been there.
    fn lend(&self, cache: &Path) {
        let Ok(files) = self.0.read_dir() else {
            return;
        };
        if !cache.exists() {
            let mut private = std::fs::DirBuilder::new();
            private.recursive(true).mode(0o700).create(cache).unwrap();
            for file in files {
                let file = file.unwrap();
                let _ = std::fs::copy(file.path(), cache.join(file.file_name()));
            }
        }
    }

    /// Keeps what a host has compiled.
    fn keep(&self, cache: &Path) {
        let Ok(files) = cache.read_dir() else {
            return;
        };
        std::fs::create_dir_all(&self.0).unwrap();
        for file in files {
            let file = file.unwrap();
            let kept = self.0.join(file.file_name());
            if kept.exists() || kept.extension().is_none_or(|kind| kind != "cwasm") {
                continue;
            }
            // Renamed into place: others copy it meanwhile.
            let partial = tempfile::NamedTempFile::new_in(self.0.parent().unwrap()).unwrap();
            std::fs::copy(file.path(), partial.path()).unwrap();
            partial.persist(kept).unwrap();
        }
    }
}

/// The native host's program, to be run in a folder with an empty environment. `GATEWRIGHT_PROGRAM` names it.
pub fn native(folder: &Path, arguments: &[&str]) -> Command {
    let built = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/debug/gatewright");
    let program = std::env::var_os("GATEWRIGHT_PROGRAM").map_or_else(built, PathBuf::from);
    assert!(
        program.exists(),
        "{} is missing: run `cargo xtask test`",
        program.display()
    );
    let mut command = Command::new(program.canonicalize().unwrap());
    command
        .current_dir(folder)
        .args(arguments)
        .env_clear()
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// The Spin application of a manifest on the native host, to be run in a folder, where its state is kept.
pub fn spin(folder: &Path, manifest: &Path) -> Command {
    let mut command = native(folder, &["spin", "up", "--listen", "127.0.0.1:0"]);
    command
        .arg("--from")
        .arg(manifest)
        .arg("--state-dir")
        .arg(folder.join(".spin"))
        .env("SPIN_VARIABLE_SECRET_KEY", SECRET_KEY);
    command
}

/// The Worker in Cloudflare's runtime, to be run in a folder, where its state is kept.
pub fn cloudflare(folder: &Path) -> Command {
    let mut command = node("serve.mjs");
    command.current_dir(folder).args(worker_arguments());
    command
}

/// A script of the Workers host, with an empty environment.
pub(crate) fn node(script: &str) -> Command {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../hosts/cloudflare");
    let mut command = Command::new(source.join("node_modules/node/bin/node"));
    command
        .arg(source.join(script).canonicalize().unwrap())
        .env_clear()
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// What every Worker of the tests is started with.
fn worker_arguments() -> Vec<String> {
    let secret = format!("SECRET_KEY={SECRET_KEY}");
    [
        "--listen",
        "127.0.0.1:0",
        "--state",
        "state",
        "--var",
        &secret,
    ]
    .map(str::to_owned)
    .to_vec()
}

/// Another Worker in its place: storage on D1 for the contract kit.
pub fn worker_kit(folder: &Path) -> Command {
    let mut command = cloudflare(folder);
    let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/worker-kit");
    command.arg("--build").arg(built.canonicalize().unwrap());
    command
}

/// A manifest for Spin.
pub fn manifest(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../hosts/spin")
        .join(name)
        .canonicalize()
        .unwrap()
}

/// A component that was built for the tests.
pub fn component(name: &str) -> PathBuf {
    let built = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/components");
    let folder = std::env::var_os("GATEWRIGHT_COMPONENTS").map_or_else(built, PathBuf::from);
    let path = folder.join(format!("{name}.wasm"));
    assert!(
        path.exists(),
        "{} is missing: run `cargo xtask test`",
        path.display()
    );
    path.canonicalize().unwrap()
}

/// A response, read to its end.
#[derive(Debug)]
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: reqwest::header::HeaderMap,
    /// Its body as JSON; null where it is none.
    pub body: Value,
    /// Its body as text.
    pub text: String,
}

impl Answer {
    /// Sends a request.
    pub async fn of(request: RequestBuilder) -> Self {
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        let text = response.text().await.unwrap();
        Self {
            status,
            headers,
            body: serde_json::from_str(&text).unwrap_or_default(),
            text,
        }
    }

    /// A header's value.
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map(|value| value.to_str().unwrap())
            .unwrap_or_default()
    }

    /// Asserts that this is a success.
    #[track_caller]
    pub fn assert_ok(&self) {
        assert_eq!(self.status, StatusCode::OK, "{self:?}");
    }

    /// Asserts that this is an error in the one form or in OAuth's, with this status.
    #[track_caller]
    pub fn assert_error_code(&self, status: u16) {
        assert_eq!(self.status.as_u16(), status, "{self:?}");
        let error = &self.body["error"];
        assert!(error.is_string() || error["code"].is_string(), "{self:?}");
    }

    /// Asserts that this is an error in the one form, with this status and code.
    #[track_caller]
    pub fn assert_error(&self, status: u16, code: &str) {
        assert_eq!(self.status.as_u16(), status, "{self:?}");
        let error = &self.body["error"];
        assert_eq!(error["code"], code, "{self:?}");
        assert_eq!(error["status_code"], status, "{self:?}");
        assert!(
            error["message"]
                .as_str()
                .is_some_and(|message| !message.is_empty()),
            "{self:?}"
        );
        assert_eq!(self.header("content-type"), "application/json");
        if status == 401 {
            assert!(
                self.header("www-authenticate").starts_with("Bearer realm="),
                "{self:?}"
            );
        }
    }

    /// The codes of broken rules, as `field code`.
    pub fn broken_rules(&self) -> Vec<String> {
        let details = self.body["error"]["details"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        details
            .iter()
            .map(|detail| format!("{} {}", text(&detail["field"]), text(&detail["code"])))
            .collect()
    }
}

/// What a client holds of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tokens {
    /// The access token.
    pub access_token: String,
    /// The refresh token.
    pub refresh_token: String,
}

impl Tokens {
    /// The tokens in a response.
    pub fn of(body: &Value) -> Self {
        assert_eq!(body["token_type"], "Bearer", "{body}");
        let text = |name: &str| body[name].as_str().unwrap().to_owned();
        Self {
            access_token: text("access_token"),
            refresh_token: text("refresh_token"),
        }
    }
}

/// Somebody whose identifier is known, with a session of his.
#[derive(Debug, Clone)]
pub struct Person {
    /// Identifier.
    pub id: String,
    /// E-mail address.
    pub email: String,
    /// The session.
    pub session: Tokens,
}

impl Person {
    /// The access token of the session.
    pub fn token(&self) -> &str {
        &self.session.access_token
    }

    /// Where administrators find him.
    pub fn path(&self) -> String {
        format!("/users/{}", self.id)
    }
}
