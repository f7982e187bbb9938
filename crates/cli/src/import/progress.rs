//! The progress of an import, stored beside the file.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};
use gatewright_transfer::objects;
use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;

/// The progress of an import.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Progress {
    /// The file, how it is read, and the service that imports it.
    pub(super) source: String,
    /// Number of processed records, including refused ones.
    pub(super) records: u64,
    pub(super) created: u64,
    pub(super) existing: u64,
    pub(super) refused: u64,
    /// Number of users with left-out fields.
    #[serde(default)]
    pub(super) left_out: u64,
    /// Approximate verification time of the most expensive imported password hash, in milliseconds; 0 if there is none.
    #[serde(default)]
    pub(super) password_cost_ms: u32,
}

impl Progress {
    pub(super) fn counted(&self) -> String {
        let Self {
            records,
            created,
            existing,
            refused,
            left_out,
            ..
        } = self;
        let partly = match left_out {
            0 => String::new(),
            count => format!("; something was left out of {count}"),
        };
        format!(
            "{records} records: {created} created, {existing} existing, {refused} refused{partly}"
        )
    }

    /// Returns a note about the cost of the imported password hashes. `None` means that there are none.
    pub(super) fn cost(&self) -> Option<String> {
        let cost = self.password_cost_ms;
        (cost > 0).then(|| {
            format!(
                "verifying an imported password takes up to about {cost} ms until the user signs in, which replaces the hash"
            )
        })
    }
}

/// The file with the progress. There is none for standard input and for a dry run.
pub(super) struct ProgressFile(pub(super) Option<PathBuf>);

impl ProgressFile {
    /// Replaces the stored progress atomically.
    pub(super) fn store(&self, progress: &Progress) -> Result<()> {
        let Some(path) = &self.0 else {
            return Ok(());
        };
        let store = || -> io::Result<()> {
            let folder = path.parent().filter(|folder| *folder != Path::new(""));
            let mut file = NamedTempFile::new_in(folder.unwrap_or_else(|| Path::new(".")))?;
            serde_json::to_writer(&mut file, progress)?;
            file.persist(path)?;
            Ok(())
        };
        store().with_context(|| format!("can't write {}", path.display()))
    }

    /// Returns the progress of an earlier import, if it read the same file in the same way.
    pub(super) fn load(&self, source: &str) -> Result<Option<Progress>> {
        let Some(path) = &self.0 else {
            bail!(
                "--resume needs a file: an import of standard input and a dry run store no progress"
            );
        };
        let text = match fs::read(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => {
                return Err(error).with_context(|| format!("can't read {}", path.display()));
            }
        };
        let progress: Progress = objects::from_slice(&text)
            .with_context(|| format!("{} is malformed", path.display()))?;
        ensure!(
            progress.source == source,
            "{} belongs to another file, other options or another service; run without --resume to start again",
            path.display()
        );
        Ok(Some(progress))
    }

    pub(super) fn remove(&self) -> Result<()> {
        match &self.0 {
            Some(path) if path.exists() => {
                fs::remove_file(path).with_context(|| format!("can't remove {}", path.display()))
            }
            _ => Ok(()),
        }
    }
}
