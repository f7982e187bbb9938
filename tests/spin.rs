//! How the Spin application handles failures, and the ways to run it.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use gatewright_tests::host::{Answer, Host, PASSWORD, Tokens, component, manifest, spin};
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

fn folder() -> Arc<TempDir> {
    Arc::new(tempfile::tempdir().unwrap())
}

/// Starts the application in a folder with these variables.
fn start(folder: &Arc<TempDir>, variables: &[(&str, &str)]) -> Host {
    let mut command = spin(folder.path(), &manifest("spin.toml"));
    Host::run(with_variables(&mut command, variables), folder.clone())
}

fn with_variables<'a>(command: &'a mut Command, variables: &[(&str, &str)]) -> &'a mut Command {
    let cheap = [
        ("ARGON2_MEMORY_KIB", "64"),
        ("ARGON2_ITERATIONS", "1"),
        ("HASHES_PER_SECOND", "0"),
    ];
    let variables = cheap.iter().chain(variables);
    command.envs(variables.map(|(name, value)| (format!("SPIN_VARIABLE_{name}"), *value)))
}

fn ada() -> Value {
    json!({"email": "ada@example.com", "password": PASSWORD})
}

/// Returns the output of a command that must fail.
fn refused(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(!output.status.success());
    String::from_utf8(output.stderr).unwrap()
}

#[tokio::test]
async fn an_empty_variable_is_named_in_the_log_and_answered_in_the_error_form() {
    let folder = folder();
    let app = "https://app.example.com";
    let host = start(&folder, &[("SECRET_KEY", ""), ("CORS_ORIGINS", app)]);
    let request = host.request(Method::POST, "/auth/register");
    let answer = Answer::of(request.header("origin", app).json(&ada())).await;
    answer.assert_error(503, "unavailable");
    assert!(!answer.header("retry-after").is_empty());
    // As in every response, so that pages of that origin can read it.
    assert_eq!(answer.header("access-control-allow-origin"), app);
    let exposed = answer.header("access-control-expose-headers");
    assert!(exposed.contains("retry-after"), "{answer:?}");
    assert_ne!(answer.header("x-request-id"), "");
    host.wait_for_log("SECRET_KEY: not set; accepted: at least 32 bytes");
}

#[tokio::test]
async fn another_secret_key_is_answered_503_until_it_is_the_former_one() {
    let folder = folder();
    let host = start(&folder, &[]);
    host.register("ada@example.com").await;
    drop(host);
    let other = "another key that has more than 32 bytes";
    let host = start(&folder, &[("SECRET_KEY", other)]);
    let answer = host.post("/auth/login", ada()).await;
    answer.assert_error(503, "unavailable");
    assert!(!answer.text.contains("SECRET_KEY"));
    host.get("/readyz").await.assert_error(503, "unavailable");
    host.wait_for_log("SECRET_KEY: it is not the key of this database");
    drop(host);
    let host = start(&folder, &[]);
    host.post("/auth/login", ada()).await.assert_ok();
}

#[tokio::test]
async fn a_wrong_variable_of_the_provider_is_named_too() {
    for (name, value, message) in [
        (
            "LOG_LEVEL",
            "loud",
            r#"LOG_LEVEL: \"loud\" is not accepted"#,
        ),
        (
            "EMAIL_PROVIDER",
            "resend",
            "EMAIL_FROM: not set, but EMAIL_PROVIDER resend requires it",
        ),
    ] {
        let folder = folder();
        let host = start(&folder, &[(name, value)]);
        host.get("/auth/me").await.assert_error(503, "unavailable");
        host.wait_for_log(message);
    }
}

/// The database can't be opened first, and can later.
#[tokio::test]
async fn a_lost_database_is_said_and_found_again_without_a_restart() {
    let folder = folder();
    let host = start(&folder, &[]);
    let database = folder.path().join(".spin/sqlite_db.db");
    std::fs::create_dir_all(&database).unwrap();
    host.get("/healthz").await.assert_ok();
    host.get("/readyz").await.assert_error(503, "unavailable");
    host.post("/auth/register", ada())
        .await
        .assert_error(503, "unavailable");
    host.wait_for_log("unable to open database file");
    std::fs::remove_dir(&database).unwrap();
    host.register("ada@example.com").await;
    host.get("/readyz").await.assert_ok();
}

