//! Hosts that run during a benchmark or test.

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result};

/// A process that is stopped when dropped.
pub(crate) struct Running(Child);

impl Running {
    /// Takes ownership of a process.
    pub(crate) fn new(child: Child) -> Self {
        Self(child)
    }

    /// Returns its process ID.
    pub(crate) fn id(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts the native host in a folder with these settings, and returns its address.
pub(crate) fn start(
    host: &Path,
    folder: &Path,
    settings: &[(&str, &str)],
) -> Result<(Running, String)> {
    start_as(&["serve"], host, folder, settings)
}

/// Starts the native host with these arguments, and returns its address.
pub(crate) fn start_as<S: AsRef<OsStr>>(
    arguments: &[S],
    host: &Path,
    folder: &Path,
    settings: &[(&str, &str)],
) -> Result<(Running, String)> {
    let mut child = Command::new(host)
        .args(arguments)
        .args(["--listen", "127.0.0.1:0"])
        .current_dir(folder)
        .envs(settings.iter().copied())
        .stdout(Stdio::piped())
        .stderr(std::fs::File::create(folder.join("log"))?)
        .spawn()?;
    let mut lines = BufReader::new(child.stdout.take().context("the host's output")?)
        .lines()
        .map_while(Result::ok);
    let running = Running(child);
    let base = lines.find_map(|line| {
        line.strip_prefix("listening")
            .map(|rest| rest.trim().to_owned())
    });
    let base = base.with_context(|| {
        format!(
            "the host did not start; its log is {}",
            folder.join("log").display()
        )
    })?;
    // Reads the output to the end, so that the pipe never fills up.
    std::thread::spawn(move || lines.for_each(drop));
    Ok((running, base))
}
