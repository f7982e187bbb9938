//! Benchmarks of the native host.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use super::client::{ADMINISTRATOR, TOKENS, administrator_token, curl, login, sign_in};
use super::hash::argon2_in_c;
use super::issuer::start_issuer;
use super::load::{Figures, IMPORTED, Load, ROUNDS, median};
use super::peer::start_peer;
use super::usage::{cpu, cpu_of_a_login, memory, turns};
use crate::running::{Running, start};

/// Connections of the normal load, and of the storm of logins.
const CONNECTIONS: u32 = 32;
const STORM: u32 = 8;
/// Connections of the heavy load, and of the one beside imports.
const MANY: u32 = 256;
const FEW: u32 = 4;

/// The time after which an idle host has released memory.
const IDLE: Duration = Duration::from_secs(14);
/// The time in which the wake-ups of an idle host are counted.
const AWHILE: Duration = Duration::from_secs(5);

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
    let before = turns(first.id())?;
    std::thread::sleep(AWHILE);
    println!(
        "idle after the first start: memory {:.0} MB (aim: 60), {:.0} wake-ups a second (aim: 10)",
        memory(&first)?,
        (turns(first.id())? - before) / AWHILE.as_secs_f64()
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
    let further = provider.into_iter().chain(ADMINISTRATOR);
    let settings: Vec<_> = SETTINGS.iter().copied().chain(further).collect();
    let (host, base) = start(program, folder, &settings)?;
    let tokens = sign_in(&base)?;
    let me = format!("{base}/auth/me");
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
        quiet.push(ours.run(&me, CONNECTIONS, seconds)?);
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
        me_cost += cost(&host, &ours, &me, seconds)?.0;
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

    let many = ours.run(&me, MANY, seconds)?;
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
    let (login_url, import_url) = (format!("{base}/auth/login"), format!("{base}/users/import"));
    let importing = Load::imports(folder.join("import.lua"), &administrator_token(&base)?)?;
    let (mut few, mut disturbed, mut imports) = (vec![], vec![], vec![]);
    for _ in 0..ROUNDS {
        calm.push(ours.run(&me, CONNECTIONS, seconds)?);
        let storm = (&logging_in, login_url.as_str(), STORM);
        let (measured, noise, memory) =
            run_beside(&host, storm, (&ours, &me, CONNECTIONS), seconds)?;
        stormy.push(measured);
        storms.push(noise);
        peak = memory.max(peak);
        few.push(ours.run(&me, FEW, seconds)?);
        let (measured, noise, _) = run_beside(
            &host,
            (&importing, &import_url, 1),
            (&ours, &me, FEW),
            seconds,
        )?;
        disturbed.push(measured);
        imports.push(noise);
    }
    let (calm, stormy) = (Figures::median(&calm), Figures::median(&stormy));
    println!("during a storm of logins ({}):", Figures::median(&storms));
    println!(
        "  GET /auth/me: {stormy}; p99 {:.1} times the p99 without logins, {:.1} ms (aim: 1.5)",
        stormy.p99 / calm.p99,
        calm.p99
    );
    println!("  peak memory: {peak:.0} MB (aim: 120)");
    let (few, disturbed) = (Figures::median(&few), Figures::median(&disturbed));
    println!(
        "GET /auth/me, {FEW} connections: {few}; beside imports of {IMPORTED} users ({:.0}/s): {disturbed}; median {:.1} times",
        Figures::median(&imports).rate,
        disturbed.p50 / few.p50
    );

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

/// The script of a load, its URL, and the number of its connections.
type Stream<'a> = (&'a Load, &'a str, u32);

/// Runs a load beside another one. Returns the figures of both, and the peak of the host's memory in MB.
fn run_beside(
    host: &Running,
    noise: Stream<'_>,
    measured: Stream<'_>,
    seconds: u64,
) -> Result<(Figures, Figures, f64)> {
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let noise = scope.spawn(move || noise.0.run(noise.1, noise.2, seconds + 2));
        let peak = scope.spawn(|| -> Result<f64> {
            let mut peak: f64 = 0.0;
            while !over.load(Ordering::Relaxed) {
                peak = peak.max(memory(host)?);
                std::thread::sleep(Duration::from_millis(50));
            }
            Ok(peak)
        });
        std::thread::sleep(Duration::from_secs(1));
        let measured = measured.0.run(measured.1, measured.2, seconds);
        over.store(true, Ordering::Relaxed);
        let (Ok(noise), Ok(peak)) = (noise.join(), peak.join()) else {
            bail!("a thread panicked")
        };
        Ok((measured?, noise?, peak?))
    })
}

/// Runs a load. Returns the host's CPU time in seconds for one request, and the figures.
fn cost(host: &Running, load: &Load, url: &str, seconds: u64) -> Result<(f64, Figures)> {
    load.measure(url, STORM, 1)?;
    let before = cpu(host.id())?;
    let figures = load.measure(url, STORM, seconds)?;
    Ok((
        (cpu(host.id())? - before) / (figures.rate * seconds as f64),
        figures,
    ))
}
