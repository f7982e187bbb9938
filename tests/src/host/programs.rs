//! The programs of the hosts, and their arguments.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The key that encrypts stored secrets, for hosts that don't generate one.
const SECRET_KEY: &str = "0123456789abcdef0123456789abcdef";

/// Returns the command of the native host, run in a folder with an empty environment. `GATEWRIGHT_PROGRAM` names the
/// program.
pub fn native(folder: &Path, arguments: &[&str]) -> Command {
    let built = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/debug/gatewright");
    let program = std::env::var_os("GATEWRIGHT_PROGRAM").map_or_else(built, PathBuf::from);
    assert!(
        program.exists(),
        "{} is missing: run `cargo xtask test`",
        program.display()
    );
    let mut command = Command::new(program.canonicalize().unwrap());
    command
        .current_dir(folder)
        .args(arguments)
        .env_clear()
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Returns the command of a manifest's Spin application on the native host, run in a folder, which stores its state.
pub fn spin(folder: &Path, manifest: &Path) -> Command {
    let mut command = native(folder, &["spin", "up", "--listen", "127.0.0.1:0"]);
    command
        .arg("--from")
        .arg(manifest)
        .arg("--state-dir")
        .arg(folder.join(".spin"))
        .env("SPIN_VARIABLE_SECRET_KEY", SECRET_KEY);
    command
}

/// Returns the command of the Worker in Cloudflare's runtime, run in a folder, which stores its state.
pub fn cloudflare(folder: &Path) -> Command {
    let mut command = node("serve.mjs");
    command.current_dir(folder).args(worker_arguments());
    command
}

/// Returns the command of a script of the Workers host, with an empty environment.
pub(super) fn node(script: &str) -> Command {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../hosts/cloudflare");
    let mut command = Command::new(source.join("node_modules/node/bin/node"));
    command
        .arg(source.join(script).canonicalize().unwrap())
        .env_clear()
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Returns the arguments of every Worker of the tests.
pub(super) fn worker_arguments() -> Vec<String> {
    let secret = format!("SECRET_KEY={SECRET_KEY}");
    [
        "--listen",
        "127.0.0.1:0",
        "--state",
        "state",
        "--var",
        &secret,
    ]
    .map(str::to_owned)
    .to_vec()
}

/// Returns the command of another Worker instead: storage on D1 for the contract kit.
pub fn worker_kit(folder: &Path) -> Command {
    let mut command = cloudflare(folder);
    let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/worker-kit");
    command.arg("--build").arg(built.canonicalize().unwrap());
    command
}

/// Returns the path of a manifest for Spin.
pub fn manifest(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../hosts/spin")
        .join(name)
        .canonicalize()
        .unwrap()
}

/// Returns the path of a component that was built for the tests.
pub fn component(name: &str) -> PathBuf {
    let built = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/components");
    let folder = std::env::var_os("GATEWRIGHT_COMPONENTS").map_or_else(built, PathBuf::from);
    let path = folder.join(format!("{name}.wasm"));
    assert!(
        path.exists(),
        "{} is missing: run `cargo xtask test`",
        path.display()
    );
    path.canonicalize().unwrap()
}