/// While the database is read-only, reads are served and writes are refused.
#[tokio::test]
async fn a_read_only_database_is_said_and_written_again_without_a_restart() {
    let folder = folder();
    let session = start(&folder, &[]).register("ada@example.com").await;
    let state = folder.path().join(".spin");
    let database = state.join("sqlite_db.db");
    // A single file, as after restoring a backup.
    rusqlite::Connection::open(&database)
        .unwrap()
        .execute_batch("PRAGMA journal_mode = DELETE")
        .unwrap();
    let mut command = spin(folder.path(), &manifest("spin.toml"));
    let mut command = under_permissions(with_variables(&mut command, &[]));
    allow(&database, 0o400);
    allow(&state, 0o500);
    let host = Host::run(&mut command, folder.clone());
    host.get("/readyz").await.assert_error(503, "unavailable");
    // Concurrently, so that several idle connections exist that were opened to a read-only database.
    let reads = (0..8).map(|_| host.get_as("/auth/me", &session.access_token));
    for read in futures::future::join_all(reads).await {
        read.assert_ok();
    }
    host.post("/auth/login", ada())
        .await
        .assert_error(503, "unavailable");
    host.wait_for_log("attempt to write a readonly database");
    allow(&state, 0o700);
    allow(&database, 0o600);
    host.login("ada@example.com").await;
    host.get("/readyz").await.assert_ok();
}

fn allow(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

/// Returns the same command for a user to whom file permissions apply, because root ignores them.
fn under_permissions(command: &Command) -> Command {
    const OVERRIDES: &str = "-dac_override,-dac_read_search";
    let mut limited = Command::new("/usr/bin/setpriv");
    if rustix::process::geteuid().is_root() {
        limited.args(["--bounding-set", OVERRIDES, "--inh-caps", OVERRIDES]);
    }
    limited
        .arg(command.get_program())
        .args(command.get_args())
        .current_dir(command.get_current_dir().unwrap())
        .env_clear()
        .envs(
            command
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        )
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped());
    limited
}

#[tokio::test]
async fn a_newer_schema_is_left_alone() {
    let folder = folder();
    drop(start(&folder, &[]).register("ada@example.com").await);
    let newer = "INSERT INTO schema_migrations (version, name, applied_at, serves) VALUES (99, 'later', 0, 99)";
    rusqlite::Connection::open(folder.path().join(".spin/sqlite_db.db"))
        .unwrap()
        .execute(newer, [])
        .unwrap();
    let host = start(&folder, &[]);
    host.post("/auth/login", ada())
        .await
        .assert_error(500, "internal_error");
    host.wait_for_log("the database has schema 99");
}

/// Another call migrates for longer than a statement waits for the lock of the database.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_waits_while_another_one_migrates() {
    let folder = folder();
    let state = folder.path().join(".spin");
    std::fs::create_dir(&state).unwrap();
    let other = rusqlite::Connection::open(state.join("sqlite_db.db")).unwrap();
    let lock = "PRAGMA journal_mode = WAL; BEGIN IMMEDIATE";
    other.execute_batch(lock).unwrap();
    let host = Arc::new(start(&folder, &[]));
    let waiting = host.clone();
    let register = tokio::spawn(async move { waiting.register("ada@example.com").await });
    host.wait_for_log("waiting while another call migrates the database");
    other.execute_batch("COMMIT").unwrap();
    register.await.unwrap();
}

const METRICS: (&str, &str) = ("METRICS_TOKEN", "known-to-prometheus-and-to-nobody-else");
const NO_LIMITS: [(&str, &str); 3] = [
    METRICS,
    ("LOGIN_ATTEMPTS_PER_ACCOUNT", "0"),
    ("LOGIN_ATTEMPTS_PER_IP", "0"),
];

/// Waits until exactly this number of failed logins is counted, without trouble.
async fn wait_for_failures(host: &Host, number: usize) {
    let line = format!("kind=\"login.failed\",reason=\"unknown_account\"}} {number}\n");
    let all = |answer: &Answer| answer.text.contains(&line);
    host.wait_until("/metrics", METRICS.1, all).await;
    for trouble in ["could not be stored", "is locked", "an instance failed"] {
        assert!(!host.log().contains(trouble), "{trouble}");
    }
}

/// This many clients each fail to log in this many times.
async fn fail_to_sign_in(host: &Host, clients: usize, times: usize) {
    let client = |number: usize| async move {
        for _ in 0..times {
            let email = format!("nobody-{number}@example.com");
            let body = json!({"email": email, "password": PASSWORD});
            host.post("/auth/login", body)
                .await
                .assert_error(401, "invalid_credentials");
        }
    };
    futures::future::join_all((0..clients).map(client)).await;
}

