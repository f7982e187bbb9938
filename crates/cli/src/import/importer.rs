//! The state of an import that runs.

use std::collections::BTreeSet;
use std::fs::File;

use anyhow::Result;
use http::Method;

use super::progress::Progress;
use crate::api::{Api, with_retry};
use crate::console::Console;

/// An import that runs.
pub(super) struct Importer<'a> {
    pub(super) api: &'a Api<'a>,
    pub(super) console: &'a mut dyn Console,
    /// The file of `--report`.
    pub(super) report: Option<File>,
    pub(super) dry_run: bool,
    /// Whether what is reported on standard error is JSON.
    pub(super) json: bool,
    /// Roles that a dry run did not create. Users of the file may have them all the same.
    pub(super) promised: BTreeSet<String>,
    /// Fields that are left out where the service can't take them.
    pub(super) ignored: Vec<String>,
    /// Profile fields that are left out.
    pub(super) ignored_profile: Vec<String>,
    /// Profile fields that the service did not know.
    pub(super) unknown_fields: BTreeSet<String>,
    /// Number of users in a request. It shrinks when a request is too long for the service.
    pub(super) batch_size: usize,
    pub(super) progress: Progress,
    /// Line where the previous record begins: several records may be in one line.
    pub(super) line: u64,
}

impl Importer<'_> {
    /// Sends a request, and repeats it while the service is busy.
    pub(super) fn send(
        &mut self,
        method: Method,
        path: &str,
        body: Option<Vec<u8>>,
    ) -> Result<Vec<u8>> {
        let api = self.api;
        with_retry(self.console, || {
            api.send(method.clone(), path, body.clone())
        })
    }
}
