//! `cargo xtask bench`: what the hosts do on this machine, beside a peer in the same run.

use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

use crate::component::{self, Module};
use crate::install::{debian_packages, npm_packages};
use crate::native::{Profile, build_host, build_scale};
use crate::process::{output, root, target};
use crate::running::{Running, start, start_as};
use crate::test::javascript;

const PASSWORD: &str = "correct horse battery staple";
/// Connections of the load, and those of a storm of logins.
const CONNECTIONS: u32 = 32;
const STORM: u32 = 8;
/// Connections after whose load memory has to be given back, within this time.
const MANY: u32 = 256;
const REST: Duration = Duration::from_secs(10);
/// Different tokens in turn, so that no figure is that of one.
const TOKENS: usize = 200;
/// Each figure is the median of this many, ours and the peer's in turn.
const ROUNDS: usize = 3;

/// After this the host has given back what it does not need.
const IDLE: Duration = Duration::from_secs(8);

/// No limits: a load is what they are for.
const SETTINGS: &[(&str, &str)] = &[
    ("LOGIN_ATTEMPTS_PER_IP", "0"),
    ("LOGIN_ATTEMPTS_PER_ACCOUNT", "0"),
    ("SIGN_INS_PER_USER", "0"),
    ("LOG_LEVEL", "error"),
];

/// `cargo xtask bench verify`: the npm package beside its peers.
pub(crate) fn verify() -> Result<()> {
    component::build(Module::Js)?;
    let folder = root().join("hosts/js");
    npm_packages(&folder)?;
    crate::process::run(Command::new("node").arg("bench.mjs").current_dir(folder))
}

/// A million users on SQLite, beside ten thousand.
pub(crate) fn scale() -> Result<()> {
    crate::process::run(&mut scale_command()?)
}

/// The program that measures that.
pub(crate) fn scale_command() -> Result<Command> {
    let (host, scale) = build_scale()?;
    let mut command = Command::new(scale);
    command.env("GATEWRIGHT_PROGRAM", host);
    Ok(command)
}

