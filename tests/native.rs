//! What the native host makes of trouble: bad settings, bad guests, bad moments.

#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Command, Output, Stdio};

use gatewright_tests::host::{Host, PASSWORD, component, native};
use rustix::process::{Pid, Resource, Rlimit, Signal, getrlimit, kill_process, setrlimit};
use serde_json::json;

const KEY: (&str, &str) = ("SECRET_KEY", "0123456789abcdef0123456789abcdef");

/// Starts a host that must refuse to, and returns what it said.
fn refused(mut command: Command) -> String {
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().unwrap();
    assert!(!status.success(), "{}", String::from_utf8_lossy(&stdout));
    String::from_utf8(stderr).unwrap()
}

#[test]
fn a_wrong_setting_stops_the_start_with_its_name_and_the_accepted_form() {
    let folder = tempfile::tempdir().unwrap();
    for (name, value, message) in [
        (
            "LISTEN",
            "here",
            "LISTEN: \"here\" is not accepted; accepted: an IP address and a port",
        ),
        (
            "DATABASE_URL",
            "mysql://x",
            "DATABASE_URL: \"mysql://x\" is not accepted; accepted: sqlite: and a path",
        ),
        (
            "JWT_ALGORITHM",
            "none",
            "JWT_ALGORITHM: \"none\" is not accepted; accepted: EdDSA",
        ),
        (
            "ACCESS_TOKEN_EXPIRE_MINUTES",
            "0",
            "accepted: minutes, 1 to 1440",
        ),
        (
            "SECRET_KEY",
            "too short",
            "SECRET_KEY: the value is not accepted; accepted: at least 32 bytes",
        ),
        (
            "EMAIL_PROVIDER",
            "pigeon",
            "EMAIL_PROVIDER: \"pigeon\" is not accepted; accepted: console",
        ),
        (
            "EMAIL_PROVIDER",
            "smtp",
            "EMAIL_FROM: EMAIL_PROVIDER smtp needs it",
        ),
        (
            "SMTP_SECURITY",
            "some",
            "SMTP_SECURITY: \"some\" is not accepted; accepted: starttls",
        ),
    ] {
        let mut command = native(folder.path(), &["serve"]);
        command.env(name, value);
        let said = refused(command);
        assert!(said.contains(message), "{said}");
        assert!(!said.contains("too short"), "{said}");
    }
    assert!(!folder.path().join("data/gatewright.db").exists());
}

#[test]
fn settings_come_from_flags_before_the_environment_before_the_file() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(".env"), "JWT_ALGORITHM=from-file\n").unwrap();
    let check = |environment: Option<&str>, flag: Option<&str>| {
        let mut command = native(folder.path(), &["config", "check"]);
        command
            .env(KEY.0, KEY.1)
            .envs(environment.map(|value| ("JWT_ALGORITHM", value)));
        command.args(flag.map(|value| format!("--jwt-algorithm={value}")));
        command
    };
    assert!(refused(check(None, None)).contains("from-file"));
    assert!(refused(check(Some("from-environment"), None)).contains("from-environment"));
    assert!(refused(check(Some("from-environment"), Some("from-flag"))).contains("from-flag"));
    assert!(check(None, Some("ES256")).status().unwrap().success());
    std::fs::write(folder.path().join(".env"), "SECRET'KEY=\"unclosed secret\n").unwrap();
    let said = refused(native(folder.path(), &["config", "check"]));
    assert!(
        said.contains(".env is malformed") && !said.contains("unclosed secret"),
        "{said}"
    );
}

#[test]
fn a_blank_value_hides_no_other() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(".env"), "JWT_ALGORITHM=from-file\n").unwrap();
    let mut command = native(folder.path(), &["config", "check"]);
    command.env(KEY.0, KEY.1).env("JWT_ALGORITHM", " ");
    assert!(refused(command).contains("from-file"));
}

