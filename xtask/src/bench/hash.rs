//! `cargo xtask bench hash`: password hashes by this repository's WebAssembly and by its peers, in interleaved rounds.
//!
//! A figure is the processor time of the process that computes, because it depends less on other load than the time on
//! the clock.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::thread::available_parallelism;
use std::time::Instant;

use anyhow::{Context as _, Result, anyhow, bail};

use super::load::median;
use super::usage::{cpu, cpu_of_children};
use crate::component::{self, Module};
use crate::install::{npm_packages, python_packages};
use crate::native::build_hashes;
use crate::process::root;

/// Each figure is the median of this many rounds, after one that is not counted.
const ROUNDS: usize = 9;
/// The processor time, in milliseconds, that a contender computes for in a round, and its most hashes.
const ROUND: f64 = 150.0;
const MOST: f64 = 10.0;

/// Kinds of hashes, with one that no password matches.
const KINDS: [(&str, &str); 6] = [
    (
        "argon2id",
        "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$VGhpcyBpcyBub3QgYSByZWFsIGhhc2gsIGJ1dCBsb25nLi4",
    ),
    (
        "bcrypt",
        "$2b$10$abcdefghijklmnopqrstuu7EJV7kdjBBQxyb0HjTh9KS7.Lah/6CG",
    ),
    (
        "scrypt",
        "$scrypt$ln=15,r=8,p=1$c2Vhc2FsdA$VGhpcyBpcyBub3QgYSByZWFsIGhhc2gsIGJ1dCBsb25nLi4",
    ),
    (
        "pbkdf2-sha1",
        "pbkdf2_sha1$100000$salt$AAAAAAAAAAAAAAAAAAAAAAAAAAA=",
    ),
    (
        "pbkdf2-sha256",
        "pbkdf2_sha256$100000$salt$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
    ),
    (
        "pbkdf2-sha512",
        "$pbkdf2-sha512$i=100000,l=32$c2FsdA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    ),
];

/// Peers that compute Argon2 only.
const ARGON2: [&str; 3] = ["hash-wasm", "@noble/hashes", "@node-rs/argon2"];

/// A process that computes hashes, see `tests/hashes/node.mjs`.
struct Contender {
    name: &'static str,
    process: Child,
    /// Taken when this is dropped.
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    /// Whether its child computes.
    by_child: bool,
}

impl Contender {
    fn start(name: &'static str, command: &mut Command) -> Result<Self> {
        let mut child = command
            .current_dir(folder())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| name)?;
        let input = child.stdin.take().context("its input")?;
        let output = child.stdout.take().context("its output")?;
        Ok(Self {
            name,
            process: child,
            input: Some(input),
            output: BufReader::new(output),
            by_child: false,
        })
    }

    /// Computes a hash this many times. Returns the milliseconds of one.
    fn compute(&mut self, (kind, stored): (&str, &str), count: u32) -> Result<f64> {
        let before = self.cpu()?;
        let input = self.input.as_mut().context("its input")?;
        writeln!(input, "{count} {kind} {stored}")?;
        let mut line = String::new();
        self.output.read_line(&mut line)?;
        if line.trim_end() != "done" {
            bail!("{} can't compute {kind}: {line}", self.name);
        }
        Ok((self.cpu()? - before) * 1000.0 / f64::from(count))
    }

    fn cpu(&self) -> Result<f64> {
        match self.by_child {
            true => cpu_of_children(self.process.id()),
            false => cpu(self.process.id()),
        }
    }
}

impl Drop for Contender {
    fn drop(&mut self) {
        // It stops at the end of its input, together with its child.
        drop(self.input.take());
        let _ = self.process.wait();
    }
}

/// Measures and prints the times.
pub(crate) fn run() -> Result<()> {
    component::build(Module::Js)?;
    component::build(Module::Core)?;
    let hashes = build_hashes()?;
    npm_packages(&folder())?;
    python_packages(&folder())?;
    npm_packages(&root().join("hosts/cloudflare"))?;
    let node = |name, implementation| {
        Contender::start(
            name,
            Command::new("node").args(["node.mjs", implementation]),
        )
    };
    let mut native = in_c()?;
    let mut wasmtime = Command::new(hashes);
    wasmtime.env("GATEWRIGHT_COMPONENTS", root().join("target/components"));
    let newer = root().join("hosts/cloudflare/node_modules/node/bin/node");
    let mut workerd = Contender::start(
        "gatewright in workerd",
        Command::new(newer).arg("workerd.mjs"),
    )?;
    workerd.by_child = true;
    let mut ours = [
        node("gatewright in V8", "gatewright")?,
        Contender::start("gatewright in wasmtime", &mut wasmtime)?,
        workerd,
    ];
    let mut peers = Vec::new();
    for name in ARGON2 {
        peers.push(node(name, name)?);
    }
    for kind in KINDS {
        println!("{}, median of {ROUNDS} rounds", kind.0);
        let peers = match kind.0 {
            "argon2id" => &mut peers[..],
            _ => &mut [],
        };
        let mut contenders: Vec<_> = std::iter::once(&mut native)
            .chain(&mut ours)
            .chain(peers)
            .collect();
        let mut counts = Vec::new();
        for contender in &mut contenders {
            // Compilers warm up.
            contender.compute(kind, 3)?;
            counts.push((ROUND / contender.compute(kind, 1)?).clamp(1.0, MOST) as u32);
        }
        let mut times = vec![Vec::new(); contenders.len()];
        for _ in 0..ROUNDS {
            for ((contender, count), times) in contenders.iter_mut().zip(&counts).zip(&mut times) {
                times.push(contender.compute(kind, *count)?);
            }
        }
        let mut first = None;
        for (contender, times) in contenders.iter().zip(times) {
            let time = median(times);
            let ratio = time / *first.get_or_insert(time);
            println!("  {:24} {time:8.2} ms, {ratio:.2} times C", contender.name);
        }
    }
    Ok(())
}

/// Hashes of each process in [`argon2_in_c`].
const HASHES_IN_C: u32 = 60;

/// Returns how many Argon2id hashes argon2-cffi computes in a second of the clock, in a process for each processor.
pub(super) fn argon2_in_c() -> Result<f64> {
    python_packages(&folder())?;
    let processors = available_parallelism()?.get();
    let mut contenders = (0..processors)
        .map(|_| in_c())
        .collect::<Result<Vec<_>>>()?;
    for contender in &mut contenders {
        contender.compute(KINDS[0], 1)?;
    }
    let started = Instant::now();
    std::thread::scope(|scope| -> Result<()> {
        let computing = contenders
            .iter_mut()
            .map(|contender| scope.spawn(|| contender.compute(KINDS[0], HASHES_IN_C)));
        for computed in computing.collect::<Vec<_>>() {
            computed
                .join()
                .map_err(|_| anyhow!("a thread panicked"))??;
        }
        Ok(())
    })?;
    Ok(processors as f64 * f64::from(HASHES_IN_C) / started.elapsed().as_secs_f64())
}

fn in_c() -> Result<Contender> {
    let mut python = Command::new(folder().join(".venv/bin/python"));
    Contender::start("C", python.arg("native.py"))
}

fn folder() -> PathBuf {
    root().join("tests/hashes")
}