/// Measures and prints.
pub(crate) fn run(seconds: u64) -> Result<()> {
    need_wrk()?;
    npm_packages(&javascript())?;
    let program = build_host(Profile::Release)?;
    let folder = target().join("bench");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder)?;

    // The first start compiles; the others find the compiled component.
    let (first, base) = start(&program, &folder, SETTINGS)?;
    curl(&[&format!("{base}/healthz")])?;
    std::thread::sleep(IDLE);
    println!(
        "memory, idle after the first start: {:.0} MB (aim: 60)",
        memory(&first)?
    );
    drop(first);
    let mut starts = Vec::new();
    for _ in 0..5 {
        let started = Instant::now();
        let (_running, base) = start(&program, &folder, SETTINGS)?;
        curl(&[&format!("{base}/healthz")])?;
        starts.push(started.elapsed());
    }
    starts.sort();
    println!(
        "start to first answer, compiled component cached: {} ms (aim: 100)",
        starts[2].as_millis()
    );

    let (host, base) = start(&program, &folder, SETTINGS)?;
    let tokens = sign_in(&base)?;
    let after_logins = memory(&host)?;
    std::thread::sleep(IDLE);
    curl(&[&format!("{base}/healthz")])?;
    println!(
        "memory, idle: {:.0} MB (aim: 40); just after {TOKENS} logins {after_logins:.0} MB",
        memory(&host)?
    );

    let (_peer, peer, peer_tokens) = start_peer()?;
    let ours = Load::tokens(folder.join("me.lua"), &tokens)?;
    let theirs = Load::tokens(folder.join("peer.lua"), &peer_tokens)?;
    let logging_in = Load::login(folder.join("login.lua"))?;

    let (mut quiet, mut beside) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        quiet.push(ours.run(&format!("{base}/auth/me"), CONNECTIONS, seconds)?);
        beside.push(theirs.run(&format!("{peer}/auth/me"), CONNECTIONS, seconds)?);
    }
    let (quiet, beside) = (Figures::median(quiet), Figures::median(beside));
    println!(
        "GET /auth/me, {CONNECTIONS} connections, {TOKENS} tokens: {quiet} (aim: 15000/s, p99 5 ms)"
    );
    println!(
        "  Node + jose, no database: {beside}; ratio {:.1}",
        quiet.rate / beside.rate
    );

    let many = ours.run(&format!("{base}/auth/me"), MANY, seconds)?;
    let at_once = memory(&host)?;
    std::thread::sleep(REST);
    println!(
        "memory after {MANY} connections: {at_once:.0} MB, ten seconds later {:.0} MB (aim: 80); GET /auth/me: {many}",
        memory(&host)?
    );

    let (mut logins, mut peer_logins) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        logins.push(logging_in.run(&format!("{base}/auth/login"), STORM, seconds)?);
        peer_logins.push(logging_in.run(&format!("{peer}/auth/login"), STORM, seconds)?);
    }
    let (logins, peer_logins) = (Figures::median(logins), Figures::median(peer_logins));
    println!("POST /auth/login, {STORM} connections: {logins}");
    println!(
        "  Node + hash-wasm, one thread, no database: {peer_logins}; ratio {:.1}",
        logins.rate / peer_logins.rate
    );

    let over = AtomicBool::new(false);
    let (stormy, peak) = std::thread::scope(|scope| -> Result<_> {
        let storm =
            scope.spawn(|| logging_in.run(&format!("{base}/auth/login"), STORM, seconds + 2));
        let peak = scope.spawn(|| -> Result<f64> {
            let mut peak: f64 = 0.0;
            while !over.load(Ordering::Relaxed) {
                peak = peak.max(memory(&host)?);
                std::thread::sleep(Duration::from_millis(50));
            }
            Ok(peak)
        });
        std::thread::sleep(Duration::from_secs(1));
        let stormy = ours.run(&format!("{base}/auth/me"), CONNECTIONS, seconds);
        over.store(true, Ordering::Relaxed);
        let ended = (storm.join(), peak.join());
        let (Ok(storm), Ok(peak)) = ended else {
            bail!("a thread panicked")
        };
        println!("in a storm of logins ({}):", storm?);
        Ok((stormy?, peak?))
    })?;
    println!(
        "  GET /auth/me: {stormy}; p99 {:.1} times the quiet one (aim: 3)",
        stormy.p99 / quiet.p99
    );
    println!("  memory, highest: {peak:.0} MB (aim: 120)");

    let costly = cpu_of_a_login(&host, &base)?;
    drop(host);
    // The same database and the same work, but for the hash.
    let cheap = [("ARGON2_MEMORY_KIB", "8"), ("ARGON2_ITERATIONS", "1")];
    let settings: Vec<_> = SETTINGS.iter().copied().chain(cheap).collect();
    let (host, base) = start(&program, &folder, &settings)?;
    // The first login brings the stored hash to these parameters.
    login(&base)?;
    let rest = cpu_of_a_login(&host, &base)?;
    println!(
        "processor time of a login: {:.1} ms, without its hash {:.1} ms: Argon2 is {:.0} % (aim: 90)",
        costly * 1000.0,
        rest * 1000.0,
        100.0 * (1.0 - rest / costly)
    );
    drop(host);
    spin(&program, &folder, seconds)?;
    cloudflare(&folder)
}

