//! `gatewright audit`.

use std::collections::VecDeque;
use std::time::Duration;

use anyhow::{Context as _, Result};
use clap::{ArgMatches, Command};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::api::{Query, with_retry};
use crate::arguments::{flag, group, limit, option, text, time};
use crate::call::Call;
use crate::show;

/// Time between two requests for new events.
const PAUSE: Duration = Duration::from_secs(2);
/// Number of the last events that are requested again, because an earlier event can be stored late.
const OVERLAP: usize = 50;

pub(crate) fn command() -> Command {
    group("audit").about("Read the audit log").subcommand(
        Command::new("tail")
            .about("Print the latest events, newest last; with --json the response of the API, newest first")
            .arg(
                option("kind", "KIND")
                    .help("Only events of this kind; a prefix ends with a dot, such as user."),
            )
            .arg(option("actor", "USER").help("Only events caused by this user"))
            .arg(
                option("target", "USER")
                    .help("Only events about this user, or about the object with this ID"),
            )
            .arg(option("from", "TIME").help("Only events at or after this time: RFC 3339, or a day in UTC"))
            .arg(option("to", "TIME").conflicts_with("follow").help("Only events before this time"))
            .arg(limit("50").help("Maximum number of past events"))
            .arg(flag("follow").short('f').help(
                "Print new events until stopped; with --json one event per line",
            )),
    )
}

pub(crate) fn run(call: &mut Call<'_>, matches: &ArgMatches) -> Result<()> {
    let (_, matches) = matches.subcommand().context("a command is missing")?;
    let mut query = Query::new();
    query.extend(text(matches, "kind").map(|kind| ("kind", kind.to_owned())));
    for field in ["actor", "target"] {
        if let Some(name) = text(matches, field) {
            query.push((field, call.api.user(name)?.id));
        }
    }
    let from = text(matches, "from").map(time);
    let json = matches.get_flag("json");
    let limit = matches.get_one::<u64>("limit").copied().unwrap_or(50);
    if matches.get_flag("follow") {
        return follow(call, &query, from, limit, json);
    }
    query.extend(from.map(|from| ("from", from)));
    query.extend(text(matches, "to").map(|to| ("to", time(to))));
    let events = call
        .api
        .list("/audit", "events", &query, None, Some(limit))?;
    if json {
        return call.document(&events.document);
    }
    for event in events.values()?.iter().rev() {
        writeln!(call.out, "{}", line(event))?;
    }
    Ok(())
}

fn follow(
    call: &mut Call<'_>,
    filters: &Query,
    mut from: Option<String>,
    limit: u64,
    json: bool,
) -> Result<()> {
    /// Identity of an event.
    fn key(event: &Value) -> (String, String) {
        let field = |name: &str| event[name].as_str().unwrap_or_default().to_owned();
        (field("id"), field("at"))
    }
    let mut seen: VecDeque<(String, String)> = VecDeque::new();
    let mut first = true;
    loop {
        let mut query = filters.clone();
        query.extend(from.clone().map(|from| ("from", from)));
        let wanted = first.then_some(limit.max(OVERLAP as u64));
        let api = &call.api;
        let list = || api.list("/audit", "events", &query, None, wanted);
        let events = with_retry(call.console, list)?;
        let values = events.values()?;
        let past = match first {
            true => values.len().saturating_sub(limit as usize),
            false => 0,
        };
        let rows = events.rows.iter().zip(&values).rev().enumerate();
        for (at, (raw, event)) in rows {
            if seen.contains(&key(event)) {
                continue;
            }
            seen.push_back(key(event));
            if at >= past {
                print(call, raw, event, json)?;
            }
        }
        call.out.flush()?;
        // Remembers every event of the period that is requested again, because it would be printed twice otherwise.
        while seen.len() > OVERLAP && seen[0].1 != seen[seen.len() - OVERLAP].1 {
            seen.pop_front();
        }
        if let Some((_, at)) = seen.get(seen.len().saturating_sub(OVERLAP)) {
            from = Some(at.clone());
        }
        first = false;
        call.console.wait(PAUSE);
    }
}

fn print(call: &mut Call<'_>, raw: &RawValue, event: &Value, json: bool) -> Result<()> {
    match json {
        true => writeln!(call.out, "{}", show::one_line(raw))?,
        false => writeln!(call.out, "{}", line(event))?,
    }
    Ok(())
}

