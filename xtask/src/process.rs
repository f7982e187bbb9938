//! Runs other programs.

use std::cell::RefCell;
use std::fs::File;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

/// The time after which a program in a stage counts as hung in continuous integration. Building everything took 25 minutes
/// on a slow machine.
const LIMIT: Duration = Duration::from_secs(40 * 60);

thread_local! {
    /// The file that receives the output of this thread's programs; `None` means the terminal.
    static OUTPUT: RefCell<Option<File>> = const { RefCell::new(None) };
}

/// Returns the root of the repository.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .map_or_else(PathBuf::new, PathBuf::from)
}

/// Returns the target folder of all builds.
pub(crate) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// Returns the cargo that runs this program.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    // Cargo's variables about xtask are removed: otherwise build scripts that read them would run again.
    for (name, _) in std::env::vars_os() {
        let about_this = name.to_str().is_some_and(|name| {
            name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")
        });
        if about_this {
            command.env_remove(name);
        }
    }
    command
}

/// Redirects the output of this thread's programs to a file.
pub(crate) fn print_to(file: File) {
    OUTPUT.set(Some(file));
}

/// Runs a program and fails if it fails.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let output = OUTPUT.with_borrow(|file| -> std::io::Result<_> {
        let Some(file) = file else { return Ok(None) };
        Ok(Some((file.try_clone()?, file.try_clone()?)))
    })?;
    let limited = output.is_some() && std::env::var_os("CI").is_some();
    if let Some((stdout, stderr)) = output {
        command.stdout(stdout).stderr(stderr).stdin(Stdio::null());
    }
    let status = if limited {
        run_limited(command)
    } else {
        command.status().map(Some)
    };
    let status = status.with_context(|| format!("can't start {}", name(command)))?;
    let Some(status) = status else {
        let minutes = LIMIT.as_secs() / 60;
        bail!("{} was stopped after {minutes} minutes", name(command));
    };
    if !status.success() {
        bail!("{} failed: {status}", name(command));
    }
    Ok(())
}

/// Runs a program and its children in a process group, which is killed at the time limit, so that the output up to there
/// is printed. Nobody interrupts a run in continuous integration from a terminal, whose signals the group would miss.
fn run_limited(command: &mut Command) -> std::io::Result<Option<ExitStatus>> {
    let mut child = command.process_group(0).spawn()?;
    let begun = Instant::now();
    while begun.elapsed() < LIMIT {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    let group = format!("-{}", child.id());
    Command::new("kill")
        .args(["-KILL", "--", &group])
        .status()?;
    child.wait()?;
    Ok(None)
}

/// Runs a program and returns its output without the last line break, or `None` if it fails or is missing.
pub(crate) fn output(command: &mut Command) -> Option<String> {
    let output = command
        .output()
        .ok()
        .filter(|output| output.status.success())?;
    Some(
        String::from_utf8_lossy(&output.stdout)
            .trim_end()
            .to_owned(),
    )
}

/// Returns the output of `cargo metadata`.
pub(crate) fn metadata(options: &[&str]) -> Result<serde_json::Value> {
    let mut command = cargo();
    command.args(["metadata", "--locked", "--format-version", "1"]);
    let text = output(command.args(options)).context("cargo metadata failed")?;
    Ok(serde_json::from_str(&text)?)
}

fn name(command: &Command) -> String {
    let arguments = command
        .get_args()
        .map(|argument| argument.to_string_lossy());
    let words: Vec<_> = std::iter::once(command.get_program().to_string_lossy())
        .chain(arguments)
        .collect();
    words.join(" ")
}