/// What an instance for every request costs, as Spin may make them: the same application, instances used again and
/// used once, in turn.
fn spin(program: &Path, folder: &Path, seconds: u64) -> Result<()> {
    let component = component::build(Module::Spin)?;
    println!(
        "Spin: service and provider composed: {:.2} MB (aim: 3)",
        component.metadata()?.len() as f64 / 1e6
    );
    let manifest = root().join("hosts/spin/spin.toml");
    let state = folder.join("spin");
    let up = |instance_requests| {
        let arguments = [
            "spin".as_ref(),
            "up".as_ref(),
            "--from".as_ref(),
            manifest.as_os_str(),
            "--state-dir".as_ref(),
            state.as_os_str(),
        ];
        let settings = [
            ("INSTANCE_REQUESTS", instance_requests),
            (
                "SPIN_VARIABLE_SECRET_KEY",
                "0123456789abcdef0123456789abcdef",
            ),
            ("SPIN_VARIABLE_LOGIN_ATTEMPTS_PER_IP", "0"),
            ("SPIN_VARIABLE_LOGIN_ATTEMPTS_PER_ACCOUNT", "0"),
            ("SPIN_VARIABLE_SIGN_INS_PER_USER", "0"),
        ];
        start_as(&arguments, program, folder, &settings)
    };
    let (_again, again) = up("100000")?;
    let (_once, once) = up("1")?;
    let load = Load::tokens(folder.join("spin.lua"), &sign_in(&again)?)?;
    // The second also opens the database, and verifies its token without what an instance remembers.
    for path in ["/healthz", "/auth/me"] {
        let (mut reused, mut fresh) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            reused.push(load.run(&format!("{again}{path}"), 1, seconds)?);
            fresh.push(load.run(&format!("{once}{path}"), 1, seconds)?);
        }
        let (reused, fresh) = (Figures::median(reused), Figures::median(fresh));
        println!(
            "Spin: GET {path}, one connection: instance used again {:.2} ms, fresh {:.2} ms at the median: {:.2} ms more (aim: 1)",
            reused.p50,
            fresh.p50,
            fresh.p50 - reused.p50
        );
    }
    Ok(())
}

/// What a Worker is held to: its size, its start, and how often it asks its database.
fn cloudflare(folder: &Path) -> Result<()> {
    let built = component::build(Module::Worker)?;
    let source = root().join("hosts/cloudflare");
    npm_packages(&source)?;
    let mut pack = Command::new("tar");
    pack.args(["--create", "--gzip", "--file=-", "--directory"])
        .arg(&built)
        .args(["--exclude=migrations", "--exclude=wrangler.toml", "."]);
    println!(
        "Workers: scripts and module, gzipped: {:.0} KB (aim: 600)",
        pack.output()?.stdout.len() as f64 / 1e3
    );

    let empty = folder.join("empty-worker");
    fs::create_dir_all(empty.join("migrations"))?;
    fs::copy(built.join("wrangler.toml"), empty.join("wrangler.toml"))?;
    let script = "export default { fetch: () => Response.json({}) };";
    fs::write(empty.join("worker.js"), script)?;
    let node = source.join("node_modules/node/bin/node");
    let script = source.join("serve.mjs");
    let serve = |build: &Path, state: &str, further: &[&str]| {
        let own: [&OsStr; 5] = [
            script.as_ref(),
            "--build".as_ref(),
            build.as_ref(),
            "--state".as_ref(),
            state.as_ref(),
        ];
        let arguments: Vec<_> = own
            .into_iter()
            .chain(further.iter().map(OsStr::new))
            .collect();
        start_as(&arguments, &node, folder, &[])
    };
    let variables = [
        "--var",
        "SECRET_KEY=0123456789abcdef0123456789abcdef",
        "--var",
        "LOGIN_ATTEMPTS_PER_IP=0",
        "--inspect",
    ];
    let mut starts = [Vec::new(), Vec::new()];
    for round in 0..5 {
        for (build, starts) in [&empty, &built].into_iter().zip(&mut starts) {
            let (running, base) = serve(build, &format!("start{round}"), &variables[..4])?;
            curl(&[&format!("{base}/healthz")])?;
            starts.push(cpu_of_children(&running)?);
        }
    }
    let [nothing, ours] = starts.map(|mut starts| {
        starts.sort_by(f64::total_cmp);
        starts[2] * 1000.0
    });
    println!(
        "Workers: processor time to the first answer: {ours:.0} ms, of an empty Worker {nothing:.0} ms: {:.0} ms more (aim: 50)",
        ours - nothing
    );

    let (running, base) = serve(&built, "calls", &variables)?;
    let registered = post(&format!("{base}/auth/register"), &login_body())?;
    let token = registered["tokens"]["access_token"]
        .as_str()
        .context("a token")?;
    let bearer = format!("authorization: Bearer {token}");
    let me = ["-H", &bearer, &format!("{base}/auth/me")];
    let body = login_body().to_string();
    let url = format!("{base}/auth/login");
    let login = ["-H", "content-type: application/json", "-d", &body, &url];
    println!(
        "Workers: calls of D1: GET /auth/me {} (aim: 1), POST /auth/login {} (aim: 3)",
        d1_calls(&me)?,
        d1_calls(&login)?
    );
    drop(running);
    let (_running, base) = serve(&built, "calls", &variables)?;
    let first = ["-H", &bearer, &format!("{base}/auth/me")];
    println!(
        "  GET /auth/me as the first request of an isolate, which reads the keys: {}",
        d1_calls(&first)?
    );
    Ok(())
}