#[test]
fn an_instance_must_have_the_memory_of_a_hash() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = native(folder.path(), &["serve"]);
    command
        .env("INSTANCE_MEMORY_MIB", "64")
        .env("ARGON2_MEMORY_KIB", "65536");
    let said = refused(command);
    assert!(
        said.contains("INSTANCE_MEMORY_MIB: 64 is too little"),
        "{said}"
    );
}

#[test]
fn compiled_code_is_not_loaded_from_a_folder_that_others_can_write() {
    use std::os::unix::fs::PermissionsExt as _;
    let mut host = Host::start(&[]);
    let cache = host.folder().join("data/cache");
    assert_eq!(
        cache.metadata().unwrap().permissions().mode() & 0o777,
        0o700
    );
    assert_eq!(
        host.folder()
            .join("data/gatewright.db")
            .metadata()
            .unwrap()
            .permissions()
            .mode()
            & 0o777,
        0o600
    );
    host.kill();
    std::fs::set_permissions(&cache, std::fs::Permissions::from_mode(0o777)).unwrap();
    let host = host.restart(&[]);
    host.wait_for_log("others can write to the folder");
}

#[test]
fn the_first_start_makes_secrets_that_others_cannot_read() {
    let host = Host::start(&[]);
    let secrets = host.folder().join("data/secrets.env");
    let text = std::fs::read_to_string(&secrets).unwrap();
    assert!(text.starts_with("SECRET_KEY="));
    #[cfg(unix)]
    assert_eq!(
        std::os::unix::fs::PermissionsExt::mode(&secrets.metadata().unwrap().permissions()) & 0o777,
        0o600
    );
    assert!(!host.log().contains(text.trim().split_once('=').unwrap().1));
    assert!(
        native(host.folder(), &["config", "check"])
            .status()
            .unwrap()
            .success()
    );
    let host = host.restart(&[]);
    assert_eq!(std::fs::read_to_string(secrets).unwrap(), text);
    drop(host);
}

#[test]
fn a_lost_key_is_not_replaced() {
    let mut host = Host::start(&[]);
    host.kill();
    std::fs::remove_file(host.folder().join("data/secrets.env")).unwrap();
    let said = refused(native(host.folder(), &["serve"]));
    assert!(said.contains("SECRET_KEY: not set"), "{said}");
}

#[tokio::test]
async fn another_key_is_noticed_and_nothing_of_it_shown() {
    let host = Host::start(&[]);
    host.register("ada@example.com").await;
    let host = host.restart(&[("SECRET_KEY", "another key that has more than 32 bytes")]);
    host.get("/readyz").await.assert_error(503, "unavailable");
    let answer = host
        .post(
            "/auth/login",
            json!({"email": "ada@example.com", "password": PASSWORD}),
        )
        .await;
    answer.assert_error(500, "internal_error");
    assert_eq!(
        answer.body["error"]["request_id"],
        answer.header("x-request-id")
    );
    assert!(!answer.text.contains("SECRET_KEY"));
    host.wait_for_log("SECRET_KEY does not open the stored signing key");
}

#[test]
fn a_newer_schema_is_refused() {
    let mut host = Host::start(&[]);
    host.kill();
    let database = rusqlite::Connection::open(host.folder().join("data/gatewright.db")).unwrap();
    database
        .execute("INSERT INTO schema_migrations VALUES (99, 'later', 0)", ())
        .unwrap();
    drop(database);
    let said = refused(native(host.folder(), &["serve", "--listen", "127.0.0.1:0"]));
    assert!(said.contains("the database has schema 99"), "{said}");
}

#[test]
fn a_taken_port_is_refused() {
    let host = Host::start(&[]);
    let address = host.base().strip_prefix("http://").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let said = refused(native(folder.path(), &["serve", "--listen", address]));
    assert!(
        said.contains(&format!("can't listen on {address}")),
        "{said}"
    );
}

