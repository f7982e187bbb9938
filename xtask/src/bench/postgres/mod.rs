//! `cargo xtask bench postgres`: two native hosts on a PostgreSQL database, compared with one on SQLite and with
//! fastapi-users on the same server.
//!
//! The hosts, the server, the peer and the load share the cores of this machine. Runs of all alternate, so that the
//! ratios hold on a busy machine too; the rates are only what was left of it.

mod peer;
mod server;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Result, bail};

use super::client::{TOKENS, curl, sign_in};
use super::load::{Figures, Load, ROUNDS, need_wrk};
use super::native::SETTINGS;
use crate::native::build_scale;
use crate::process::{run, target};
use crate::running::{Running, start, start_as};
use peer::start_peer;
use server::Server;

const HOSTS: usize = 2;
/// Connections of the load on all hosts together, and of the logins on each host.
const CONNECTIONS: u32 = 32;
const STORM: u32 = 8;
/// Connections of the load during an import, and the pause of each before a request, in milliseconds.
const FEW: u32 = 4;
const PAUSE: u32 = 20;
/// The size that the large database is compared with.
const SMALL: u64 = 10_000;
/// Not a secret: the databases exist only during the benchmark.
const SECRET: &str = "the key of a benchmark, not secret";
const DATABASE: &str = "gatewright";

/// Runs the benchmark.
pub(crate) fn measure(users: u64, seconds: u64) -> Result<()> {
    need_wrk()?;
    let (program, scale) = build_scale()?;
    let folder = target().join("bench-postgres");
    let _ = fs::remove_dir_all(&folder);
    let server = Server::start()?;
    let bench = Bench {
        server: &server,
        program,
        scale,
        folder,
        seconds,
    };
    bench.requests()?;
    bench.logins()?;
    bench.sizes(users)?;
    bench.import_beside_load(users)
}

struct Bench<'a> {
    server: &'a Server,
    program: PathBuf,
    scale: PathBuf,
    folder: PathBuf,
    seconds: u64,
}

