//! A private PostgreSQL server.

use std::io::{BufRead as _, BufReader};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result, bail};

use crate::install::debian_packages;
use crate::process::output;

const SCRIPT: &str = include_str!("server.sh");
const USER: &str = "bench";

/// A server that is stopped when dropped. If this user is `root`, it runs as the user `postgres`, because PostgreSQL
/// refuses to run as `root`.
pub(super) struct Server {
    process: Child,
    folder: String,
}

impl Server {
    pub(super) fn start() -> Result<Self> {
        if std::env::var_os("POSTGRES_BIN").is_none() {
            debian_packages(&["postgresql"])?;
        }
        let is_root = output(Command::new("id").arg("-u")).as_deref() == Some("0");
        let mut command = if is_root {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--", "sh"]);
            command
        } else {
            Command::new("sh")
        };
        let mut process = command
            .args(["-c", SCRIPT])
            .current_dir("/")
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("can't start PostgreSQL")?;
        let mut folder = String::new();
        let printed = process.stdout.take().context("the server's output")?;
        BufReader::new(printed).read_line(&mut folder)?;
        let folder = folder.trim_end().to_owned();
        if folder.is_empty() {
            bail!("PostgreSQL did not start");
        }
        Ok(Self { process, folder })
    }

    /// Creates an empty database.
    pub(super) fn create(&self, database: &str) -> Result<()> {
        self.query("postgres", &format!("CREATE DATABASE {database}"))?;
        self.query(database, "CREATE EXTENSION pg_stat_statements")?;
        Ok(())
    }

    /// Deletes a database.
    pub(super) fn delete(&self, database: &str) -> Result<()> {
        self.query("postgres", &format!("DROP DATABASE {database}"))?;
        Ok(())
    }

    /// Collects the statistics of a database, as the server does by itself within a minute.
    pub(super) fn analyze(&self, database: &str) -> Result<()> {
        self.query(database, "ANALYZE")?;
        Ok(())
    }

    /// Returns the URL for Gatewright.
    pub(super) fn url(&self, database: &str) -> String {
        let socket = self.folder.replace('/', "%2F");
        format!("postgresql://{USER}@{socket}/{database}")
    }

    /// Returns the URL for SQLAlchemy with asyncpg.
    pub(super) fn asyncpg_url(&self, database: &str) -> String {
        let folder = &self.folder;
        format!("postgresql+asyncpg://{USER}@/{database}?host={folder}")
    }

    /// Runs a statement and returns its only value.
    fn query(&self, database: &str, sql: &str) -> Result<String> {
        let mut psql = Command::new("psql");
        psql.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1"]);
        psql.args(["-h", &self.folder, "-U", USER, "-d", database, "-c", sql]);
        output(&mut psql).with_context(|| format!("psql failed: {sql}"))
    }

    /// Returns the number of statements that the server has run in a database.
    pub(super) fn statements(&self, database: &str) -> Result<u64> {
        let count = "SELECT coalesce(sum(calls), 0) FROM pg_stat_statements JOIN pg_database ON pg_database.oid = dbid \
                     WHERE datname = current_database() AND query NOT LIKE '%pg_stat_statements%'";
        Ok(self.query(database, count)?.parse()?)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}
