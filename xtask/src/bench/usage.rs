//! Memory and CPU time of processes.

use std::fs;

use anyhow::{Context as _, Result};

use super::client::login;
use crate::running::Running;

/// Returns the CPU time in seconds of the processes that a process started.
pub(super) fn cpu_of_children(process: &Running) -> Result<f64> {
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

/// Returns the resident memory in MB.
pub(super) fn memory(host: &Running) -> Result<f64> {
    let status =
        fs::read_to_string(format!("/proc/{}/status", host.id())).context("needs /proc")?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .context("VmRSS")?;
    Ok(line.trim().trim_end_matches(" kB").parse::<f64>()? * 1024.0 / 1e6)
}

/// Returns the CPU time in seconds of one login, averaged over many sequential logins.
pub(super) fn cpu_of_a_login(host: &Running, base: &str) -> Result<f64> {
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
