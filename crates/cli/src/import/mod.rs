//! `gatewright import`.

mod definitions;
mod importer;
mod outcome;
mod progress;
mod report;
mod round;
mod source;
mod take;
#[cfg(test)]
mod tests;
mod users;

use std::collections::BTreeSet;
use std::io::BufReader;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::sync_channel;
use std::thread;

use anyhow::{Context as _, Result, bail, ensure};
use clap::{Arg, ArgMatches, Command, value_parser};
use gatewright_transfer::{Item, Record};
use serde_json::json;

use crate::arguments::{flag, json, option, options, texts};
use crate::call::Call;
use crate::export::is_database;
use crate::records;
use crate::show::clean;
use importer::Importer;
use progress::Progress;
use report::open_report;
use round::{Known, Names, Round};
use source::{Source, Watched};

/// Largest number of users in one request.
const BATCH: u64 = 500;
/// Fields of a user that the service leaves out if it can't accept them.
const FIELDS: [&str; 5] = [
    "email",
    "username",
    "display_name",
    "password_hash",
    "roles",
];

pub(crate) fn command() -> Command {
    Command::new("import")
        .about("Import users from a file")
        .after_help(
            "Existing users are counted and left unchanged, so an import can be repeated. If two users in the file have \
             the same address, the second is refused. The exit code is 1 if a record was refused; the other records are \
             imported nevertheless.\n\n\
             Examples:\n  \
               gatewright import users.jsonl --dry-run\n  \
               gatewright import auth0.json --format auth0 --report refused.jsonl",
        )
        .arg(
            Arg::new("file")
                .value_name("FILE")
                .required(true)
                .value_parser(value_parser!(PathBuf))
                .help("File with the users; - for standard input"),
        )
        .args(records::arguments())
        .arg(flag("dry-run").help("Report what would happen, and change nothing"))
        .arg(
            flag("resume")
                .conflicts_with("dry-run")
                .help("Continue an import of this file that stopped; FILE.progress has its position"),
        )
        .arg(
            options("ignore", "FIELD")
                .help(
                    "Leave out this profile field, such as avatar_url. Of email, username, display_name, password_hash \
                     and roles, leave out only values that the service refuses, and report them. Can be repeated",
                ),
        )
        .arg(
            option("batch", "N")
                .value_parser(value_parser!(u64).range(1..=BATCH))
                .default_value("500")
                .help("Number of users in a request"),
        )
        .arg(
            option("report", "FILE")
                .value_parser(value_parser!(PathBuf))
                .help("Write refused records with the reasons to this file as JSON Lines, instead of to standard error"),
        )
        .arg(json())
}

pub(crate) fn run(call: &mut Call<'_>, matches: &ArgMatches) -> Result<()> {
    let path = matches
        .get_one::<PathBuf>("file")
        .context("FILE is missing")?;
    let resume = matches.get_flag("resume");
    let Source {
        input,
        length,
        name,
        progress_file,
    } = source::open(path, matches, call)?;
    let mut progress = Progress::default();
    if resume {
        match progress_file.load(&name)? {
            Some(found) => progress = found,
            None => call
                .console
                .say("there is no progress to resume; the import starts at the beginning"),
        }
    }
    progress.source = name;
    let report = matches.get_one::<PathBuf>("report");
    if let Some(report) = report {
        let same = report.canonicalize().ok() == path.canonicalize().ok() && report.exists();
        let replaces = same || is_database(report);
        ensure!(
            !replaces,
            "the report would replace {}; name another file",
            report.display()
        );
    }
    let resumed = progress.records > 0;
    let report = report.map(|path| open_report(path, resumed)).transpose()?;
    let bar = call.console.begin(length);
    let failed = Arc::new(AtomicBool::new(false));
    let input = BufReader::new(Watched {
        input: bar.wrap_read(input),
        failed: Arc::clone(&failed),
    });
    let mut records = records::open(matches, Box::new(input))?;
    let skipped = progress.records;
    let mut known = Known::default();
    let mut found = 0;
    for record in records.by_ref().take(skipped as usize) {
        found += 1;
        if let Ok(Item::User(user)) = &record.item {
            known.take(&Names::of(user));
        }
    }
    ensure!(
        found == skipped,
        "only {found} of the {skipped} processed records can be read again; run without --resume to start again"
    );
    let batch = matches.get_one::<u64>("batch").copied().unwrap_or(BATCH) as usize;
    let (ignored, ignored_profile) = texts(matches, "ignore")
        .into_iter()
        .map(str::to_owned)
        .partition(|name| FIELDS.contains(&name.as_str()));
    let mut importer = Importer {
        api: &call.api,
        console: call.console,
        report,
        dry_run: matches.get_flag("dry-run"),
        json: matches.get_flag("json"),
        promised: BTreeSet::new(),
        ignored,
        ignored_profile,
        unknown_fields: BTreeSet::new(),
        batch_size: batch,
        progress,
        line: 0,
    };
    let round = batch * call.api.round_len();
    // A round is read while the previous one is stored.
    let (sender, rounds) = sync_channel(0);
    let reader = thread::spawn(move || {
        loop {
            let mut some: Vec<Record> = records.by_ref().take(round).collect();
            let failed = failed.load(Ordering::Relaxed);
            let ended = failed || some.len() < round;
            if failed {
                // The last record only reports the failure.
                some.pop();
            }
            let some = Round::new(some, &mut known);
            if sender.send((some, failed)).is_err() || ended {
                break;
            }
        }
    });
    for (some, failed) in rounds {
        let done = importer.progress.records;
        let hint = progress_file
            .0
            .as_ref()
            .map_or("", |_| "; --resume continues it");
        let stopped = || format!("the import stopped after {done} records{hint}");
        importer.take(some).with_context(stopped)?;
        progress_file.store(&importer.progress)?;
        bar.set_message(importer.progress.counted());
        if failed {
            bail!("the rest of {} can't be read{hint}", path.display());
        }
    }
    if let Err(panic) = reader.join() {
        std::panic::resume_unwind(panic);
    }
    bar.finish_and_clear();
    progress_file.remove()?;
    if !importer.unknown_fields.is_empty() {
        let names: Vec<_> = importer
            .unknown_fields
            .iter()
            .map(|name| clean(name))
            .collect();
        importer.console.say(&format!(
            "the service has no profile field {}; add it to PROFILE_FIELDS, or leave it out with --ignore",
            names.join(", ")
        ));
    }
    let (progress, dry_run, json) = (importer.progress, importer.dry_run, importer.json);
    let said = if json {
        let mut summary = json!({"records": progress.records, "created": progress.created, "existing": progress.existing,
            "refused": progress.refused, "dry_run": dry_run});
        if progress.left_out > 0 {
            summary["left_out"] = progress.left_out.into();
        }
        if progress.password_cost_ms > 0 {
            summary["password_cost_ms"] = progress.password_cost_ms.into();
        }
        summary.to_string()
    } else {
        let would = if dry_run { "; nothing was changed" } else { "" };
        let cost = progress.cost().map(|cost| format!("\n{cost}"));
        format!("{}{would}{}", progress.counted(), cost.unwrap_or_default())
    };
    let said = writeln!(call.out, "{said}");
    // Also where nobody reads the output.
    ensure!(
        progress.refused == 0,
        "{} of {} records were refused",
        progress.refused,
        progress.records
    );
    Ok(said?)
}
