//! What Spin's application makes of trouble, and the ways to run it.

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

/// The application in a folder, with these variables.
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

/// What a command that must fail says.
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
    // As every answer: pages of that origin can read it.
    assert_eq!(answer.header("access-control-allow-origin"), app);
    let exposed = answer.header("access-control-expose-headers");
    assert!(exposed.contains("retry-after"), "{answer:?}");
    assert_ne!(answer.header("x-request-id"), "");
    host.wait_for_log("SECRET_KEY: not set; accepted: at least 32 bytes");
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
            "EMAIL_FROM: EMAIL_PROVIDER resend needs it",
        ),
    ] {
        let folder = folder();
        let host = start(&folder, &[(name, value)]);
        host.get("/auth/me").await.assert_error(503, "unavailable");
        host.wait_for_log(message);
    }
}

/// The database can't be opened, and then it can.
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

/// What can be read is answered, what has to be written is refused, until it can be.
#[tokio::test]
async fn a_read_only_database_is_said_and_written_again_without_a_restart() {
    let folder = folder();
    let session = start(&folder, &[]).register("ada@example.com").await;
    let state = folder.path().join(".spin");
    let database = state.join("sqlite_db.db");
    // As a backup would be restored: one file.
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
    // At once, so that several connections lie idle that were opened to a database that can only be read.
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

/// The same command, for whom permissions hold, which they do not for root.
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
    let newer = "INSERT INTO schema_migrations (version, name, applied_at) VALUES (99, 'later', 0)";
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

const METRICS: (&str, &str) = ("METRICS_TOKEN", "known-to-prometheus-and-to-nobody-else");
const NO_LIMITS: [(&str, &str); 3] = [
    METRICS,
    ("LOGIN_ATTEMPTS_PER_ACCOUNT", "0"),
    ("LOGIN_ATTEMPTS_PER_IP", "0"),
];

/// Waits until so many failed logins are counted, and none more.
async fn wait_for_failures(host: &Host, number: usize) {
    let line = format!("kind=\"login.failed\",reason=\"unknown_account\"}} {number}\n");
    let all = |answer: &Answer| answer.text.contains(&line);
    host.wait_until("/metrics", METRICS.1, all).await;
}

/// So many clients who fail to sign in again and again, each so often.
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

/// Attempts come much faster than storage takes their events: these wait, in order, and every one is stored. No
/// instance ends of what it has to do afterwards.
#[tokio::test]
async fn every_event_of_a_storm_is_stored() {
    let folder = folder();
    let host = start(&folder, &NO_LIMITS);
    fail_to_sign_in(&host, 64, 40).await;
    wait_for_failures(&host, 64 * 40).await;
    for trouble in ["could not be stored", "is locked", "an instance failed"] {
        assert!(!host.log().contains(trouble), "{trouble}");
    }
}

/// Hashes of the usual cost compute beside transactions of others, in the same instances: whoever goes on with his
/// session does not wait for a lock in vain.
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
    for trouble in ["could not be stored", "is locked", "an instance failed"] {
        assert!(!host.log().contains(trouble), "{trouble}");
    }
}

/// Spin sets no `TCP_NODELAY`. An answer in two writes would wait between them until the client confirms the first, which
/// clients do late: so whoever reads the beginning of an answer has all of it.
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

/// So many hashes are computed in a second, whoever asks for them and in however many instances. Those who are refused hear
/// that they can come back.
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

/// What has expired is cleared out where there is a whole schema, and no sooner.
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
    while database
        .query_row(cleared, [], |row| row.get::<_, i64>(0))
        .unwrap()
        == 0
    {
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
    host.wait_for_log("allowed_outbound_hosts in the manifest does not name");
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
    let text = text.replace(relative, &components).replacen(
        "spin-provider.wasm",
        "memory-provider.wasm",
        1,
    );
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
    // The components are not beside this copy.
    assert!(changed("", "").contains("build it with: cargo xtask build spin"));
    assert!(
        changed(
            "sqlite_databases = [\"default\"]",
            "key_value_stores = [\"x\"]"
        )
        .contains("unknown field")
    );
    assert!(changed("route = \"/...\"", "route = \"/auth\"").contains("\"/...\""));
    assert!(changed("spin_manifest_version = 2", "spin_manifest_version").contains("spin.toml"));
}
