//! Memory and CPU time of processes.

use std::fs;

use anyhow::{Context as _, Result};

use super::client::login;
use crate::running::Running;

/// Returns the CPU time in seconds of the processes that a process started.
pub(super) fn cpu_of_children(id: u32) -> Result<f64> {
    let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children"))?;
    let mut seconds = 0.0;
    for child in children.split_whitespace() {
        seconds += cpu(child.parse()?)?;
    }
    Ok(seconds)
}

/// Returns the CPU time in seconds of a process: of its threads that have not ended.
pub(super) fn cpu(process: u32) -> Result<f64> {
    Ok(scheduled(process, 0)? / 1e9)
}

/// Returns how often the threads of a process have got a processor.
pub(super) fn turns(process: u32) -> Result<f64> {
    scheduled(process, 2)
}

/// Returns the sum of a column of `schedstat` over the threads of a process that have not ended.
fn scheduled(process: u32, column: usize) -> Result<f64> {
    let mut sum = 0.0;
    for task in fs::read_dir(format!("/proc/{process}/task"))? {
        // The thread may have ended.
        let Ok(scheduled) = fs::read_to_string(task?.path().join("schedstat")) else {
            continue;
        };
        let figure = scheduled.split_whitespace().nth(column);
        sum += figure.context("schedstat")?.parse::<f64>()?;
    }
    Ok(sum)
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
    let before = cpu(host.id())?;
    for _ in 0..LOGINS {
        login(base)?;
    }
    Ok((cpu(host.id())? - before) / f64::from(LOGINS))
}
