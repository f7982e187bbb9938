//! Test targets and their source files.

use std::path::{Path, PathBuf};

use anyhow::Result;
use serde_json::Value;

use crate::packages::{PRODUCT, TESTED};
use crate::process::metadata;

/// A target with tests.
pub(crate) struct Target {
    pub(crate) name: String,
    kind: String,
    source: PathBuf,
    checks: PathBuf,
}

impl Target {
    /// Returns whether it is a test program, and not a crate with unit tests.
    pub(crate) fn is_program(&self) -> bool {
        self.kind == "test"
    }

    /// Returns its files: the root file and those in its folder, including the checks of the contract kit.
    pub(crate) fn sources(&self) -> Vec<PathBuf> {
        let root_of_crate = ["main.rs", "lib.rs"]
            .iter()
            .any(|name| self.source.ends_with(name));
        let mut sources = vec![self.source.clone()];
        if root_of_crate {
            sources.extend(self.source.parent().map(Path::to_path_buf));
        } else {
            sources.push(self.source.with_extension(""));
        }
        sources.push(self.checks.clone());
        let mut files = Vec::new();
        while let Some(path) = sources.pop() {
            match std::fs::read_dir(&path) {
                Ok(entries) => sources.extend(entries.flatten().map(|entry| entry.path())),
                Err(_) if path.extension().is_some_and(|extension| extension == "rs") => {
                    files.push(path);
                }
                Err(_) => {}
            }
        }
        files
    }
}

/// Returns all targets with tests.
pub(crate) fn test_targets() -> Result<Vec<Target>> {
    let metadata = metadata(&["--no-deps"])?;
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let ours = |package: &Value| {
        let mut names = PRODUCT.iter().chain(&TESTED);
        names.any(|name| package["name"] == *name)
    };
    let mut targets = Vec::new();
    for package in list(&metadata["packages"])
        .iter()
        .filter(|package| ours(package))
    {
        let manifest = PathBuf::from(text(&package["manifest_path"]));
        for target in list(&package["targets"]) {
            if target["test"] == true {
                let name = text(&target["name"]);
                targets.push(Target {
                    checks: manifest.with_file_name("src").join(&name),
                    name,
                    kind: text(&target["kind"][0]),
                    source: text(&target["src_path"]).into(),
                });
            }
        }
    }
    Ok(targets)
}