#[tokio::test]
async fn a_second_start_uses_what_was_compiled() {
    let host = Host::start(&[]);
    // What other tests have lent may be of other components, too.
    let cache = host.folder().join("data/cache");
    let files = || {
        let files = std::fs::read_dir(&cache).unwrap();
        files.map(|file| file.unwrap().path()).collect::<Vec<_>>()
    };
    for file in files() {
        std::fs::remove_file(file).unwrap();
    }
    let host = host.restart(&[]);
    let files = files();
    let [file] = &files[..] else {
        panic!("{files:?}")
    };
    let written = file.metadata().unwrap().modified().unwrap();
    let again = host.restart(&[]);
    assert_eq!(again.get("/healthz").await.status, 200);
    assert_eq!(file.metadata().unwrap().modified().unwrap(), written);
    // Half a file, as a full disk leaves it, is compiled anew.
    std::fs::write(file, b"not machine code").unwrap();
    let again = again.restart(&[]);
    assert_eq!(again.get("/healthz").await.status, 200);
}

/// Hashes let the host's other work go first, but not every other program: at the lowest priority a busy neighbour would
/// keep logins waiting until they time out.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn threads_that_hash_are_nice_within_bounds() {
    let mut host = Host::start(&[]);
    host.register("ada@example.com").await;
    let tasks = std::fs::read_dir(format!("/proc/{}/task", host.process_id())).unwrap();
    let nice_of = |task: std::io::Result<std::fs::DirEntry>| {
        let stat = std::fs::read_to_string(task.unwrap().path().join("stat")).unwrap();
        let (name, rest) = stat.split_once('(').unwrap().1.split_once(") ").unwrap();
        // The nineteenth field; the third is the first of the rest.
        let nice: i32 = rest.split(' ').nth(16).unwrap().parse().unwrap();
        (name.to_owned(), nice)
    };
    let threads: Vec<_> = tasks.map(nice_of).collect();
    let (hashes, others): (Vec<_>, Vec<_>) = threads.iter().partition(|(name, _)| name == "hashes");
    let usual = others.iter().map(|(_, nice)| *nice).min().unwrap();
    assert!(
        !hashes.is_empty()
            && hashes
                .iter()
                .all(|(_, nice)| (usual + 1..=usual + 5).contains(nice)),
        "{threads:?}"
    );
}

/// Most memory, in KiB, that a process had so far.
fn peak(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.unwrap().trim().trim_end_matches(" kB");
    number.parse().unwrap()
}

/// The compiler takes more than 150 MiB, and the allocator would keep them.
#[test]
fn the_first_start_compiles_in_a_process_of_its_own() {
    let folder = std::sync::Arc::new(tempfile::tempdir().unwrap());
    let start = |database: &str| {
        let mut command = native(folder.path(), &["serve", "--listen", "127.0.0.1:0"]);
        command.env(KEY.0, KEY.1);
        command.env("DATABASE_URL", format!("sqlite:data/{database}.db"));
        Host::run(&mut command, folder.clone())
    };
    // Two at once with one cache, which both fill.
    let mut hosts = std::thread::scope(|scope| {
        let hosts = ["one", "two"].map(|name| scope.spawn(move || start(name)));
        hosts.map(|host| host.join().unwrap())
    });
    for host in &mut hosts {
        let peak = peak(host.process_id());
        assert!(peak < 100_000, "{peak} KiB");
    }
    let files = std::fs::read_dir(folder.path().join("data/cache")).unwrap();
    let files: Vec<_> = files.map(|file| file.unwrap().file_name()).collect();
    assert!(
        files.len() == 1 && files[0].to_string_lossy().ends_with(".cwasm"),
        "{files:?}"
    );
}

