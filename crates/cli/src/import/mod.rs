//! `gatewright import`.

mod progress;
mod round;

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::sync_channel;
use std::thread;

use anyhow::{Context as _, Result, bail, ensure};
use clap::{Arg, ArgMatches, Command, value_parser};
use gatewright_transfer::{Definition, ImportUser, Item, Record};
use http::{Method, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::api::{Api, Detail, Refusal, is, path, patiently, read};
use crate::arguments::{flag, json, option, options, texts};
use crate::call::Call;
use crate::console::Console;
use crate::records;
use crate::show::clean;
use progress::{Keeper, Progress};
use round::{Known, Names, Round};

/// Where users are imported.
const PATH: &str = "/users/import";
/// Most users that one request has.
const BATCH: u64 = 500;
/// How much of a file's beginning tells it from another.
const HEAD: u64 = 64 * 1024;

pub(crate) fn command() -> Command {
    Command::new("import")
        .about("Take users over from a file")
        .after_help(
            "Who exists already is counted and left as he is, so that an import may be run again. Of two with one address \
             in the file the second is refused. The exit code is 1 when a record was refused; the others were taken all \
             the same.",
        )
        .arg(
            Arg::new("file")
                .value_name("FILE")
                .required(true)
                .value_parser(value_parser!(PathBuf))
                .help("Where the users are; - for standard input"),
        )
        .args(records::arguments())
        .arg(flag("dry-run").help("Say what would happen, and change nothing"))
        .arg(
            flag("resume")
                .conflicts_with("dry-run")
                .help("Go on where an import of this file stopped, which FILE.progress says"),
        )
        .arg(
            options("ignore", "FIELD")
                .help("Leave this field of the profiles out, such as avatar_url; may be given more than once"),
        )
        .arg(
            option("batch", "N")
                .value_parser(value_parser!(u64).range(1..=BATCH))
                .default_value("500")
                .help("How many users a request has"),
        )
        .arg(
            option("report", "FILE")
                .value_parser(value_parser!(PathBuf))
                .help("Write what was refused and why to this file as JSON Lines, not to standard error"),
        )
        .arg(json())
}

/// What is read, and remembers whether it could be read to its end.
struct Watched<R> {
    input: R,
    failed: Arc<AtomicBool>,
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

/// What the users are read from.
struct Source {
    input: Box<dyn Read + Send>,
    length: Option<u64>,
    /// What tells it and the way of reading it from others.
    name: String,
    keeper: Keeper,
}

fn source(path: &Path, matches: &ArgMatches, call: &mut Call<'_>) -> Result<Source> {
    let once = |input| Source {
        input,
        length: None,
        name: String::new(),
        keeper: Keeper(None),
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
        keeper: Keeper(kept.then(|| beside.into())),
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The file of `--report`, which an import that goes on adds to. Its owner alone may read it: people are in it.
fn open_report(path: &Path, resume: bool) -> Result<File> {
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

pub(crate) fn run(call: &mut Call<'_>, matches: &ArgMatches) -> Result<()> {
    let path = matches
        .get_one::<PathBuf>("file")
        .context("FILE is missing")?;
    let resume = matches.get_flag("resume");
    let Source {
        input,
        length,
        name,
        keeper,
    } = source(path, matches, call)?;
    let mut progress = Progress::default();
    if resume {
        match keeper.load(&name)? {
            Some(found) => progress = found,
            None => call
                .console
                .say("there is nothing to resume; the import begins anew"),
        }
    }
    progress.source = name;
    let report = matches.get_one::<PathBuf>("report");
    let goes_on = progress.records > 0;
    let report = report.map(|path| open_report(path, goes_on)).transpose()?;
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
        "only {found} of the {skipped} records that are done can be read again; without --resume the import begins anew"
    );
    let batch = matches.get_one::<u64>("batch").copied().unwrap_or(BATCH) as usize;
    let mut import = Import {
        api: &call.api,
        console: call.console,
        report,
        dry_run: matches.get_flag("dry-run"),
        promised: BTreeSet::new(),
        ignored: texts(matches, "ignore")
            .into_iter()
            .map(str::to_owned)
            .collect(),
        lacking: BTreeSet::new(),
        at_most: batch,
        progress,
        line: 0,
    };
    let round = batch * call.api.at_once();
    // One round is read while the one before is stored.
    let (sender, rounds) = sync_channel(0);
    let reader = thread::spawn(move || {
        loop {
            let mut some: Vec<Record> = records.by_ref().take(round).collect();
            let failed = failed.load(Ordering::Relaxed);
            let ended = failed || some.len() < round;
            if failed {
                // The last record only says so.
                some.pop();
            }
            let some = Round::new(some, &mut known);
            if sender.send((some, failed)).is_err() || ended {
                break;
            }
        }
    });
    for (some, failed) in rounds {
        let done = import.progress.records;
        let go_on = keeper.0.as_ref().map_or("", |_| "; --resume goes on");
        let stopped = || format!("the import stopped after {done} records{go_on}");
        import.take(some).with_context(stopped)?;
        keeper.store(&import.progress)?;
        bar.set_message(import.progress.counted());
        if failed {
            bail!("the rest of {} can't be read{go_on}", path.display());
        }
    }
    if let Err(panic) = reader.join() {
        std::panic::resume_unwind(panic);
    }
    bar.finish_and_clear();
    keeper.remove()?;
    if !import.lacking.is_empty() {
        let names: Vec<_> = import.lacking.iter().map(|name| clean(name)).collect();
        import.console.say(&format!(
            "the service's profiles have no {}: PROFILE_FIELDS adds fields, --ignore leaves one out",
            names.join(", ")
        ));
    }
    let (progress, dry_run) = (import.progress, import.dry_run);
    if matches.get_flag("json") {
        let mut summary = json!({"records": progress.records, "created": progress.created, "existing": progress.existing,
            "refused": progress.refused, "dry_run": dry_run});
        if progress.password_cost_ms > 0 {
            summary["password_cost_ms"] = progress.password_cost_ms.into();
        }
        writeln!(call.out, "{summary}")?;
    } else {
        let would = if dry_run { "; nothing was changed" } else { "" };
        writeln!(call.out, "{}{would}", progress.counted())?;
        if let Some(cost) = progress.cost() {
            writeln!(call.out, "{cost}")?;
        }
    }
    call.out.flush()?;
    ensure!(
        progress.refused == 0,
        "{} of {} records were refused",
        progress.refused,
        progress.records
    );
    Ok(())
}

struct Import<'a> {
    api: &'a Api<'a>,
    console: &'a mut dyn Console,
    report: Option<File>,
    dry_run: bool,
    /// Roles that a dry run did not make, which users of the file may have all the same.
    promised: BTreeSet<String>,
    /// Fields of profiles that are left out.
    ignored: Vec<String>,
    /// Fields of profiles that the service did not know.
    lacking: BTreeSet<String>,
    /// How many users a request has, which becomes less when that is too long for the service.
    at_most: usize,
    progress: Progress,
    /// Where the last record began, as several may stand in one line.
    line: u64,
}

/// What became of a user.
#[derive(Deserialize)]
struct Outcome {
    status: String,
    #[serde(default)]
    password_cost_ms: u32,
    #[serde(default)]
    errors: Vec<Detail>,
}

impl Outcome {
    fn of(status: &str) -> Self {
        Self {
            status: status.to_owned(),
            password_cost_ms: 0,
            errors: Vec::new(),
        }
    }

    fn refused(code: &str, message: String) -> Self {
        Self {
            status: "refused".to_owned(),
            password_cost_ms: 0,
            errors: vec![Detail {
                field: String::new(),
                code: code.to_owned(),
                message,
            }],
        }
    }
}

impl Import<'_> {
    /// Imports these records, and says which were refused: first permissions and roles, then who may have them.
    fn take(&mut self, round: Round) -> Result<()> {
        let Round { mut records, order } = round;
        let mut outcomes: Vec<Option<Outcome>> = Vec::with_capacity(records.len());
        for record in &records {
            outcomes.push(match &record.item {
                Ok(Item::Definition(definition)) => Some(self.define(definition)?),
                Ok(Item::User(_)) => None,
                Err(reason) => Some(Outcome::refused("unreadable", reason.clone())),
            });
        }
        for record in &mut records {
            if let Ok(Item::User(user)) = &mut record.item {
                if let Some(roles) = &mut user.roles {
                    roles.retain(|role| !self.promised.contains(role));
                }
                if let Some(profile) = &mut user.profile {
                    profile.retain(|name, _| !self.ignored.contains(name));
                }
            }
        }
        let user = |place: &usize| match &records[*place].item {
            Ok(Item::User(user)) => Some(&**user),
            _ => None,
        };
        let users: Vec<_> = order.iter().filter_map(user).collect();
        for (place, outcome) in order.into_iter().zip(self.send_all(&users)?) {
            outcomes[place] = Some(outcome);
        }
        for (record, outcome) in records.iter().zip(outcomes) {
            let outcome = outcome.unwrap_or_else(|| {
                let message = "Another user before in this file has this address or name.";
                Outcome::refused("taken", message.to_owned())
            });
            self.progress.records += 1;
            match outcome.status.as_str() {
                "created" => {
                    self.progress.created += 1;
                    let costliest = &mut self.progress.password_cost_ms;
                    *costliest = outcome.password_cost_ms.max(*costliest);
                }
                "exists" => self.progress.existing += 1,
                "refused" => {
                    self.progress.refused += 1;
                    self.report(record, &outcome.errors)?;
                }
                other => bail!("the service says {:?} of a record", other),
            }
            self.line = record.line;
        }
        Ok(())
    }

    /// Makes a permission or a role that is not there. A role of the service itself, which always is there, gets what it
    /// lacks.
    fn define(&mut self, definition: &Definition) -> Result<Outcome> {
        let (kind, permissions, rank) = match definition {
            Definition::Permission { .. } => ("permissions", &[][..], None),
            Definition::Role {
                permissions, rank, ..
            } => ("roles", permissions.as_slice(), *rank),
        };
        let name = definition.name();
        let place = match path(&[kind, name]) {
            Ok(place) => place,
            Err(error) => return Ok(Outcome::refused("format", error.to_string())),
        };
        let found = match self.ask(Method::GET, &place, None) {
            Ok(found) => Some(read::<Found>(&found)?),
            Err(error) if is(&error, StatusCode::NOT_FOUND) => None,
            Err(error) => return refused_by(error),
        };
        let mut lacking = Vec::new();
        if let Some(found) = &found {
            let lacks = |permission: &&String| !found.permissions.contains(permission);
            lacking.extend(permissions.iter().filter(lacks));
            let same = lacking.is_empty() && found.permissions.len() == permissions.len();
            if !found.built_in && !same && kind == "roles" {
                let name = clean(name);
                self.console.say(&format!(
                    "the role {name} is there already, with other permissions, and stays as it is"
                ));
            }
            if let (Some(rank), Some(stays)) = (rank, found.rank)
                && rank != stays
            {
                let name = clean(name);
                self.console.say(&format!(
                    "the role {name} keeps its rank {stays}; the file has {rank}"
                ));
            }
            if !found.built_in || lacking.is_empty() {
                return Ok(Outcome::of("exists"));
            }
            for permission in &lacking {
                let (name, permission) = (clean(name), clean(permission));
                self.console.say(&format!(
                    "the role {name} of everybody who has it gets {permission}"
                ));
            }
        }
        if self.dry_run {
            if let (None, Definition::Role { name, .. }) = (&found, definition) {
                self.promised.insert(name.clone());
            }
            return Ok(Outcome::of("created"));
        }
        let done = match found {
            None => {
                let body = match definition {
                    Definition::Permission { name, description } => {
                        json!({"name": name, "description": description})
                    }
                    Definition::Role {
                        name,
                        description,
                        rank,
                        permissions,
                    } => {
                        let mut body = json!({"name": name, "description": description, "permissions": permissions});
                        if let Some(rank) = rank {
                            body["rank"] = (*rank).into();
                        }
                        body
                    }
                };
                let body = Some(body.to_string().into_bytes());
                self.ask(Method::POST, &format!("/{kind}"), body).map(drop)
            }
            Some(_) => lacking.into_iter().try_for_each(|permission| {
                let grant = path(&["roles", definition.name(), "permissions", permission])?;
                self.ask(Method::POST, &grant, None).map(drop)
            }),
        };
        done.map_or_else(refused_by, |()| Ok(Outcome::of("created")))
    }

    fn ask(&mut self, method: Method, path: &str, body: Option<Vec<u8>>) -> Result<Vec<u8>> {
        let api = self.api;
        patiently(self.console, || {
            api.send(method.clone(), path, body.clone())
        })
    }

    /// What became of each user: requests go together where the door takes them so, and those that failed go once more,
    /// alone.
    fn send_all(&mut self, users: &[&ImportUser]) -> Result<Vec<Outcome>> {
        if users.len() <= self.at_most {
            return self.send(users);
        }
        let parts: Vec<_> = users.chunks(self.at_most).collect();
        let bodies = parts.iter().map(|some| self.body(some));
        let answers = self.api.post_all(PATH, bodies)?;
        let mut outcomes = Vec::with_capacity(users.len());
        for (some, answer) in parts.into_iter().zip(answers) {
            outcomes.extend(match answer {
                Ok(body) => results(&body, some.len())?,
                Err(_) => self.send(some)?,
            });
        }
        Ok(outcomes)
    }

    /// What became of each user, by one request after another.
    fn send(&mut self, users: &[&ImportUser]) -> Result<Vec<Outcome>> {
        let mut outcomes = Vec::with_capacity(users.len());
        let mut rest = users;
        while !rest.is_empty() {
            let (some, later) = rest.split_at(rest.len().min(self.at_most));
            let request = self.body(some)?;
            match self.ask(Method::POST, PATH, Some(request)) {
                Ok(body) => {
                    outcomes.extend(results(&body, some.len())?);
                    rest = later;
                }
                Err(error) if !is(&error, StatusCode::PAYLOAD_TOO_LARGE) => return Err(error),
                Err(_) if some.len() > 1 => self.at_most = some.len() / 2,
                Err(error) => {
                    outcomes.push(Outcome::refused("too_long", error.to_string()));
                    rest = later;
                }
            }
        }
        Ok(outcomes)
    }

    fn body(&self, users: &[&ImportUser]) -> Result<Vec<u8>> {
        #[derive(Serialize)]
        struct Request<'a> {
            users: &'a [&'a ImportUser],
            dry_run: bool,
        }
        Ok(serde_json::to_vec(&Request {
            users,
            dry_run: self.dry_run,
        })?)
    }

    fn report(&mut self, record: &Record, errors: &[Detail]) -> Result<()> {
        let who = record.item.as_ref().ok().and_then(records::name);
        let number = self.progress.records;
        for error in errors.iter().filter(|error| error.code == "unknown_field") {
            let field = error.field.strip_prefix("profile.");
            self.lacking.extend(field.map(str::to_owned));
        }
        if let Some(report) = &mut self.report {
            let line =
                json!({"line": record.line, "record": number, "user": who, "errors": errors});
            return writeln!(report, "{line}").context("can't write the report");
        }
        let mut line = format!("line {}", record.line);
        if self.line == record.line {
            line.push_str(&format!(", record {number}"));
        }
        if let Some(who) = who {
            line.push_str(&format!(" ({})", clean(who)));
        }
        let mut between = ": ";
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

/// What is there by the name of a permission or a role.
#[derive(Deserialize)]
struct Found {
    built_in: bool,
    rank: Option<u64>,
    #[serde(default)]
    permissions: Vec<String>,
}

/// What the service does not take of a permission or a role is refused; any other failure ends the import.
fn refused_by(error: anyhow::Error) -> Result<Outcome> {
    match error.downcast_ref::<Refusal>() {
        Some(refusal)
            if refusal.status.is_client_error()
                && refusal.status != StatusCode::UNAUTHORIZED
                && !refusal.code.is_empty() =>
        {
            Ok(Outcome::refused(&refusal.code, refusal.to_string()))
        }
        _ => Err(error),
    }
}

/// What an answer says of as many users.
fn results(body: &[u8], count: usize) -> Result<Vec<Outcome>> {
    #[derive(Deserialize)]
    struct Answer {
        results: Vec<Outcome>,
    }
    let answer: Answer = read(body)?;
    ensure!(
        answer.results.len() == count,
        "the service says something of {} users, and {count} were sent",
        answer.results.len()
    );
    Ok(answer.results)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::fake::{Fake, Person, Script, run_line};
    use serde_json::Value;
    use std::time::Duration;
    use tempfile::TempDir;

    /// A folder with a file of as many users.
    fn users(count: usize) -> (TempDir, String) {
        let lines: String = (1..=count)
            .map(|n| format!("{{\"email\":\"u{n}@example.com\"}}\n"))
            .collect();
        folder(&lines)
    }

    fn folder(text: &str) -> (TempDir, String) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("users.jsonl");
        fs::write(&file, text).unwrap();
        let file = file.to_str().unwrap().to_owned();
        (folder, file)
    }

    fn results(statuses: &[&str]) -> Script {
        let result = |status: &&str| match *status {
            "refused" => {
                json!({"status": "refused", "errors": [{"field": "email", "code": "format", "message": "No address."}]})
            }
            status => json!({"status": status, "id": "1"}),
        };
        let results: Vec<_> = statuses.iter().map(result).collect();
        Script::json(200, json!({"results": results}))
    }

    fn emails(body: &Value) -> Vec<String> {
        let users = body["users"].as_array().unwrap();
        let email = |user: &Value| user["email"].as_str().unwrap().to_owned();
        users.iter().map(email).collect()
    }

    fn kept(file: &str) -> Option<Progress> {
        let text = fs::read(format!("{file}.progress")).ok()?;
        Some(serde_json::from_slice(&text).unwrap())
    }

    #[test]
    fn users_go_in_batches_and_are_counted() {
        let (_folder, file) = users(5);
        let fake = Fake::new([
            results(&["created", "created"]),
            results(&["exists", "created"]),
            results(&["created"]),
        ]);
        let out = run_line(&fake, &format!("import {file} --batch 2")).unwrap();
        assert_eq!(out, "5 records: 4 created, 1 existing, 0 refused\n");
        assert_eq!(fake.paths(), ["POST /users/import"; 3]);
        assert_eq!(
            fake.body(0),
            json!({"users": [{"email": "u1@example.com"}, {"email": "u2@example.com"}], "dry_run": false})
        );
        assert_eq!(emails(&fake.body(2)), ["u5@example.com"]);
        assert_eq!(kept(&file), None);
    }

    #[test]
    fn what_passwords_cost_is_told() {
        let (_folder, file) = users(3);
        let result = |cost: u32| json!({"status": "created", "id": "1", "password_cost_ms": cost});
        let without = json!({"status": "created", "id": "1"});
        let answer = json!({"results": [result(25), result(434), without]});
        for (options, told) in [
            (
                "",
                "3 records: 3 created, 0 existing, 0 refused\nverifying an imported password takes the service up to about 434 ms, until it is hashed anew at a login\n",
            ),
            (
                " --json",
                "{\"created\":3,\"dry_run\":false,\"existing\":0,\"password_cost_ms\":434,\"records\":3,\"refused\":0}\n",
            ),
        ] {
            let fake = Fake::new([Script::json(200, answer.clone())]);
            let out = run_line(&fake, &format!("import {file}{options}")).unwrap();
            assert_eq!(out, told);
        }
    }

    #[test]
    fn users_go_in_the_order_of_their_addresses_unless_a_name_comes_twice() {
        let lines = |name: &str| {
            format!(
                "{{\"email\":\"c@example.com\",\"username\":\"Ada\"}}\n{{\"email\":\"B@example.com\"}}\n
                {{\"email\":\"a@example.com\",\"username\":\"{name}\"}}\n"
            )
        };
        for (name, sent, refused) in [
            (
                "bob",
                ["a@example.com", "B@example.com", "c@example.com"],
                1,
            ),
            (
                "ADA",
                ["c@example.com", "B@example.com", "a@example.com"],
                4,
            ),
        ] {
            let (_folder, file) = folder(&lines(name));
            let fake = Fake::new([results(&["created", "created", "refused"])]);
            let mut person = Person::default();
            person.run(&fake, &format!("import {file}")).unwrap_err();
            assert_eq!(emails(&fake.body(0)), sent);
            // What is said is of the line that it was.
            let line = format!("line {refused} ({}): ", sent[2]);
            assert!(person.said[0].starts_with(&line), "{:?}", person.said);
        }
    }

    #[test]
    fn batches_go_together_where_the_door_takes_them_so() {
        let (_folder, file) = users(7);
        let busy = Script::text(503, "").with("retry-after", "0");
        let fake = Fake::new([
            results(&["created", "created"]),
            busy,
            results(&["created", "exists"]),
            // The one that failed, again.
            results(&["created", "refused"]),
            results(&["created"]),
        ]);
        let mut person = Person::default();
        let line = format!("import {file} --batch 2");
        let error = person.run(&fake.at_once(3), &line).unwrap_err();
        assert_eq!(error.to_string(), "1 of 7 records were refused");
        assert!(
            person.said[0].starts_with("line 4 (u4@example.com): "),
            "{:?}",
            person.said
        );
    }

    #[test]
    fn what_is_refused_is_said_line_by_line_and_is_a_failure() {
        let (_folder, file) = folder(
            "{\"email\":\"a@example.com\"}\n{broken\n\n{\"email\":\"b@example\"}\n{\"email\":\"c@example.com\"}\n",
        );
        let fake = Fake::new([results(&["created", "refused", "created"])]);
        let mut person = Person::default();
        let error = person.run(&fake, &format!("import {file}")).unwrap_err();
        assert_eq!(error.to_string(), "2 of 4 records were refused");
        assert_eq!(person.said.len(), 2);
        assert!(person.said[0].starts_with("line 2: "), "{:?}", person.said);
        assert_eq!(person.said[1], "line 4 (b@example): email: No address.");
        assert_eq!(kept(&file), None);
    }

    #[test]
    fn a_report_is_json_lines_of_its_own() {
        let (folder, file) = folder("{\"username\":\"ada\"}\n{broken\n{\"email\":\"b@example\"}\n");
        let report = folder.path().join("report.jsonl");
        fs::write(&report, "of an earlier import\n").unwrap();
        let fake = Fake::new([results(&["refused", "created"])]);
        let mut person = Person::default();
        let line = format!("import {file} --json --report {}", report.display());
        let out = person.run_until_error(&fake, &line);
        let summary: Value = serde_json::from_str(&out).unwrap();
        assert_eq!(
            summary,
            json!({"records": 3, "created": 1, "existing": 0, "refused": 2, "dry_run": false})
        );
        let text = fs::read_to_string(&report).unwrap();
        let lines: Vec<Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(
            lines[0],
            json!({"line": 1, "record": 1, "user": "ada", "errors": [{"field": "email", "code": "format", "message": "No address."}]})
        );
        assert_eq!(
            (&lines[1]["line"], &lines[1]["user"]),
            (&json!(2), &Value::Null)
        );
        assert_eq!(lines[1]["errors"][0]["code"], "unreadable");
        assert!(person.said.is_empty());
    }

    #[test]
    fn an_import_that_stopped_goes_on_where_it_was() {
        let (folder, file) = users(5);
        let report = folder.path().join("report.jsonl");
        let line = format!(
            "import {file} --batch 2 --resume --report {}",
            report.display()
        );
        let fake = Fake::new([
            results(&["created", "refused"]),
            results(&["created", "exists"]),
            Script::text(500, ""),
        ]);
        let error = Person::default().run(&fake, &line).unwrap_err();
        assert!(
            error
                .to_string()
                .contains("stopped after 4 records; --resume goes on"),
            "{error}"
        );
        assert_eq!(kept(&file).unwrap().records, 4);
        let fake = Fake::new([results(&["created"])]);
        let mut person = Person::default();
        let error = person.run(&fake, &line).unwrap_err();
        assert_eq!(error.to_string(), "1 of 5 records were refused");
        assert_eq!(emails(&fake.body(0)), ["u5@example.com"]);
        assert_eq!(fs::read_to_string(&report).unwrap().lines().count(), 1);
        assert_eq!(kept(&file), None);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[test]
    fn without_resume_it_begins_anew() {
        let (_folder, file) = users(3);
        let line = format!("import {file} --batch 2");
        let fake = Fake::new([results(&["created", "created"])]);
        assert!(run_line(&fake, &line).is_err());
        assert_eq!(kept(&file).unwrap().records, 2);
        let fake = Fake::new([results(&["exists", "exists"]), results(&["created"])]);
        let out = run_line(&fake, &line).unwrap();
        assert_eq!(out, "3 records: 1 created, 2 existing, 0 refused\n");
    }

    #[test]
    fn another_file_is_not_gone_on_with() {
        let (_folder, file) = users(3);
        let line = format!("import {file} --batch 2 --resume");
        assert!(run_line(&Fake::new([results(&["created", "created"])]), &line).is_err());
        let text = fs::read_to_string(&file).unwrap();
        // As long as before, and longer.
        for other in [text.replace("u1", "v1"), format!("{text}{text}")] {
            fs::write(&file, other).unwrap();
            let fake = Fake::new([]);
            let error = run_line(&fake, &line).unwrap_err().to_string();
            assert!(error.contains("of another file"), "{error}");
            assert!(fake.requests().is_empty());
        }
        fs::write(&file, text).unwrap();
        run_line(&Fake::new([results(&["created"])]), &line).unwrap();
    }

    #[test]
    fn another_service_is_not_gone_on_with() {
        let (_folder, file) = users(3);
        let line = format!("import {file} --batch 2 --resume");
        assert!(run_line(&Fake::new([results(&["created", "created"])]), &line).is_err());
        let other = Fake::new([]).named("other");
        let error = run_line(&other, &line).unwrap_err().to_string();
        assert!(error.contains("another service"), "{error}");
        assert!(other.requests().is_empty());
        run_line(&Fake::new([results(&["created"])]), &line).unwrap();
    }

    #[test]
    fn a_second_user_of_an_address_is_refused_and_the_same_one_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("users.jsonl");
        let id = "01890a5d-ac96-774b-bcce-b302099a8057";
        let text = format!(
            r#"{{"email": "ada@example.com", "display_name": "Ada", "id": "{id}"}}
{{"email": " ADA@example.com", "display_name": "Eve"}}
{{"username": "bob"}}
{{"email": "ada@example.com", "display_name": "Ada", "id": "{id}"}}
{{"username": "Bob"}}
"#
        );
        fs::write(&file, text).unwrap();
        // In one round, and in one for each.
        for (batch, answers) in [
            (500, vec![results(&["created", "created", "exists"])]),
            (
                1,
                vec![
                    results(&["created"]),
                    results(&["created"]),
                    results(&["exists"]),
                ],
            ),
        ] {
            let fake = Fake::new(answers);
            let mut person = Person::default();
            let line = format!("import {} --batch {batch}", file.display());
            let error = person.run(&fake, &line).unwrap_err().to_string();
            assert!(error.contains("2 of 5 records were refused"), "{error}");
            assert!(person.said[0].starts_with("line 2 ( ADA@example.com): Another user"));
            assert!(person.said[1].starts_with("line 5 (Bob): Another user"));
        }
        // Also one who came before the import stopped.
        let line = format!("import {} --batch 1 --resume", file.display());
        run_line(&Fake::new([results(&["created"])]), &line).unwrap_err();
        let fake = Fake::new([results(&["created"]), results(&["exists"])]);
        let error = run_line(&fake, &line).unwrap_err().to_string();
        assert!(error.contains("2 of 5 records were refused"), "{error}");
    }

    #[test]
    fn who_has_no_address_is_known_by_his_name() {
        let text =
            "{\"email\": \"\", \"username\": \"ada\"}\n{\"email\": \" \", \"username\": \"bob\"}\n";
        let (_folder, file) = folder(text);
        let fake = Fake::new([results(&["created", "created"])]);
        let out = run_line(&fake, &format!("import {file}")).unwrap();
        assert!(out.starts_with("2 records: 2 created"), "{out}");
    }

    #[test]
    fn a_field_that_profiles_lack_is_told_and_can_be_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("users.jsonl");
        let text = r#"{"email": "a@example.com", "profile": {"avatar": "x", "theme": "dark"}}"#;
        fs::write(&file, text).unwrap();
        let unknown = json!({"results": [{"status": "refused", "errors": [
            {"field": "profile.avatar", "code": "unknown_field", "message": "No such field."}]}]});
        let mut person = Person::default();
        let line = format!("import {}", file.display());
        let fake = Fake::new([Script::json(200, unknown)]);
        assert!(person.run(&fake, &line).is_err());
        assert!(
            person.said[1].contains("have no avatar: PROFILE_FIELDS"),
            "{:?}",
            person.said
        );
        let fake = Fake::new([results(&["created"])]);
        run_line(&fake, &format!("{line} --ignore avatar")).unwrap();
        assert_eq!(
            fake.body(0)["users"][0]["profile"],
            json!({"theme": "dark"})
        );
    }

    #[test]
    fn a_dry_run_says_so_and_keeps_nothing() {
        let (_folder, file) = users(3);
        let fake = Fake::new([results(&["created", "created"]), Script::text(500, "")]);
        let line = format!("import {file} --dry-run --batch 2");
        assert!(run_line(&fake, &line).is_err());
        assert_eq!(fake.body(0)["dry_run"], true);
        assert_eq!(kept(&file), None);
        let fake = Fake::new([results(&["created", "created"]), results(&["created"])]);
        let out = run_line(&fake, &line).unwrap();
        assert!(
            out.contains("3 created") && out.contains("nothing was changed"),
            "{out}"
        );
        assert!(run_line(&fake, &format!("{line} --resume")).is_err());
    }

    #[test]
    fn standard_input_is_read_once() {
        let text = "{\"email\":\"a@example.com\"}\n";
        let fake = Fake::new([results(&["created"])]);
        let out = Person::typing(text).run(&fake, "import -").unwrap();
        assert!(out.starts_with("1 records: 1 created"), "{out}");
        let error = Person::typing(text)
            .run(&fake, "import - --resume")
            .unwrap_err();
        assert!(error.to_string().contains("resumed"), "{error}");
    }

    #[test]
    fn a_busy_service_is_waited_for() {
        let (_folder, file) = users(1);
        let busy = |status| Script::text(status, "").with("retry-after", "0");
        let fake = Fake::new([busy(503), busy(429), results(&["created"])]);
        let mut person = Person::default();
        person.run(&fake, &format!("import {file}")).unwrap();
        assert_eq!(person.waited, [Duration::from_secs(1); 2]);
        assert_eq!(fake.requests().len(), 3);
        let fake = Fake::new((0..20).map(|_| busy(503)));
        assert!(run_line(&fake, &format!("import {file}")).is_err());
        assert_eq!(fake.requests().len(), 8);
    }

    #[test]
    fn what_is_too_long_for_the_service_is_sent_in_parts() {
        let (_folder, file) = users(4);
        let long = || Script::text(413, "");
        let fake = Fake::new([
            long(),
            results(&["created", "created"]),
            long(),
            results(&["created"]),
            long(),
        ]);
        let mut person = Person::default();
        let error = person.run(&fake, &format!("import {file}")).unwrap_err();
        assert_eq!(error.to_string(), "1 of 4 records were refused");
        let sent: Vec<_> = (0..5).map(|at| emails(&fake.body(at)).len()).collect();
        assert_eq!(sent, [4, 2, 2, 1, 1]);
        assert!(
            person.said[0].starts_with("line 4 (u4@example.com): "),
            "{:?}",
            person.said
        );
    }

    #[test]
    fn an_answer_of_other_users_stops_the_import() {
        let (_folder, file) = users(2);
        for answer in [results(&["created"]), results(&["created", "eaten"])] {
            let fake = Fake::new([answer]);
            assert!(run_line(&fake, &format!("import {file}")).is_err());
            assert_eq!(kept(&file), None);
        }
    }

    #[test]
    fn other_systems_are_read_by_their_names() {
        let (_folder, file) = folder("email,roles\na@example.com,editor;verified\n");
        let fake = Fake::new([results(&["created"])]);
        run_line(&fake, &format!("import {file} --format csv")).unwrap();
        assert_eq!(
            fake.body(0)["users"],
            json!([{"email": "a@example.com", "roles": ["editor", "verified"]}])
        );
        let line = format!("import {file} --format nothing");
        assert!(run_line(&Fake::new([]), &line).is_err());
    }

    const DEFINITIONS: &str = concat!(
        r#"{"permission": {"name": "posts:write", "description": "Write."}}"#,
        "\n",
        r#"{"role": {"name": "editor", "permissions": ["posts:write"]}}"#,
        "\n",
        r#"{"role": {"name": "admin", "permissions": ["users:read", "posts:write"]}}"#,
        "\n",
        r#"{"email": "ada@example.com", "roles": ["editor", "user"]}"#,
        "\n"
    );

    fn missing() -> Script {
        Script::json(
            404,
            json!({"error": {"code": "not_found", "message": "No.", "status_code": 404}}),
        )
    }

    fn admin() -> Script {
        Script::json(
            200,
            json!({"name": "admin", "built_in": true, "permissions": ["users:read"]}),
        )
    }

    #[test]
    fn permissions_and_roles_are_made_before_who_has_them() {
        let (_folder, file) = folder(DEFINITIONS);
        let made = || Script::json(201, json!({}));
        let fake = Fake::new([
            missing(),
            made(),
            missing(),
            made(),
            admin(),
            Script::text(204, ""),
            results(&["created"]),
        ]);
        let out = run_line(&fake, &format!("import {file}")).unwrap();
        assert_eq!(out, "4 records: 4 created, 0 existing, 0 refused\n");
        assert_eq!(
            fake.paths(),
            [
                "GET /permissions/posts:write",
                "POST /permissions",
                "GET /roles/editor",
                "POST /roles",
                "GET /roles/admin",
                "POST /roles/admin/permissions/posts:write",
                "POST /users/import"
            ]
        );
        assert_eq!(
            fake.body(3),
            json!({"name": "editor", "description": "", "permissions": ["posts:write"]})
        );
        // Again, when all of it is there: what somebody made of a role meanwhile stays.
        let there = |name: &str, built_in| {
            Script::json(
                200,
                json!({"name": name, "built_in": built_in, "permissions": ["users:read", "posts:write"]}),
            )
        };
        let fake = Fake::new([
            there("posts:write", false),
            there("editor", false),
            there("admin", true),
            results(&["exists"]),
        ]);
        let mut person = Person::default();
        let out = person.run(&fake, &format!("import {file}")).unwrap();
        assert_eq!(out, "4 records: 0 created, 4 existing, 0 refused\n");
        assert_eq!(
            person.said,
            ["the role editor is there already, with other permissions, and stays as it is"]
        );
    }

    #[test]
    fn what_a_role_of_the_service_gets_is_said() {
        let text = r#"{"role": {"name": "admin", "permissions": ["users:read", "posts:write"]}}"#;
        let (_folder, file) = folder(text);
        for (line, answers) in [
            (format!("import {file} --dry-run"), vec![admin()]),
            (
                format!("import {file}"),
                vec![admin(), Script::text(204, "")],
            ),
        ] {
            let mut person = Person::default();
            person.run(&Fake::new(answers), &line).unwrap();
            assert_eq!(
                person.said,
                ["the role admin of everybody who has it gets posts:write"]
            );
        }
    }

    #[test]
    fn a_name_that_is_none_is_refused_and_a_lost_login_ends_the_import() {
        let (_folder, file) = folder(
            "{\"role\": {\"name\": \"..\"}}\n{\"permission\": {\"name\": \"posts:read\"}}\n",
        );
        let lost = Script::json(
            401,
            json!({"error": {"code": "token_expired", "message": "It has expired.", "status_code": 401}}),
        );
        let mut person = Person::default();
        let error = person.run(&Fake::new([lost]), &format!("import {file}"));
        assert!(
            error
                .unwrap_err()
                .to_string()
                .contains("stopped after 0 records")
        );
        let fake = Fake::new([missing(), Script::json(201, json!({}))]);
        let error = person.run(&fake, &format!("import {file}")).unwrap_err();
        assert_eq!(error.to_string(), "1 of 2 records were refused");
    }

    #[test]
    fn a_dry_run_makes_no_role_and_takes_it_as_made() {
        let (_folder, file) = folder(DEFINITIONS);
        let fake = Fake::new([missing(), missing(), admin(), results(&["created"])]);
        run_line(&fake, &format!("import {file} --dry-run")).unwrap();
        assert_eq!(fake.paths()[..3].concat().matches("POST").count(), 0);
        assert_eq!(fake.body(3)["users"][0]["roles"], json!(["user"]));
    }

    #[test]
    fn in_a_dry_run_roles_may_come_after_who_has_them() {
        let (_folder, file) = folder(concat!(
            r#"{"email": "ada@example.com", "roles": ["editor", "user"]}"#,
            "\n",
            r#"{"role": {"name": "editor"}}"#,
            "\n"
        ));
        let fake = Fake::new([missing(), results(&["created"])]);
        run_line(&fake, &format!("import {file} --dry-run")).unwrap();
        assert_eq!(fake.body(1)["users"][0]["roles"], json!(["user"]));
    }

    #[test]
    fn a_role_that_the_service_does_not_take_is_refused() {
        let (_folder, file) = folder(r#"{"role": {"name": "root", "permissions": ["*"]}}"#);
        let forbidden = Script::json(
            403,
            json!({"error": {"code": "forbidden", "message": "You may not.", "status_code": 403}}),
        );
        let fake = Fake::new([missing(), forbidden]);
        let mut person = Person::default();
        let error = person.run(&fake, &format!("import {file}")).unwrap_err();
        assert_eq!(error.to_string(), "1 of 1 records were refused");
        assert!(
            person.said[0].starts_with("line 1 (root): You may not."),
            "{:?}",
            person.said
        );
    }

    #[test]
    fn passwords_of_firebase_need_all_parameters_and_others_none() {
        let (_folder, file) = folder(r#"{"users": [{"localId": "x", "email": "a@example.com"}]}"#);
        let line = format!("import {file} --format firebase");
        run_line(&Fake::new([results(&["created"])]), &line).unwrap();
        let some = format!("{line} --firebase-signer-key c2VjcmV0 --firebase-salt-separator Bw==");
        let error = run_line(&Fake::new([]), &some).unwrap_err().to_string();
        assert!(error.contains("--firebase-rounds is missing"), "{error}");
        assert!(!error.contains("c2VjcmV0"), "{error}");
        let all = format!("{some} --firebase-rounds 8 --firebase-mem-cost 14");
        run_line(&Fake::new([results(&["created"])]), &all).unwrap();
    }

    #[test]
    fn a_file_of_another_form_is_refused_at_once() {
        let (_folder, file) = folder("SQLite format 3\0");
        let fake = Fake::new([]);
        let error = run_line(&fake, &format!("import {file}")).unwrap_err();
        assert!(error.to_string().contains("sqlite3 FILE .dump"), "{error}");
    }

    #[test]
    fn what_comes_before_a_rest_that_cannot_be_read_is_imported() {
        let (_folder, file) = users(400);
        let mut person = Person::typing_and_failing(&fs::read_to_string(&file).unwrap());
        let fake = Fake::new([results(&["created"; 400])]);
        let error = person.run(&fake, "import -").unwrap_err().to_string();
        assert!(error.contains("can't be read"), "{error}");
        assert_eq!(emails(&fake.body(0)).len(), 400);
        assert!(person.said.is_empty(), "{:?}", person.said);
    }

    #[test]
    fn an_empty_file_has_nobody() {
        let (_folder, file) = folder("");
        let out = run_line(&Fake::new([]), &format!("import {file}")).unwrap();
        assert_eq!(out, "0 records: 0 created, 0 existing, 0 refused\n");
    }
}
