//! The source of an import: a file or standard input.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context as _, Result};
use clap::ArgMatches;
use sha2::{Digest as _, Sha256};

use super::progress::ProgressFile;
use crate::arguments::texts;
use crate::call::Call;
use crate::records;

/// Number of bytes at the beginning of a file that identify it.
const HEAD: u64 = 64 * 1024;

/// Input that remembers whether reading failed.
pub(super) struct Watched<R> {
    pub(super) input: R,
    pub(super) failed: Arc<AtomicBool>,
}

impl<R: Read> Read for Watched<R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let read = self.input.read(bytes);
        if let Err(error) = &read
            && error.kind() != io::ErrorKind::Interrupted
        {
            self.failed.store(true, Ordering::Relaxed);
        }
        read
    }
}

/// An opened file, or standard input.
pub(super) struct Source {
    pub(super) input: Box<dyn Read + Send>,
    pub(super) length: Option<u64>,
    /// Identifies the file, the way it is read, and the service.
    pub(super) name: String,
    pub(super) progress_file: ProgressFile,
}

/// Opens the file of a path, or standard input for `-`.
pub(super) fn open(path: &Path, matches: &ArgMatches, call: &mut Call<'_>) -> Result<Source> {
    let once = |input| Source {
        input,
        length: None,
        name: String::new(),
        progress_file: ProgressFile(None),
    };
    if path.as_os_str() == "-" {
        return Ok(once(Box::new(call.console.input())));
    }
    let cannot = || format!("can't read {}", path.display());
    let file = File::open(path).with_context(cannot)?;
    let about = file.metadata().with_context(cannot)?;
    if !about.is_file() {
        return Ok(once(Box::new(file)));
    }
    let mut head = Vec::new();
    let again = File::open(path).with_context(cannot)?;
    again
        .take(HEAD)
        .read_to_end(&mut head)
        .with_context(cannot)?;
    let mut beside = OsString::from(path);
    beside.push(".progress");
    let kept = !matches.get_flag("dry-run");
    Ok(Source {
        input: Box::new(file),
        length: Some(about.len()),
        name: format!(
            "{} bytes, SHA-256 {}, {}, without {}, to {}",
            about.len(),
            hex(&Sha256::digest(&head)),
            records::described(matches),
            texts(matches, "ignore").join(" "),
            call.api.service()
        ),
        progress_file: ProgressFile(kept.then(|| beside.into())),
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
