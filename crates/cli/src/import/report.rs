//! Reporting refused records.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::Path;

use anyhow::{Context as _, Result};
use gatewright_transfer::Record;
use serde_json::json;

use super::importer::Importer;
use crate::api::Detail;
use crate::records;
use crate::show::clean;

/// Opens the file of `--report`. A resumed import appends to it. It is readable only by its owner, because it contains
/// personal data.
pub(super) fn open_report(path: &Path, resume: bool) -> Result<File> {
    let mut options = OpenOptions::new();
    options
        .create(true)
        .write(true)
        .append(resume)
        .truncate(!resume);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
        .open(path)
        .with_context(|| format!("can't write {}", path.display()))
}

impl Importer<'_> {
    /// Reports a refused record, or the fields `left_out` of one, in the file of `--report` or on standard error.
    pub(super) fn report(&mut self, record: &Record, what: &str, errors: &[Detail]) -> Result<()> {
        let who = record.item.as_ref().ok().and_then(records::name);
        let number = self.progress.records;
        for error in errors.iter().filter(|error| error.code == "unknown_field") {
            let field = error.field.strip_prefix("profile.");
            self.unknown_fields.extend(field.map(str::to_owned));
        }
        if self.report.is_some() || self.json {
            let line = json!({"line": record.line, "record": number, "user": who, what: errors});
            let line = line.to_string();
            let Some(report) = &mut self.report else {
                self.console.write(&line);
                return Ok(());
            };
            return writeln!(report, "{line}").context("can't write the report");
        }
        let mut line = format!("line {}", record.line);
        if self.line == record.line {
            line.push_str(&format!(", record {number}"));
        }
        if let Some(who) = who {
            line.push_str(&format!(" ({})", clean(who)));
        }
        let mut between = if what == "left_out" {
            ": left out: "
        } else {
            ": "
        };
        for error in errors {
            line.push_str(between);
            if !error.field.is_empty() {
                line.push_str(&format!("{}: ", clean(&error.field)));
            }
            line.push_str(&clean(&error.message));
            between = "; ";
        }
        self.console.say(&line);
        Ok(())
    }
}