#[test]
fn a_compiler_that_fails_or_is_killed_stops_the_start_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let garbage = folder.path().join("garbage.wasm");
    std::fs::write(&garbage, b"\0asm and no more").unwrap();
    let listen = ["serve", "--listen", "127.0.0.1:0"];
    let mut command = native(folder.path(), &listen);
    command.arg("--component").arg(&garbage);
    let said = refused(command);
    assert!(said.contains("garbage.wasm: it is no component"), "{said}");

    // It needs more than a second of the processor, and the host far less.
    let host = native(folder.path(), &listen);
    let mut limited = Command::new("sh");
    limited
        .current_dir(folder.path())
        .env_clear()
        .args(["-c", "ulimit -t 1; exec \"$0\" \"$@\""])
        .arg(host.get_program())
        .args(host.get_args())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let said = refused(limited);
    assert!(
        said.contains("the process that compiles the component ended (signal: "),
        "{said}"
    );
    let left = std::fs::read_dir(folder.path().join("data/cache")).unwrap();
    assert_eq!(left.count(), 0);
}

/// Sends the first half of a registration and returns the connection.
fn half_a_request(host: &Host, email: &str) -> (TcpStream, String) {
    let body = json!({"email": email, "password": PASSWORD}).to_string();
    let mut stream = TcpStream::connect(host.base().strip_prefix("http://").unwrap()).unwrap();
    let head = format!(
        "POST /auth/register HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n",
        body.len()
    );
    let (first, second) = body.split_at(body.len() / 2);
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(first.as_bytes()).unwrap();
    (stream, second.to_owned())
}

#[tokio::test]
async fn a_signal_lets_requests_in_flight_finish_and_checkpoints_the_database() {
    for signal in [Signal::TERM, Signal::INT] {
        let mut host = Host::start(&[]);
        // The service is in use, so that this request is in flight and not waiting for the first instance.
        assert_eq!(host.get("/readyz").await.status, 200);
        let (mut stream, rest) = half_a_request(&host, "ada@example.com");
        // The host has taken the connection when it serves a later one.
        assert_eq!(host.get("/healthz").await.status, 200);
        kill_process(
            Pid::from_raw(host.process_id().try_into().unwrap()).unwrap(),
            signal,
        )
        .unwrap();
        host.wait_for_log("stopping");
        stream.write_all(rest.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
        assert!(host.wait().success());
        // The instances that lay idle have not failed.
        let said = host.log();
        assert!(!said.contains("an instance failed"), "{said}");
        let log = host.folder().join("data/gatewright.db-wal");
        assert!(
            log.metadata().map_or(0, |file| file.len()) == 0,
            "the write-ahead log still holds something"
        );
        let host = host.restart(&[]);
        host.login("ada@example.com").await;
    }
}

#[test]
fn a_slow_body_is_ended_and_holds_nobody_up() {
    let host = Host::start(&[("REQUEST_TIMEOUT_SECONDS", "5")]);
    let mut slow: Vec<_> = (0..300)
        .map(|_| half_a_request(&host, "ada@example.com").0)
        .collect();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async { host.register("bob@example.com").await });
    let mut answer = String::new();
    slow[0].read_to_string(&mut answer).unwrap();
    assert!(
        answer.starts_with("HTTP/1.1 408") && answer.contains("\"request_timeout\""),
        "{answer}"
    );
}

mod faulty_guest {
    use super::*;

    /// A host that serves the component which misbehaves on request.
    fn start() -> Host {
        let path = component("faulty");
        Host::start_with(
            &["--component", path.to_str().unwrap()],
            &[("REQUEST_TIMEOUT_SECONDS", "3")],
        )
    }

    /// Calls a bad path and good ones together, again and again: the good ones must not notice.
    async fn costs_its_own_request_alone(path: &str, status: u16, code: &str) {
        let host = start();
        for _ in 0..2 {
            let good = futures::future::join_all((0..20).map(|_| host.get("/fine")));
            let (bad, good) = futures::join!(host.get(path), good);
            bad.assert_error(status, code);
            assert!(
                !bad.text.contains("wasm") && !bad.text.contains("asked to"),
                "{}",
                bad.text
            );
            for answer in good {
                assert_eq!(
                    (answer.status.as_u16(), answer.text.as_str()),
                    (200, "fine")
                );
            }
        }
    }

    #[tokio::test]
    async fn a_trap_costs_its_own_request_alone() {
        costs_its_own_request_alone("/trap", 500, "internal_error").await;
    }