/// Failed logins arrive much faster than storage accepts their events: the events wait, in order, and all are stored.
/// No instance fails because of deferred work.
#[tokio::test]
async fn every_event_of_a_storm_is_stored() {
    let folder = folder();
    let host = start(&folder, &NO_LIMITS);
    fail_to_sign_in(&host, 64, 40).await;
    wait_for_failures(&host, 64 * 40).await;
}

/// Hashes of the usual cost run concurrently with other transactions, in the same instances: requests of signed-in
/// users don't time out while they wait for a lock.
#[tokio::test]
async fn hashes_hold_no_lock_for_others() {
    let folder = folder();
    let costly = [("ARGON2_MEMORY_KIB", "19456"), ("ARGON2_ITERATIONS", "2")];
    let variables = [&NO_LIMITS[..], &costly].concat();
    let host = start(&folder, &variables);
    let mut session = host.register("ada@example.com").await;
    let attack = fail_to_sign_in(&host, 8, 12);
    let bystander = async {
        for _ in 0..12 {
            let answer = host.refresh(&session.refresh_token).await;
            answer.assert_ok();
            session = Tokens::of(&answer.body);
        }
    };
    futures::future::join(attack, bystander).await;
    wait_for_failures(&host, 8 * 12).await;
}

/// Spin doesn't set `TCP_NODELAY`. Between two writes a response would wait until the client confirms the first, which
/// clients do late. So a client that reads the beginning of a response must have all of it.
#[test]
fn an_answer_leaves_in_one_write() {
    let host = start(&folder(), &[]);
    let address = host.base().strip_prefix("http://").unwrap().to_owned();
    let mut connection = TcpStream::connect(address).unwrap();
    for path in ["/healthz", "/auth/me", "/.well-known/jwks.json"].repeat(10) {
        let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n");
        connection.write_all(request.as_bytes()).unwrap();
        let mut piece = [0; 16 * 1024];
        let read = connection.read(&mut piece).unwrap();
        let text = String::from_utf8_lossy(&piece[..read]).into_owned();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let length = format!("content-length: {}", body.len());
        assert!(!body.is_empty() && head.contains(&length), "{path}: {text}");
    }
}

/// The number of hashes per second is limited across all clients and instances. Refused clients are asked to retry.
#[tokio::test]
async fn hashes_are_bounded_over_all_instances() {
    let folder = folder();
    let bounded = [&NO_LIMITS[..], &[("HASHES_PER_SECOND", "2")]].concat();
    let host = start(&folder, &bounded);
    let at = &host;
    let login = |number: usize| async move {
        let email = format!("nobody-{number}@example.com");
        let body = json!({"email": email, "password": PASSWORD});
        at.post("/auth/login", body).await
    };
    let begun = Instant::now();
    let answers = futures::future::join_all((0..100).map(login)).await;
    let seconds = begun.elapsed().as_secs() as usize + 2;
    let computed = answers.iter().filter(|answer| answer.status == 401).count();
    assert!(
        computed > 0 && computed <= 2 * seconds,
        "{computed} in {seconds} s"
    );
    for refused in answers.iter().filter(|answer| answer.status != 401) {
        refused.assert_error(503, "unavailable");
        assert_eq!(refused.header("retry-after"), "1");
    }
    wait_for_failures(&host, computed).await;
}

/// Expired rows are deleted once the schema is complete, and not earlier.
#[tokio::test]
async fn clearing_out_waits_for_the_schema() {
    let folder = folder();
    let host = start(&folder, &[]);
    let first = (0..20).map(|_| host.get("/readyz"));
    for answer in futures::future::join_all(first).await {
        answer.assert_ok();
    }
    host.register("ada@example.com").await;
    let database = rusqlite::Connection::open(folder.path().join(".spin/sqlite_db.db")).unwrap();
    database.busy_timeout(Duration::from_secs(5)).unwrap();
    let cleared = "SELECT count(*) FROM limits WHERE key = 'purge'";
    let number = |row: &rusqlite::Row<'_>| row.get::<_, i64>(0);
    while database.query_row(cleared, [], number).unwrap() == 0 {
        host.get("/readyz").await.assert_ok();
    }
    assert!(!host.log().contains("cleared out"), "{}", host.log());
}

