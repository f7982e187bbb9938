//! The validators of each kind of file.

use std::process::Command;

use gatewright_tests::repository;

use crate::read;

/// The exposure that `systemd-analyze security` finds at most, in tenths; the least is 0. The service needs the network, and
/// memory that is written and executed.
const EXPOSURE: &str = "20";

/// Runs a program in the repository, which must succeed.
fn accepted(program: &str, arguments: &[&str]) {
    let root = repository::root();
    let installed = root.join("tests/deployment/.venv/bin").join(program);
    let mut command = match installed.exists() {
        true => Command::new(installed),
        false => Command::new(program),
    };
    let output = command.args(arguments).current_dir(root).output();
    let output = output.unwrap_or_else(|error| panic!("{program}: {error}"));
    assert!(
        output.status.success(),
        "{program} {arguments:?}:\n{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

/// Returns the repository's files with this beginning and this end.
fn files(begin: &str, end: &str) -> Vec<String> {
    let files = repository::files().into_iter();
    let files: Vec<_> = files
        .filter(|path| path.starts_with(begin) && path.ends_with(end))
        .collect();
    assert!(!files.is_empty());
    files
}

#[test]
fn hadolint_accepts_the_dockerfile() {
    accepted("hadolint", &["Dockerfile"]);
}

#[test]
fn the_compose_files_follow_their_specification() {
    let files = files("compose.", "yaml");
    let files = files.iter().map(|path| &**path);
    let schema = ["--builtin-schema", "vendor.compose-spec"];
    let arguments: Vec<_> = schema.into_iter().chain(files).collect();
    accepted("check-jsonschema", &arguments);
}

#[test]
fn the_manifests_for_kubernetes_follow_its_schemas() {
    let files = files("deploy/kubernetes/", "yaml");
    let files = files.iter().map(|path| &**path);
    let arguments: Vec<_> = ["--strict"].into_iter().chain(files).collect();
    accepted("kubernetes-validate", &arguments);
}

#[test]
fn caddy_accepts_its_settings() {
    let file = ["--adapter", "caddyfile", "--config", "deploy/Caddyfile"];
    let arguments: Vec<_> = ["validate"].into_iter().chain(file).collect();
    accepted("caddy", &arguments);
}

#[test]
fn systemd_accepts_the_unit_and_finds_it_little_exposed() {
    let path = "deploy/gatewright.service";
    let threshold = format!("--threshold={EXPOSURE}");
    accepted(
        "systemd-analyze",
        &["security", "--offline=true", "--no-pager", &threshold, path],
    );
    // It looks for the program, too.
    let (before, after) = read(path)
        .split_once("ExecStart=/usr/local/lib/gatewright/gatewright ")
        .map(|(before, after)| (before.to_owned(), after.to_owned()))
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("gatewright.service");
    std::fs::write(&copy, format!("{before}ExecStart=/bin/true {after}")).unwrap();
    accepted("systemd-analyze", &["verify", &copy.to_string_lossy()]);
}
