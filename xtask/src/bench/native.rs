//! Benchmarks of the native host.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use super::client::{TOKENS, curl, login, sign_in};
use super::hash::argon2_in_c;
use super::issuer::start_issuer;
use super::load::{Figures, Load, ROUNDS, median};
use super::peer::start_peer;
use super::usage::{cpu, cpu_of_a_login, memory};
use crate::running::{Running, start};

/// Connections of the normal load, and of the storm of logins.
const CONNECTIONS: u32 = 32;
const STORM: u32 = 8;
/// Connections of the heavy load.
const MANY: u32 = 256;

/// The time after which an idle host has released memory.
const IDLE: Duration = Duration::from_secs(14);

/// Rate limits are off, because a load exceeds them.
pub(super) const SETTINGS: &[(&str, &str)] = &[
    ("LOGIN_ATTEMPTS_PER_IP", "0"),
    ("LOGIN_ATTEMPTS_PER_ACCOUNT", "0"),
    ("SIGN_INS_PER_USER", "0"),
    ("LOG_LEVEL", "error"),
];

/// Measures starts, memory, latency and throughput.
pub(super) fn measure(program: &Path, folder: &Path, seconds: u64) -> Result<()> {
    // The first start compiles the component; the others use the compiled one.
    let (first, base) = start(program, folder, SETTINGS)?;
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
        let (_running, base) = start(program, folder, SETTINGS)?;
        curl(&[&format!("{base}/healthz")])?;
        starts.push(started.elapsed());
    }
    starts.sort();
    println!(
        "start to first response, compiled component cached: {} ms (aim: 100)",
        starts[2].as_millis()
    );

    let issuer = start_issuer()?;
    let provider = [
        ("OIDC_PROVIDERS", "acme"),
        ("OIDC_ACME_ISSUER", issuer.as_str()),
        ("OIDC_ACME_CLIENT_ID", "client"),
        ("OIDC_ACME_CLIENT_SECRET", "secret"),
    ];
    let settings: Vec<_> = SETTINGS.iter().copied().chain(provider).collect();
    let (host, base) = start(program, folder, &settings)?;
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
    let (quiet, beside) = (Figures::median(&quiet), Figures::median(&beside));
    println!(
        "GET /auth/me, {CONNECTIONS} connections, {TOKENS} tokens: {quiet} (aim: 15000/s, p99 5 ms)"
    );
    println!(
        "  Node + jose, no database: {beside}; ratio {:.1}",
        quiet.rate / beside.rate
    );

    let starting = Load::get(folder.join("start.lua"))?;
    let (mut me_cost, mut start_cost) = (0.0, 0.0);
    let mut starts = Vec::new();
    for _ in 0..ROUNDS {
        me_cost += cost(&host, &ours, &format!("{base}/auth/me"), seconds)?.0;
        let (cost, figures) = cost(
            &host,
            &starting,
            &format!("{base}/auth/oauth/acme"),
            seconds,
        )?;
        start_cost += cost;
        starts.push(figures);
    }
    println!(
        "GET /auth/oauth/{{provider}}, {STORM} connections: {}; {:.2} times the CPU time of GET /auth/me (aim: 1.1)",
        Figures::median(&starts),
        start_cost / me_cost
    );

    let many = ours.run(&format!("{base}/auth/me"), MANY, seconds)?;
    let under_load = memory(&host)?;
    std::thread::sleep(IDLE);
    println!(
        "memory after {MANY} connections: {under_load:.0} MB, idle again {:.0} MB (aim: 80); GET /auth/me: {many}",
        memory(&host)?
    );

    let (mut logins, mut peer_logins, mut in_c) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        in_c.push(argon2_in_c()?);
        logins.push(logging_in.run(&format!("{base}/auth/login"), STORM, seconds)?);
        peer_logins.push(logging_in.run(&format!("{peer}/auth/login"), STORM, seconds)?);
    }
    let (logins, peer_logins) = (Figures::median(&logins), Figures::median(&peer_logins));
    println!(
        "POST /auth/login, {STORM} connections: {logins} (aim: 95/s where argon2-cffi takes 17 ms)"
    );
    let in_c = median(in_c);
    println!(
        "  argon2-cffi, a process for each processor: {in_c:.0} hashes/s; ratio {:.2} (aim: 0.81, which is 95/s there)",
        logins.rate / in_c
    );
    println!(
        "  Node + hash-wasm, one thread, no database: {peer_logins}; ratio {:.1}",
        logins.rate / peer_logins.rate
    );

    let (mut calm, mut stormy, mut storms, mut peak) = (vec![], vec![], vec![], 0.0);
    for _ in 0..ROUNDS {
        calm.push(ours.run(&format!("{base}/auth/me"), CONNECTIONS, seconds)?);
        let (beside, storm, memory) = in_a_storm(&host, &base, &ours, &logging_in, seconds)?;
        stormy.push(beside);
        storms.push(storm);
        peak = memory.max(peak);
    }
    let (calm, stormy) = (Figures::median(&calm), Figures::median(&stormy));
    println!("during a storm of logins ({}):", Figures::median(&storms));
    println!(
        "  GET /auth/me: {stormy}; p99 {:.1} times the p99 without logins, {:.1} ms (aim: 1.5)",
        stormy.p99 / calm.p99,
        calm.p99
    );
    println!("  peak memory: {peak:.0} MB (aim: 120)");

    let costly = cpu_of_a_login(&host, &base)?;
    drop(host);
    // The same database and the same work, with a cheap hash.
    let cheap = [("ARGON2_MEMORY_KIB", "8"), ("ARGON2_ITERATIONS", "1")];
    let settings: Vec<_> = SETTINGS.iter().copied().chain(cheap).collect();
    let (host, base) = start(program, folder, &settings)?;
    // The first login rehashes the stored password with these parameters.
    login(&base)?;
    let rest = cpu_of_a_login(&host, &base)?;
    println!(
        "CPU time of a login: {:.1} ms, without the hash {:.1} ms: {:.2} times the hash (aim: 1.15)",
        costly * 1000.0,
        rest * 1000.0,
        costly / (costly - rest)
    );
    drop(host);
    Ok(())
}

/// Runs a load beside a storm of logins. Returns the figures of both, and the peak of the host's memory in MB.
fn in_a_storm(
    host: &Running,
    base: &str,
    load: &Load,
    logging_in: &Load,
    seconds: u64,
) -> Result<(Figures, Figures, f64)> {
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let login = format!("{base}/auth/login");
        let storm = scope.spawn(move || logging_in.run(&login, STORM, seconds + 2));
        let peak = scope.spawn(|| -> Result<f64> {
            let mut peak: f64 = 0.0;
            while !over.load(Ordering::Relaxed) {
                peak = peak.max(memory(host)?);
                std::thread::sleep(Duration::from_millis(50));
            }
            Ok(peak)
        });
        std::thread::sleep(Duration::from_secs(1));
        let beside = load.run(&format!("{base}/auth/me"), CONNECTIONS, seconds);
        over.store(true, Ordering::Relaxed);
        let (Ok(storm), Ok(peak)) = (storm.join(), peak.join()) else {
            bail!("a thread panicked")
        };
        Ok((beside?, storm?, peak?))
    })
}

/// Runs a load. Returns the host's CPU time in seconds for one request, and the figures.
fn cost(host: &Running, load: &Load, url: &str, seconds: u64) -> Result<(f64, Figures)> {
    let before = cpu(host.id())?;
    let figures = load.run(url, STORM, seconds)?;
    Ok((
        (cpu(host.id())? - before) / (figures.rate * seconds as f64),
        figures,
    ))
}