impl Bench<'_> {
    /// Creates the folder of a process.
    fn folder(&self, name: &str) -> Result<PathBuf> {
        let folder = self.folder.join(name);
        fs::create_dir_all(&folder)?;
        Ok(folder)
    }

    /// Starts hosts on a database, each with a thread of its own for requests.
    fn hosts(&self, database: &str) -> Result<(Vec<Running>, Vec<String>)> {
        let url = self.server.url(database);
        let settings = settings(&url, "1");
        let hosts = (0..HOSTS).map(|number| {
            let folder = self.folder(&format!("host{number}"))?;
            start(&self.program, &folder, &settings)
        });
        Ok(hosts.collect::<Result<Vec<_>>>()?.into_iter().unzip())
    }

    /// `GET /auth/me` on all hosts, on SQLite and on the peer.
    fn requests(&self) -> Result<()> {
        self.server.create(DATABASE)?;
        let (_hosts, bases) = self.hosts(DATABASE)?;
        let tokens = sign_in(&bases[0])?;
        let me = urls(&bases, "/auth/me");
        self.server.analyze(DATABASE)?;
        let load = Load::tokens(self.folder.join("me.lua"), &tokens)?;
        // Connections are opened, and statements prepared on them.
        load.run_all(&me, CONNECTIONS, 2)?;
        let before = self.server.statements(DATABASE)?;
        for token in &tokens {
            let header = format!("authorization: Bearer {token}");
            curl(&["-H", &header, &me[0]])?;
        }
        let statements = self.server.statements(DATABASE)? - before;
        println!(
            "GET /auth/me runs {:.2} statements (aim: 1), without a transaction: a round trip each",
            statements as f64 / TOKENS as f64
        );

        let threads = HOSTS.to_string();
        let (url, folder) = (self.server.url(DATABASE), self.folder("one")?);
        let (_one, one) = start(&self.program, &folder, &settings(&url, &threads))?;
        let one = urls(&[one], "/auth/me");
        let file = self.folder("sqlite")?;
        let (_sqlite, sqlite) = start(&self.program, &file, &settings("sqlite:auth.db", &threads))?;
        let sqlite_load = Load::tokens(self.folder.join("sqlite.lua"), &sign_in(&sqlite)?)?;
        let sqlite = urls(&[sqlite], "/auth/me");
        let peer = start_peer(self.server, HOSTS, SECRET)?;
        let peer_load = Load::tokens(self.folder.join("peer.lua"), &peer.tokens)?;
        let peers = urls(&peer.bases, "/users/me");

        let (mut ours, mut ones, mut files, mut theirs) = (vec![], vec![], vec![], vec![]);
        for _ in 0..ROUNDS {
            ours.push(load.run_all(&me, CONNECTIONS, self.seconds)?);
            ones.push(load.run_all(&one, CONNECTIONS, self.seconds)?);
            files.push(sqlite_load.run_all(&sqlite, CONNECTIONS, self.seconds)?);
            theirs.push(peer_load.run_all(&peers, CONNECTIONS, self.seconds)?);
        }
        let (ours, theirs) = (Figures::median(&ours), Figures::median(&theirs));
        println!("GET /auth/me, {HOSTS} hosts, {CONNECTIONS} connections: {ours} (aim: p99 10 ms)");
        println!(
            "  one host with {HOSTS} threads: {}",
            Figures::median(&ones)
        );
        println!(
            "  one host on SQLite with {HOSTS} threads: {}",
            Figures::median(&files)
        );
        println!(
            "  fastapi-users, {HOSTS} processes: {theirs}; ratio {:.1} (aim: 8)",
            ours.rate / theirs.rate
        );
        Ok(())
    }

    /// Logins on one host and on two, each on a core of its own.
    fn logins(&self) -> Result<()> {
        let cores = std::thread::available_parallelism()?.get();
        if cores < HOSTS {
            println!("POST /auth/login: not measured, because {HOSTS} hosts need {HOSTS} cores");
            return Ok(());
        }
        let url = self.server.url(DATABASE);
        let settings = settings(&url, "1");
        let program = self.program.display().to_string();
        let hosts = (0..HOSTS).map(|core| {
            let folder = self.folder(&format!("host{core}"))?;
            let core = core.to_string();
            let arguments = ["-c", &core, &program, "serve"];
            start_as(&arguments, Path::new("taskset"), &folder, &settings)
        });
        let (_hosts, bases): (Vec<_>, Vec<_>) =
            hosts.collect::<Result<Vec<_>>>()?.into_iter().unzip();
        let login = urls(&bases, "/auth/login");
        let load = Load::login(self.folder.join("login.lua"))?;
        let (mut one, mut all) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            one.push(load.run_all(&login[..1], STORM, self.seconds)?);
            all.push(load.run_all(&login, STORM * HOSTS as u32, self.seconds)?);
        }
        let (one, all) = (Figures::median(&one), Figures::median(&all));
        println!("POST /auth/login, one host pinned to a core: {one}");
        println!(
            "  {HOSTS} hosts, each pinned to a core: {all}; ratio {:.2} (aim: 1.7)",
            all.rate / one.rate
        );
        Ok(())
    }

    /// Imports, look-ups, searches and pages in two sizes.
    fn sizes(&self, users: u64) -> Result<()> {
        println!("aim of an import into an empty database: 20000 a second");
        for size in [SMALL.min(users), users] {
            let database = "scale";
            self.server.create(database)?;
            run(&mut self.scale(database, size))?;
            self.server.delete(database)?;
        }
        Ok(())
    }

    fn scale(&self, database: &str, users: u64) -> Command {
        let mut scale = Command::new(&self.scale);
        scale
            .arg(users.to_string())
            .env("GATEWRIGHT_PROGRAM", &self.program)
            .env("DATABASE_URL", self.server.url(database))
            .env("SECRET_KEY", SECRET);
        scale
    }

    /// An import into the database of hosts that serve.
    fn import_beside_load(&self, users: u64) -> Result<()> {
        let database = "serving";
        self.server.create(database)?;
        let (_hosts, bases) = self.hosts(database)?;
        let tokens = sign_in(&bases[0])?;
        let me = urls(&bases, "/auth/me");
        let load = Load::tokens(self.folder.join("few.lua"), &tokens)?.paced(PAUSE)?;
        println!("into a database that serves (aim: 10000 a second):");
        let over = AtomicBool::new(false);
        let runs = std::thread::scope(|scope| -> Result<_> {
            let serving = scope.spawn(|| -> Result<Vec<Figures>> {
                let mut runs = Vec::new();
                while !over.load(Ordering::Relaxed) {
                    runs.push(load.run_all(&me, FEW, 2)?);
                }
                Ok(runs)
            });
            let imported = run(self.scale(database, users).arg("--import-only"));
            over.store(true, Ordering::Relaxed);
            let Ok(runs) = serving.join() else {
                bail!("a thread panicked")
            };
            imported?;
            runs
        })?;
        println!(
            "  GET /auth/me meanwhile, {FEW} connections that pause {PAUSE} ms: {}",
            Figures::median(&runs)
        );
        Ok(())
    }
}

/// The settings of a host on a database with this number of threads for requests.
fn settings<'a>(url: &'a str, threads: &'a str) -> Vec<(&'a str, &'a str)> {
    let own = [
        ("DATABASE_URL", url),
        ("SECRET_KEY", SECRET),
        ("THREADS", threads),
    ];
    SETTINGS.iter().copied().chain(own).collect()
}

fn urls(bases: &[String], path: &str) -> Vec<String> {
    bases.iter().map(|base| format!("{base}{path}")).collect()
}
