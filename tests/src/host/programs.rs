//! The programs of the hosts, and their arguments.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::compiled::Compiled;

/// The key that encrypts stored secrets, for hosts that don't generate one.
pub(super) const SECRET_KEY: &str = "0123456789abcdef0123456789abcdef";

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

/// The folder of the compiled components of a Spin application.
pub(super) const SPIN_CACHE: &str = ".spin/cache";

/// Returns the command of a manifest's Spin application on the native host, run in a folder, which stores its state.
pub fn spin(folder: &Path, manifest: &Path) -> Command {
    Compiled::of("spin").lend(&folder.join(SPIN_CACHE));
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

/// Returns a manifest for Spin that has these settings as variables and allows requests to the services on this machine
/// that they name. It is a copy in this folder, unless the usual one has them all: it declares no settings of providers,
/// because the operator chooses their names.
pub(super) fn manifest_with(
    folder: &Path,
    component_name: &str,
    settings: &[(String, String)],
) -> PathBuf {
    let usual = manifest("spin.toml");
    let mut text = std::fs::read_to_string(&usual).unwrap();
    let (mut hosts, mut variables, mut own) = (String::new(), String::new(), String::new());
    for (name, value) in settings {
        let name = name.to_lowercase();
        if text.contains(&format!("\n{name} = ")) || own.contains(&format!("\n{name} = ")) {
            continue;
        }
        if let Some(rest) = value.strip_prefix("http://127.0.0.1:") {
            let port = rest.split('/').next().unwrap();
            hosts += &format!("\n    \"http://127.0.0.1:{port}\",");
        }
        variables += &format!("\n{name} = {{ default = \"\" }}");
        own += &format!("\n{name} = \"{{{{ {name} }}}}\"");
    }
    let built = "source = \"../../target/components/gatewright-spin.wasm\"";
    if own.is_empty() && built.contains(&format!("{component_name}.wasm")) {
        return usual;
    }
    let source = format!("source = {:?}", component(component_name));
    for (line, further) in [
        ("allowed_outbound_hosts = [", hosts),
        ("[variables]", variables),
        ("[component.gatewright.variables]", own),
    ] {
        assert_eq!(text.matches(&format!("\n{line}\n")).count(), 1, "{line}");
        text = text.replace(&format!("\n{line}\n"), &format!("\n{line}{further}\n"));
    }
    assert!(text.contains(built), "{text}");
    let path = folder.join("spin.toml");
    std::fs::write(&path, text.replace(built, &source)).unwrap();
    path
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
