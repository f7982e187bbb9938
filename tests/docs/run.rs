//! Running a page.

use std::net::TcpListener;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use gatewright_tests::host::{Compiled, native};
use gatewright_tests::repository;
use rustix::process::{Pid, Signal, kill_process_group};

use crate::answer;
use crate::page::{Block, Page};
use crate::script::{Ports, script, starts_host};

/// Seconds after which a page is stopped, because it hangs.
const PATIENCE: &str = "300";

/// Runs the commands of a page in a folder of their own. Returns what went wrong.
pub(crate) fn run(page: &Page) -> Vec<String> {
    if !page.blocks.iter().any(Block::runs) {
        return Vec::new();
    }
    let folder = tempfile::tempdir().unwrap();
    let [home, programs, outputs] = ["home", "bin", "outputs"].map(|name| {
        let path = folder.path().join(name);
        std::fs::create_dir(&path).unwrap();
        path
    });
    let program = native(&home, &[]).get_program().to_owned();
    std::os::unix::fs::symlink(program, programs.join("gatewright")).unwrap();
    place_package(&home);
    let compiled = Compiled::of("native");
    compiled.lend(&home.join("data/cache"));

    let ports = Ports {
        host: free_port(),
        second: free_port(),
        postgres: free_port(),
    };
    let file = folder.path().join("script");
    std::fs::write(&file, script(page, &ports)).unwrap();
    let path = std::env::var("PATH").unwrap();
    let mut bash = Command::new("timeout");
    bash.args(["--kill-after=5", PATIENCE, "bash", "-euo", "pipefail"])
        .arg(&file)
        .current_dir(&home)
        .env_clear()
        .env("HOME", &home)
        .env("PATH", format!("{}:{path}", programs.display()))
        .env("LANG", "C.UTF-8")
        .env("PRELUDE", repository::root().join("tests/docs/prelude.sh"))
        .env("PAGE", &page.path)
        .env("PORT", ports.host.to_string())
        .env("POSTGRES_PORT", ports.postgres.to_string())
        .env("OUTPUTS", &outputs)
        .env("HOST_LOG", outputs.join("log"))
        .env("STARTS_HOST", if starts_host(page) { "yes" } else { "no" })
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(std::fs::File::create(outputs.join("errors")).unwrap())
        .process_group(0);
    let mut child = bash.spawn().unwrap();
    let group = Pid::from_child(&child);
    let status = child.wait().unwrap();
    // A page may have left something behind that still runs.
    let _ = kill_process_group(group, Signal::KILL);
    compiled.keep(&home.join("data/cache"));

    let output = |name: &str| std::fs::read_to_string(outputs.join(name)).unwrap_or_default();
    if !status.success() || !outputs.join("end").exists() {
        let errors = output("errors").replace(&*file.to_string_lossy(), &page.path);
        return vec![format!("{} ({status}):\n{errors}", page.path)];
    }
    let answers = page.blocks.iter().filter_map(|shown| {
        let of = page.shows_output_of(shown)?;
        let difference = answer::difference(shown, &output(&of.first.to_string()))?;
        Some(format!("{}:{}: {difference}", page.path, shown.first))
    });
    answers.collect()
}

/// Puts the npm package where modules in this folder find it.
pub(crate) fn place_package(folder: &Path) {
    let built = repository::root().join("target/js");
    assert!(
        built.exists(),
        "{} is missing: run `cargo xtask test`",
        built.display()
    );
    let scope = folder.join("node_modules/@gatewright");
    std::fs::create_dir_all(&scope).unwrap();
    std::os::unix::fs::symlink(built, scope.join("verify")).unwrap();
}

/// Finds a port that nobody listens on, outside of those that the system hands out by itself. Returns each only once.
fn free_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let mut ports = std::iter::from_fn(|| {
        let offset = std::process::id() + NEXT.fetch_add(1, Ordering::Relaxed);
        u16::try_from(20_000 + offset % 10_000).ok()
    });
    let is_free = |port: &u16| TcpListener::bind(("127.0.0.1", *port)).is_ok();
    ports.find(is_free).unwrap()
}
