//! Lints and documents what the tests have built. `cargo clippy` and `cargo doc` would first check all dependencies
//! again, which takes half as long as the tests.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use crate::native;
use crate::process::{cargo, metadata, run, target};

/// The messages of cargo about a build.
#[derive(Default)]
pub(crate) struct Built {
    /// The number of warnings of the compiler and clippy, which are printed.
    pub(crate) warnings: usize,
    /// The libraries of each package, with their number of features: a build script's library can have fewer.
    libraries: BTreeMap<String, (usize, String)>,
    /// The targets of the workspace that have documentation: package and target.
    documented: Vec<(String, Value)>,
}

impl Built {
    /// Builds everything that runs on this machine, unless it is built already.
    pub(crate) fn everything() -> Result<Self> {
        let mut built = Self::default();
        for mut build in native::messages() {
            let done = build
                .stderr(Stdio::inherit())
                .output()
                .context("can't start cargo")?;
            for line in String::from_utf8_lossy(&done.stdout).lines() {
                built.take(&serde_json::from_str(line)?);
            }
            if !done.status.success() {
                bail!("the build failed: {}", done.status);
            }
        }
        Ok(built)
    }

    fn take(&mut self, message: &Value) {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let target = &message["target"];
        match message["reason"].as_str() {
            Some("compiler-message") => {
                eprint!("{}", text(&message["message"]["rendered"]));
                self.warnings += 1;
            }
            Some("compiler-artifact") if message["profile"]["test"] == false => {
                let package = text(&message["package_id"]);
                let kind = text(&target["kind"][0]);
                if kind.ends_with("lib") || kind == "proc-macro" {
                    let features = message["features"].as_array().map_or(0, Vec::len);
                    let files = message["filenames"].as_array().into_iter().flatten();
                    let importable = if kind == "proc-macro" { ".so" } else { ".rlib" };
                    let library = files.map(text).find(|file| file.ends_with(importable));
                    let known = self.libraries.get(&package).map(|(features, _)| *features);
                    if let Some(library) = library
                        && known.is_none_or(|known| known < features)
                    {
                        self.libraries.insert(package.clone(), (features, library));
                    }
                }
                // The ID of a workspace package contains its folder.
                if package.starts_with("path+") && (kind.ends_with("lib") || kind == "bin") {
                    self.documented.push((package, target.clone()));
                }
            }
            _ => {}
        }
    }
}

/// Writes the documentation of the workspace's crates to `target/doc`. Fails if rustdoc warns.
pub(crate) fn document(built: &Built) -> Result<()> {
    let metadata = metadata(&[])?;
    let of = |list: &Value, id: &str| -> Value {
        let mut entries = list.as_array().into_iter().flatten();
        let found = entries.find(|entry| entry["id"] == id);
        found.cloned().unwrap_or_default()
    };
    let mut failed = Vec::new();
    let rustdoc = Path::new(cargo().get_program()).with_file_name("rustdoc");
    for (id, crate_target) in &built.documented {
        let package = of(&metadata["packages"], id);
        let node = of(&metadata["resolve"]["nodes"], id);
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let mut command = Command::new(&rustdoc);
        command
            .args(["--document-private-items", "-D", "warnings", "--edition"])
            .arg(text(&crate_target["edition"]))
            .arg("--crate-name")
            .arg(text(&crate_target["name"]).replace('-', "_"))
            .arg("--crate-type")
            .arg(text(&crate_target["crate_types"][0]))
            .arg("--out-dir")
            .arg(target().join("doc"))
            .arg("-L")
            .arg(format!(
                "dependency={}",
                target().join("debug/deps").display()
            ));
        for feature in node["features"].as_array().into_iter().flatten() {
            command.arg("--cfg").arg(format!("feature={feature}"));
        }
        let mut externs: Vec<_> = node["deps"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|dependency| (text(&dependency["name"]), text(&dependency["pkg"])))
            .collect();
        if crate_target["kind"][0] == "bin" {
            externs.push((text(&package["name"]).replace('-', "_"), id.clone()));
        }
        for (name, dependency) in externs {
            if let Some((_, library)) = built.libraries.get(&dependency) {
                command.arg("--extern").arg(format!("{name}={library}"));
            }
        }
        let manifest = text(&package["manifest_path"]);
        command
            .env(
                "CARGO_MANIFEST_DIR",
                Path::new(&manifest).with_file_name(""),
            )
            .env("CARGO_PKG_NAME", text(&package["name"]))
            .env("CARGO_PKG_VERSION", text(&package["version"]));
        if run(command.arg(text(&crate_target["src_path"]))).is_err() {
            failed.push(text(&crate_target["name"]));
        }
    }
    if !failed.is_empty() {
        bail!("rustdoc reported problems in: {}", failed.join(", "));
    }
    Ok(())
}