#[tokio::test]
async fn the_allow_list_of_the_manifest_is_enforced() {
    let elsewhere = TcpListener::bind("127.0.0.1:0").unwrap();
    elsewhere.set_nonblocking(true).unwrap();
    let url = format!("http://{}/mail", elsewhere.local_addr().unwrap());
    let folder = folder();
    let host = start(
        &folder,
        &[
            ("EMAIL_PROVIDER", "webhook"),
            ("EMAIL_FROM", "auth@example.com"),
            ("EMAIL_API_URL", &url),
            ("REFRESH_TOKEN_GRACE_SECONDS", "0"),
        ],
    );
    let session = host.register("ada@example.com").await;
    host.use_twice(&session).await;
    host.wait_for_log("allowed_outbound_hosts in the manifest does not allow");
    assert!(elsewhere.accept().is_err());
}

/// The second manifest: the provider is a dependency of the service, in one line.
#[tokio::test]
async fn component_dependencies_do_the_same_as_composition() {
    let folder = folder();
    let mut command = spin(folder.path(), &manifest("spin-dependencies.toml"));
    let host = Host::run(with_variables(&mut command, &[]), folder.clone());
    host.register("ada@example.com").await;
    let session = host.login("ada@example.com").await;
    host.get_as("/auth/me", &session.access_token)
        .await
        .assert_ok();
}

#[tokio::test]
async fn another_provider_takes_one_line() {
    let folder = folder();
    let text = std::fs::read_to_string(manifest("spin-dependencies.toml")).unwrap();
    let relative = "../../target/components/";
    let components = component("service").parent().unwrap().display().to_string() + "/";
    let text = text.replace(relative, &components);
    let text = text.replacen("spin-provider.wasm", "memory-provider.wasm", 1);
    let text = text.replacen(
        "[component.gatewright.variables]",
        "[component.gatewright.environment]\nSECRET_KEY = \"0123456789abcdef0123456789abcdef\"\n\n[component.gatewright.variables]",
        1,
    );
    let path = folder.path().join("spin.toml");
    std::fs::write(&path, text).unwrap();
    let host = Host::run(&mut spin(folder.path(), &path), folder.clone());
    host.get("/readyz").await.assert_ok();
    host.register("ada@example.com").await;
    assert!(!folder.path().join(".spin/sqlite_db.db").exists());
}

#[test]
fn a_manifest_that_cant_be_served_is_refused_and_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let up = |manifest: &Path| refused(&mut spin(folder.path(), manifest));
    let missing = folder.path().join("missing.toml");
    assert!(up(&missing).contains("can't read the manifest"));
    let text = std::fs::read_to_string(manifest("spin.toml")).unwrap();
    let changed = |from: &str, to: &str| {
        let path: PathBuf = folder.path().join("spin.toml");
        let text = text.replacen(from, to, 1);
        std::fs::write(&path, text).unwrap();
        up(&path)
    };
    let mut without = spin(folder.path(), &manifest("spin.toml"));
    let without = refused(without.env_remove("SPIN_VARIABLE_SECRET_KEY"));
    assert!(without.contains("variable secret_key is required: set SPIN_VARIABLE_SECRET_KEY"));
    let mut unknown = spin(folder.path(), &manifest("spin.toml"));
    let unknown = refused(unknown.args(["--variable", "secret_kye=x"]));
    assert!(unknown.contains("no variable \"secret_kye\""), "{unknown}");
    // This copy lacks the components.
    assert!(changed("", "").contains("build it with `cargo xtask build spin`"));
    let store = changed("sqlite_databases = [\"default\"]", "stores = [\"x\"]");
    assert!(store.contains("unknown field"));
    assert!(changed("route = \"/...\"", "route = \"/auth\"").contains("\"/...\""));
    assert!(changed("spin_manifest_version = 2", "spin_manifest_version").contains("spin.toml"));
}

/// V13.3.2: existing files that others can read are reported, with the command that fixes them.
#[tokio::test]
async fn files_that_others_can_read_are_reported() {
    let folder = folder();
    let mut host = start(&folder, &[]);
    host.register("ada@example.com").await;
    assert!(!host.log().contains("chmod"), "{}", host.log());
    host.kill();
    let database = folder.path().join(".spin/sqlite_db.db");
    allow(&database, 0o644);
    let env = folder.path().join(".env");
    std::fs::write(
        &env,
        "SPIN_VARIABLE_METRICS_TOKEN=0123456789abcdef0123456789abcdef\n",
    )
    .unwrap();
    allow(&env, 0o604);
    let host = start(&folder, &[]);
    host.wait_for_line(&["WARN", "chmod 600", "sqlite_db.db'"]);
    host.wait_for_line(&["WARN", "chmod 600 '.env'"]);
}
