//! The examples that call the component.

use std::path::{Path, PathBuf};
use std::process::Command;

use auth_core::jose::{Algorithm, Claims};
use gatewright_tests::host::component;

use super::{claims, key_set};

/// Runs an example with tokens that are in force and expired now, and compares what it prints.
fn check_example(folder: &Path, program: &Path, arguments: &[&Path]) {
    let keys = key_set(Algorithm::EdDsa, 7);
    let scratch = tempfile::tempdir().unwrap();
    let jwks = scratch.path().join("jwks.json");
    std::fs::write(&jwks, keys.jwks()).unwrap();
    for (exp, told) in [
        (
            u32::MAX.into(),
            "token subject: ada\ncan write posts: true\n",
        ),
        (1, "token refused: expired\n"),
    ] {
        let token = keys
            .issue(&Claims {
                exp,
                iat: 0,
                ..claims()
            })
            .unwrap();
        let output = Command::new(program)
            .args(arguments)
            .args([jwks.as_os_str(), token.as_ref()])
            .current_dir(folder)
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        let printed = String::from_utf8(output.stdout).unwrap().to_lowercase();
        let begun = "stored hash: $argon2id$v=19$m=19456,t=2,p=1\n\
            totp uri: otpauth://totp/acme:ada%40example.com?secret=…&issuer=acme&algorithm=sha1&digits=6&period=30\n";
        assert_eq!(printed, format!("{begun}{told}"));
    }
}

/// The folder of an example; `needed` is what `cargo xtask test` installs there.
fn example(name: &str, needed: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../examples/core")
        .join(name);
    assert!(
        folder.join(needed).exists(),
        "{needed} is missing: run `cargo xtask test`"
    );
    folder.canonicalize().unwrap()
}

#[test]
fn the_example_in_rust_runs() {
    let program = Path::new(env!("CARGO_BIN_EXE_core-example"));
    check_example(
        &example("rust", "main.rs"),
        program,
        &[&component("auth-core")],
    );
}

#[test]
fn the_example_in_python_runs() {
    let folder = example("python", ".venv");
    let python = folder.join(".venv/bin/python");
    check_example(
        &folder,
        &python,
        &["main.py".as_ref(), &component("auth-core")],
    );
}

#[test]
fn the_example_in_javascript_runs() {
    let folder = example("javascript", "node_modules");
    let built = Command::new("node")
        .arg("build.mjs")
        .arg(component("auth-core"))
        .current_dir(&folder)
        .status();
    assert!(built.unwrap().success());
    check_example(&folder, Path::new("node"), &["main.mjs".as_ref()]);
}