/// Seconds that the processes have computed which a process started.
fn cpu_of_children(process: &Running) -> Result<f64> {
    let id = process.id();
    let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children"))?;
    let mut nanoseconds = 0.0;
    for child in children.split_whitespace() {
        for task in fs::read_dir(format!("/proc/{child}/task"))? {
            let scheduled = fs::read_to_string(task?.path().join("schedstat"))?;
            let first = scheduled.split(' ').next().context("schedstat")?;
            nanoseconds += first.parse::<f64>()?;
        }
    }
    Ok(nanoseconds / 1e9)
}

/// How often a request made the Worker call its database.
fn d1_calls(arguments: &[&str]) -> Result<u32> {
    let head = output(
        Command::new("curl")
            .args(["-sS", "--fail", "-o", "/dev/null", "-D", "-"])
            .args(arguments),
    );
    let head = head.context("the Worker does not answer")?;
    let line = head
        .lines()
        .find_map(|line| line.strip_prefix("d1-calls: "));
    Ok(line.context("no count")?.trim().parse()?)
}

fn need_wrk() -> Result<()> {
    let there = || output(Command::new("which").arg("wrk")).is_some();
    if !there() && Path::new("/etc/debian_version").exists() {
        debian_packages(&["wrk"])?;
    }
    if !there() {
        bail!("wrk is missing; install it: https://github.com/wg/wrk");
    }
    Ok(())
}

fn curl(arguments: &[&str]) -> Result<Value> {
    let text = output(
        Command::new("curl")
            .args(["-sS", "--fail-with-body", "--max-time", "10"])
            .args(arguments),
    )
    .with_context(|| format!("curl {} failed", arguments.join(" ")))?;
    serde_json::from_str(&text).context("the answer is not JSON")
}

fn post(url: &str, body: &Value) -> Result<Value> {
    curl(&[
        "-H",
        "content-type: application/json",
        "-d",
        &body.to_string(),
        url,
    ])
}

fn login_body() -> Value {
    json!({"email": "user0@example.com", "password": PASSWORD})
}

fn login(base: &str) -> Result<Value> {
    post(&format!("{base}/auth/login"), &login_body())
}

/// One user, and many sessions of him.
fn sign_in(base: &str) -> Result<Vec<String>> {
    post(&format!("{base}/auth/register"), &login_body())?;
    (0..TOKENS)
        .map(|_| {
            Ok(login(base)?["access_token"]
                .as_str()
                .context("a token")?
                .to_owned())
        })
        .collect()
}

fn start_peer() -> Result<(Running, String, Vec<String>)> {
    let mut child = Command::new("node")
        .args(["peer.mjs", &TOKENS.to_string()])
        .current_dir(root().join("tests/javascript"))
        .stdout(Stdio::piped())
        .spawn()?;
    let mut line = String::new();
    BufReader::new(child.stdout.take().context("the peer's output")?).read_line(&mut line)?;
    let said: Value = serde_json::from_str(&line).context("the peer did not start")?;
    let tokens = said["tokens"].as_array().context("tokens")?;
    let tokens = tokens
        .iter()
        .filter_map(|token| token.as_str().map(str::to_owned))
        .collect();
    Ok((
        Running::new(child),
        format!("http://127.0.0.1:{}", said["port"]),
        tokens,
    ))
}

/// A script for wrk.
struct Load(PathBuf);