    #[tokio::test]
    async fn an_endless_loop_costs_its_own_request_alone() {
        costs_its_own_request_alone("/loop", 504, "timeout").await;
    }

    #[tokio::test]
    async fn a_memory_hog_costs_its_own_request_alone() {
        costs_its_own_request_alone("/hog", 500, "internal_error").await;
    }
}

#[tokio::test]
async fn an_overload_is_answered_with_503_and_retry_after() {
    // Real hashes, one thread, and room for two that wait.
    let host = Host::start(&[
        ("THREADS", "1"),
        ("MAX_WAITING_HASHES", "2"),
        ("ARGON2_MEMORY_KIB", "65536"),
        ("ARGON2_ITERATIONS", "3"),
        ("INSTANCE_MEMORY_MIB", "208"),
    ]);
    let login = || {
        host.post(
            "/auth/login",
            json!({"email": "nobody@example.com", "password": "wrong"}),
        )
    };
    let answers = futures::future::join_all((0..20).map(|_| login())).await;
    let refused: Vec<_> = answers
        .iter()
        .filter(|answer| answer.status == 503)
        .collect();
    assert!(
        !refused.is_empty() && refused.len() < 20,
        "{} of 20 were refused",
        refused.len()
    );
    for answer in refused {
        answer.assert_error(503, "unavailable");
        assert_eq!(answer.header("retry-after"), "1");
    }
    assert!(
        answers
            .iter()
            .all(|answer| answer.status == 503 || answer.status == 401)
    );
    login().await.assert_error(401, "invalid_credentials");
}

#[tokio::test]
async fn http_2_is_served() {
    let host = Host::start(&[]);
    let client = reqwest::Client::builder()
        .http2_prior_knowledge()
        .build()
        .unwrap();
    let answer = client
        .get(format!("{}/healthz", host.base()))
        .send()
        .await
        .unwrap();
    assert_eq!(
        (answer.version(), answer.status().as_u16()),
        (reqwest::Version::HTTP_2, 200)
    );
}

#[tokio::test]
async fn time_passes_between_starts() {
    let host = Host::start(&[]);
    let tokens = host.register("ada@example.com").await;
    let later = |host: Host, days: u64| {
        host.restart_with(&["--clock-offset", &(days * 86_400).to_string()])
    };
    let host = later(host, 1);
    host.get_as("/auth/me", &tokens.access_token)
        .await
        .assert_error(401, "token_expired");
    let tokens =
        gatewright_tests::host::Tokens::of(&host.refresh(&tokens.refresh_token).await.body);
    let host = later(host, 9);
    host.refresh(&tokens.refresh_token)
        .await
        .assert_error(401, "invalid_refresh_token");
}

