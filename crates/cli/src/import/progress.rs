//! How far an import has come, which is kept beside the file.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};
use gatewright_transfer::objects;
use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;

/// How far an import has come, and with what.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Progress {
    /// Which file it is, how it is read, and which service takes it.
    pub(super) source: String,
    /// Records that are done, the refused ones too.
    pub(super) records: u64,
    pub(super) created: u64,
    pub(super) existing: u64,
    pub(super) refused: u64,
    /// Of whom something was left out.
    #[serde(default)]
    pub(super) left_out: u64,
    /// About how many milliseconds the costliest password takes that was imported; 0 for none.
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

    /// What the passwords that were imported cost; none: there were none.
    pub(super) fn cost(&self) -> Option<String> {
        let cost = self.password_cost_ms;
        (cost > 0).then(|| {
            format!(
                "verifying an imported password takes the service up to about {cost} ms, until it is hashed anew at a login"
            )
        })
    }
}

/// The file where progress is stored. There is none for standard input and for a dry run.
pub(super) struct ProgressFile(pub(super) Option<PathBuf>);

impl ProgressFile {
    /// Replaces what was there at once.
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

    /// What an earlier import came to, if it was of the same file and that was read in the same way.
    pub(super) fn load(&self, source: &str) -> Result<Option<Progress>> {
        let Some(path) = &self.0 else {
            bail!("only an import of a file can be resumed");
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
            "{} is of another file, of other options or for another service; without --resume the import begins anew",
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