/// Returns an event as one line.
fn line(event: &Value) -> String {
    let field = |name: &str| show::text(&event[name]);
    let mut line = format!("{}  {:28}", field("at"), field("kind"));
    let target = match (&event["target_type"], &event["target_id"]) {
        (_, Value::Null) => Value::Null,
        (Value::String(kind), Value::String(id)) => format!("{kind}:{id}").into(),
        (_, id) => id.clone(),
    };
    for (name, value) in [
        ("reason", &event["reason"]),
        ("actor", &event["actor_id"]),
        ("target", &target),
        ("ip", &event["ip"]),
        ("details", &event["details"]),
    ] {
        let value = show::text(value);
        if value != "-" {
            line.push_str(&format!("  {name}={value}"));
        }
    }
    line.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::{Fake, Person, Script, run_line};
    use serde_json::json;

    const ID: &str = "01890a5d-ac96-774b-bcce-b302099a8057";

    fn event(id: u32, at: &str) -> Value {
        json!({"id": id.to_string(), "at": at, "kind": "login.failed", "reason": "wrong_password", "actor_id": null,
            "target_type": "user", "target_id": "u1", "ip": "192.0.2.1", "details": {}})
    }

    fn page(events: &[Value]) -> Script {
        Script::json(200, json!({"events": events, "next_cursor": null}))
    }

    #[test]
    fn the_newest_event_is_the_last_line() {
        let fake = Fake::new([page(&[event(2, "t2"), event(1, "t1")])]);
        let line = format!(
            "audit tail --kind login. --actor {ID} --target {ID} --from 2026-01-01 --limit 9"
        );
        let out = run_line(&fake, &line).unwrap();
        assert_eq!(
            fake.paths(),
            [format!(
                "GET /audit?kind=login.&actor={ID}&target={ID}&from=2026-01-01T00%3A00%3A00Z&limit=9"
            )]
        );
        assert_eq!(
            out.lines().next().unwrap(),
            "t1  login.failed                  reason=wrong_password  target=user:u1  ip=192.0.2.1"
        );
        assert!(out.lines().nth(1).unwrap().starts_with("t2"), "{out}");
    }

    #[test]
    fn json_is_the_document() {
        let fake = Fake::new([page(&[event(2, "t2")])]);
        let out = run_line(&fake, "audit tail --json").unwrap();
        let document: Value = serde_json::from_str(&out).unwrap();
        assert_eq!(document["events"][0], event(2, "t2"));
        assert_eq!(fake.paths(), ["GET /audit?limit=50"]);
    }

    #[test]
    fn an_actor_is_found_by_name() {
        let fake = Fake::new([
            Script::json(
                200,
                json!({"users": [{"id": ID, "email": null, "username": "ada"}], "next_cursor": null}),
            ),
            page(&[]),
        ]);
        run_line(&fake, "audit tail --actor ada").unwrap();
        assert_eq!(fake.paths()[1], format!("GET /audit?actor={ID}&limit=50"));
    }

    /// Follows until the script ends, which is an error.
    fn followed(fake: &Fake, line: &str) -> (String, Person) {
        let mut person = Person::default();
        let out = person.run_until_error(fake, line);
        (out, person)
    }

    #[test]
    fn what_happens_is_printed_once_even_when_it_comes_late() {
        let fake = Fake::new([
            page(&[event(3, "t3"), event(1, "t1")]),
            page(&[
                event(4, "t4"),
                event(3, "t3"),
                event(2, "t2"),
                event(1, "t1"),
            ]),
            page(&[event(4, "t4")]),
            Script::text(503, "").with("retry-after", "3"),
            page(&[event(5, "t5"), event(4, "t4")]),
        ]);
        let (out, person) = followed(&fake, "audit tail -f --limit 1 --kind login.failed");
        let times: Vec<_> = out.lines().map(|line| &line[..2]).collect();
        assert_eq!(times, ["t3", "t2", "t4", "t5"]);
        assert_eq!(
            fake.paths()[1],
            "GET /audit?kind=login.failed&from=t1&limit=200"
        );
        assert!(person.waited.contains(&Duration::from_secs(3)));
        assert!(person.waited.contains(&PAUSE));
    }

    #[test]
    fn nothing_is_printed_again_when_much_happened_at_once() {
        let burst: Vec<_> = (0..80).rev().map(|id| event(id, "same")).collect();
        let fake = Fake::new([page(&burst), page(&burst), page(&burst)]);
        let (out, _) = followed(&fake, "audit tail -f --limit 100 --json");
        assert_eq!(out.lines().count(), 80);
        let first: Value = serde_json::from_str(out.lines().next().unwrap()).unwrap();
        assert_eq!(first["id"], "0");
    }
}