/// Templates from a folder take the place of the built-in ones, in mails and in their preview; a wrong one stops the start.
#[test]
fn mail_templates_come_from_a_folder_and_can_be_looked_at() {
    let folder = tempfile::tempdir().unwrap();
    let templates = folder.path().join("templates");
    std::fs::create_dir(&templates).unwrap();
    let text = templates.join("verify_email.txt");
    std::fs::write(&text, "Subject: Welcome to {{ product }}\n\n{{ link }}\n").unwrap();
    let preview = |arguments: &[&str]| {
        let mut command = native(folder.path(), &["mail", "preview"]);
        command
            .args(arguments)
            .env("PRODUCT_NAME", "Acme")
            .env("MAIL_TEMPLATES", "templates");
        command
    };
    let shown = |arguments: &[&str]| {
        let output = preview(arguments).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let own = shown(&["verify_email"]);
    assert!(
        own.contains("Subject: Welcome to Acme\n\nhttps://"),
        "{own}"
    );
    assert!(shown(&["verify_email", "--html"]).starts_with("<!doctype html>"));
    assert!(shown(&["reset_password"]).contains("Acme"));
    assert!(shown(&[]).contains("verify_email.html"));
    assert!(refused(preview(&["no_such_mail"])).contains("no_such_mail"));

    std::fs::write(&text, "Subject: {{ prodct }}\n\n").unwrap();
    let said = refused(preview(&["verify_email"]));
    assert!(said.contains("MAIL_VERIFY_EMAIL_TEXT: line 1"), "{said}");
    std::fs::rename(&text, templates.join("verify_mail.txt")).unwrap();
    let mut serve = native(folder.path(), &["serve"]);
    serve.env(KEY.0, KEY.1).env("MAIL_TEMPLATES", "templates");
    let said = refused(serve);
    assert!(
        said.contains("verify_mail.txt is no template's name"),
        "{said}"
    );
}

/// The native host's mail goes to a mail server; the links in it work.
#[tokio::test]
async fn mail_goes_by_smtp() {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/javascript/smtp-server.mjs");
    let mut server = Command::new("node")
        .args([
            script,
            r#"{"security": "none", "user": "u", "password": "p"}"#,
        ])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(server.stdout.take().unwrap()).lines();
    let port = lines.next().unwrap().unwrap();
    let host = Host::start(&[
        ("EMAIL_PROVIDER", "smtp"),
        ("EMAIL_FROM", "Acme <auth@example.com>"),
        ("SMTP_HOST", "127.0.0.1"),
        ("SMTP_PORT", &port),
        ("SMTP_SECURITY", "none"),
        ("SMTP_USER", "u"),
        ("SMTP_PASSWORD", "p"),
    ]);
    host.register("ada@example.com").await;
    let taken: serde_json::Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
    server.kill().unwrap();
    server.wait().unwrap();
    assert_eq!(taken["to"], json!(["ada@example.com"]));
    let text = taken["mail"]["text"].as_str().unwrap();
    let token = text
        .split("?token=")
        .nth(1)
        .unwrap()
        .split_whitespace()
        .next()
        .unwrap();
    let proof = json!({"password": PASSWORD});
    host.post(&format!("/auth/verify/{token}"), proof)
        .await
        .assert_ok();
}

/// A request that asks whether the service is there, on a connection that stays open.
const HEALTHZ: &[u8] = b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n";

fn connect(host: &Host) -> TcpStream {
    let stream = TcpStream::connect(host.base().strip_prefix("http://").unwrap()).unwrap();
    // Far longer than anything takes: a test that fails ends, too.
    let patience = Some(std::time::Duration::from_secs(120));
    stream.set_read_timeout(patience).unwrap();
    stream
}

/// Asks on a connection, and says whether there is an answer.
fn is_served(stream: &mut TcpStream) -> bool {
    let mut begin = [0; 12];
    stream.write_all(HEALTHZ).is_ok()
        && stream.read_exact(&mut begin).is_ok()
        && &begin == b"HTTP/1.1 200"
}

/// A client with another address than all others.
fn client_at(address: &str) -> reqwest::ClientBuilder {
    let address: std::net::IpAddr = address.parse().unwrap();
    reqwest::Client::builder().local_address(address)
}

/// One network's connections are counted, but not those of trusted proxies; the others have their places.
#[tokio::test]
async fn one_network_has_so_many_connections_and_no_more() {
    let most = ("MAX_CONNECTIONS_PER_NETWORK", "3");
    let host = Host::start(&[most]);
    let mut served: Vec<_> = (0..3).map(|_| connect(&host)).collect();
    assert!(served.iter_mut().all(is_served));
    assert!(!is_served(&mut connect(&host)));
    host.wait_for_line(&["too many connections of one network", "127.0.0.1"]);
    let other = client_at("127.0.0.2").build().unwrap();
    let healthz = other.get(format!("{}/healthz", host.base())).send().await;
    assert_eq!(healthz.unwrap().status(), 200);
    // What has ended leaves its place.
    drop(served);
    let again = || is_served(&mut connect(&host));
    assert!((0..1000).any(|_| again()), "no place was given back");
    let host = host.restart(&[most, ("TRUSTED_PROXIES", "127.0.0.0/30")]);
    let mut served: Vec<_> = (0..20).map(|_| connect(&host)).collect();
    assert!(served.iter_mut().all(is_served));
}

/// Thousands of connections of one address that say nothing take none of the others' places.
#[tokio::test]
async fn thousands_of_slow_connections_of_one_address_keep_nobody_out() {
    let maximum = getrlimit(Resource::Nofile).maximum;
    let all = Rlimit {
        current: maximum,
        maximum,
    };
    setrlimit(Resource::Nofile, all).unwrap();
    let host = Host::start(&[]);
    let mut slow: Vec<_> = (0..4300).map(|_| connect(&host)).collect();
    let other = client_at("127.0.0.2").build().unwrap();
    let healthz = other.get(format!("{}/healthz", host.base())).send().await;
    assert_eq!(healthz.unwrap().status(), 200);
    let served = slow
        .iter_mut()
        .filter_map(|one| is_served(one).then_some(()));
    assert!(served.count() <= 512);
}

/// All bodies under way take a bounded memory together, and one network a part of it; beyond it a client is told to come
/// back, and once there is room again it is answered.
#[tokio::test]
async fn bodies_under_way_take_a_bounded_memory() {
    let host = Host::start(&[("BODY_MEMORY_MIB", "4"), ("REQUEST_TIMEOUT_SECONDS", "5")]);
    host.get("/readyz").await.assert_ok();
    let sent = 60_000;
    let begun = format!(
        "POST /auth/login HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n{}",
        sent + 1000,
        "x".repeat(sent)
    );
    let begin = |_| {
        let mut stream = connect(&host);
        stream.write_all(begun.as_bytes()).unwrap();
        stream
    };
    let slow: Vec<_> = (0..100).map(begin).collect();
    // Other networks have the rest.
    let other = client_at("127.0.0.2").build().unwrap();
    let body = json!({"email": "ada@example.com", "password": PASSWORD});
    let register = other.post(format!("{}/auth/register", host.base()));
    let made = register.json(&body).send().await.unwrap();
    assert_eq!(made.status(), 201);
    let mut refused = 0;
    for mut stream in slow {
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        if answer.starts_with("HTTP/1.1 503") {
            assert!(answer.contains("\"unavailable\""), "{answer}");
            assert!(answer.contains("retry-after: 1"), "{answer}");
            refused += 1;
        } else {
            assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
        }
    }
    // 2 MiB hold 34 of them.
    assert!((66..100).contains(&refused), "{refused} were refused");
    host.login("ada@example.com").await;
}

/// Who doesn't read what is sent holds memory, of which each network has its part, and no instance.
#[tokio::test]
async fn answers_that_nobody_reads_hold_no_instance() {
    let host = Host::start(&[]);
    let client = |address| {
        let client = client_at(address).http2_prior_knowledge();
        // Of each answer one byte is taken, until it is read.
        client.http2_initial_stream_window_size(1).build().unwrap()
    };
    let mut unread = Vec::new();
    for connection in 0..20 {
        let client = client(if connection % 2 == 0 {
            "127.0.0.1"
        } else {
            "127.0.0.3"
        });
        let get = |_| client.get(format!("{}/openapi.json", host.base())).send();
        let answers = futures::future::join_all((0..16).map(get)).await;
        unread.extend(answers.into_iter().map(Result::unwrap));
    }
    let served = unread
        .iter()
        .filter(|answer| answer.status() == 200)
        .count();
    let refused = unread
        .iter()
        .filter(|answer| answer.status() == 503)
        .count();
    assert_eq!(served + refused, unread.len());
    // A quarter of the memory for each of both networks.
    assert!((60..140).contains(&served), "{served} are unread");
    let other = client_at("127.0.0.2").build().unwrap();
    for n in 0..20 {
        let body = json!({"email": format!("u{n}@example.com"), "password": PASSWORD});
        let register = other.post(format!("{}/auth/register", host.base()));
        assert_eq!(register.json(&body).send().await.unwrap().status(), 201);
    }
    drop(unread);
}
