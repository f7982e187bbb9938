//! Load by wrk.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use super::client::login_body;
use crate::install::debian_packages;
use crate::process::output;

/// Number of runs for each figure, which is their median; ours and those of the peer alternate.
pub(super) const ROUNDS: usize = 3;

/// Installs wrk, or says how.
pub(super) fn need_wrk() -> Result<()> {
    let there = || output(Command::new("which").arg("wrk")).is_some();
    if !there() && Path::new("/etc/debian_version").exists() {
        debian_packages(&["wrk"])?;
    }
    if !there() {
        bail!("wrk is missing; install it: https://github.com/wg/wrk");
    }
    Ok(())
}

/// A script for wrk.
pub(super) struct Load(PathBuf);

impl Load {
    /// Requests with these bearer tokens in turn.
    pub(super) fn tokens(path: PathBuf, tokens: &[String]) -> Result<Self> {
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
    pub(super) fn login(path: PathBuf) -> Result<Self> {
        let body = login_body().to_string();
        let headers = "wrk.headers[\"content-type\"] = \"application/json\"";
        fs::write(
            &path,
            format!("wrk.method = \"POST\"\n{headers}\nwrk.body = [[{body}]]\n"),
        )?;
        Ok(Self(path))
    }

    /// Runs wrk.
    pub(super) fn run(&self, url: &str, connections: u32, seconds: u64) -> Result<Figures> {
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

/// What wrk has measured.
pub(super) struct Figures {
    /// Requests per second.
    pub(super) rate: f64,
    /// Median latency in milliseconds.
    pub(super) p50: f64,
    /// The 99th percentile of the latency in milliseconds.
    pub(super) p99: f64,
}

impl Figures {
    /// The run with the median rate.
    pub(super) fn median(mut runs: Vec<Self>) -> Self {
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
