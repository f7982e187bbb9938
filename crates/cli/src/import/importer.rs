//! The state of a running import.

use std::collections::BTreeSet;
use std::fs::File;

use anyhow::Result;
use http::Method;

use super::progress::Progress;
use crate::api::{Api, with_retry};
use crate::console::Console;

/// A running import.
pub(super) struct Importer<'a> {
    pub(super) api: &'a Api<'a>,
    pub(super) console: &'a mut dyn Console,
    /// The file of `--report`.
    pub(super) report: Option<File>,
    pub(super) dry_run: bool,
    /// Whether reports on standard error are JSON.
    pub(super) json: bool,
    /// Roles that a dry run did not create. Users of the file can have them nevertheless.
    pub(super) promised: BTreeSet<String>,
    /// Fields that are left out if the service can't accept them.
    pub(super) ignored: Vec<String>,
    /// Profile fields that are left out.
    pub(super) ignored_profile: Vec<String>,
    /// Profile fields that the service did not know.
    pub(super) unknown_fields: BTreeSet<String>,
    /// Number of users in a request. It shrinks when a request is too long for the service.
    pub(super) batch_size: usize,
    pub(super) progress: Progress,
    /// Line where the previous record begins, because a line can contain several records.
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