impl Load {
    /// Requests with these bearer tokens in turn.
    fn tokens(path: PathBuf, tokens: &[String]) -> Result<Self> {
        let mut file = fs::File::create(&path)?;
        writeln!(file, "local tokens = {{")?;
        for token in tokens {
            writeln!(file, "  \"Bearer {token}\",")?;
        }
        writeln!(
            file,
            "}}\nlocal next = 0\nrequest = function()\n  next = next % #tokens + 1"
        )?;
        writeln!(
            file,
            "  wrk.headers[\"authorization\"] = tokens[next]\n  return wrk.format()\nend"
        )?;
        Ok(Self(path))
    }

    /// Logins of the one user.
    fn login(path: PathBuf) -> Result<Self> {
        let body = login_body().to_string();
        let headers = "wrk.headers[\"content-type\"] = \"application/json\"";
        fs::write(
            &path,
            format!("wrk.method = \"POST\"\n{headers}\nwrk.body = [[{body}]]\n"),
        )?;
        Ok(Self(path))
    }

    fn run(&self, url: &str, connections: u32, seconds: u64) -> Result<Figures> {
        let mut wrk = Command::new("wrk");
        wrk.args([
            "-t1",
            "--latency",
            "--timeout",
            "20s",
            "-c",
            &connections.to_string(),
            "-d",
            &format!("{seconds}s"),
            "-s",
        ]);
        let text = output(wrk.arg(&self.0).arg(url)).context("wrk failed")?;
        if text.contains("Non-2xx") || text.contains("Socket errors") {
            bail!("some requests failed:\n{text}");
        }
        let figure = |name: &str| {
            let line = text.lines().find_map(|line| line.trim().strip_prefix(name));
            line.map(|rest| rest.trim().to_owned())
                .with_context(|| format!("wrk printed no {name}:\n{text}"))
        };
        Ok(Figures {
            rate: figure("Requests/sec:")?.parse()?,
            p50: milliseconds(&figure("50%")?)?,
            p99: milliseconds(&figure("99%")?)?,
        })
    }
}

fn milliseconds(text: &str) -> Result<f64> {
    let (number, unit) = text.split_at(text.find(char::is_alphabetic).context("a unit")?);
    let factor = match unit {
        "us" => 0.001,
        "ms" => 1.0,
        "s" => 1000.0,
        _ => bail!("{text} is no time"),
    };
    Ok(number.parse::<f64>()? * factor)
}

struct Figures {
    rate: f64,
    p50: f64,
    p99: f64,
}

impl Figures {
    /// Of several runs the one with the median rate.
    fn median(mut runs: Vec<Self>) -> Self {
        runs.sort_by(|a, b| a.rate.total_cmp(&b.rate));
        let middle = runs.len() / 2;
        runs.swap_remove(middle)
    }
}

impl std::fmt::Display for Figures {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            formatter,
            "{:.0}/s, median {:.1} ms, p99 {:.1} ms",
            self.rate, self.p50, self.p99
        )
    }
}

/// Resident memory in MB.
fn memory(host: &Running) -> Result<f64> {
    let status =
        fs::read_to_string(format!("/proc/{}/status", host.id())).context("needs /proc")?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .context("VmRSS")?;
    Ok(line.trim().trim_end_matches(" kB").parse::<f64>()? * 1024.0 / 1e6)
}

/// Seconds of processor time that one login takes, of many one after another.
fn cpu_of_a_login(host: &Running, base: &str) -> Result<f64> {
    const LOGINS: u32 = 50;
    let used = || -> Result<f64> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", host.id()))?;
        let fields: Vec<&str> = stat
            .rsplit(')')
            .next()
            .unwrap_or_default()
            .split_whitespace()
            .collect();
        // utime and stime, the 14th and 15th of proc_pid_stat(5), in ticks of 10 ms.
        Ok(fields[11..13]
            .iter()
            .filter_map(|ticks| ticks.parse::<f64>().ok())
            .sum::<f64>()
            / 100.0)
    };
    let before = used()?;
    for _ in 0..LOGINS {
        login(base)?;
    }
    Ok((used()? - before) / f64::from(LOGINS))
}
