//! `gatewright sessions`.

use anyhow::{Context as _, Result};
use clap::{Arg, ArgMatches, Command};
use http::Method;
use serde_json::Value;

use crate::api::{Named, path, read};
use crate::arguments::{given, group, text, user};
use crate::call::Call;
use crate::show;

pub(crate) fn command() -> Command {
    group("sessions")
        .about("List and end sessions of users")
        .subcommand(
            Command::new("list")
                .about("List a user's sessions")
                .arg(user()),
        )
        .subcommand(
            Command::new("end")
                .about("End one session of a user, or all")
                .arg(user())
                .arg(
                    Arg::new("session")
                        .value_name("SESSION")
                        .help("ID of the session; without it all sessions end"),
                ),
        )
}

pub(crate) fn run(call: &mut Call<'_>, matches: &ArgMatches) -> Result<()> {
    let (name, matches) = matches.subcommand().context("a command is missing")?;
    let user = call.api.user(given(matches, "user"))?;
    match name {
        "list" => list(call, matches, &user.id),
        _ => end(call, matches, &user, text(matches, "session")),
    }
}

pub(crate) fn list(call: &mut Call<'_>, matches: &ArgMatches, user: &str) -> Result<()> {
    let body = call.api.get(&path(&["users", user, "sessions"])?)?;
    if matches.get_flag("json") {
        return call.document(&body);
    }
    let body: Value = read(&body)?;
    let sessions = body["sessions"].as_array().cloned().unwrap_or_default();
    let header = ["ID", "DEVICE", "IP", "CREATED", "LAST SEEN", "EXPIRES"];
    let fields = [
        "id",
        "device",
        "ip",
        "created_at",
        "last_seen_at",
        "expires_at",
    ];
    show::table(call.out, &header, show::columns(&sessions, &fields))
}

/// Ends one session, or all.
pub(crate) fn end(
    call: &mut Call<'_>,
    matches: &ArgMatches,
    user: &Named,
    session: Option<&str>,
) -> Result<()> {
    let (path, said) = match session {
        Some(session) => (
            path(&["users", &user.id, "sessions", session])?,
            format!("the session of {user} has ended"),
        ),
        None => (
            path(&["users", &user.id, "sessions"])?,
            format!("the sessions of {user} have ended"),
        ),
    };
    let body = call.api.send(Method::DELETE, &path, None)?;
    call.done(matches, &body, &said)
}

#[cfg(test)]
mod tests {
    use crate::fake::{Fake, Script, run_line};
    use serde_json::json;

    const ID: &str = "01890a5d-ac96-774b-bcce-b302099a8057";

    #[test]
    fn sessions_are_listed_and_ended() {
        let session = json!({"id": "s1", "current": false, "device": "Firefox on Linux", "user_agent": "x", "ip": "192.0.2.1",
            "created_at": "a", "last_seen_at": "b", "expires_at": "c"});
        let list = json!({"sessions": [session]});
        let fake = Fake::new([
            Script::json(200, list.clone()),
            Script::json(200, list.clone()),
            Script::text(204, ""),
            Script::text(204, ""),
        ]);
        let out = run_line(&fake, &format!("sessions list {ID}")).unwrap();
        assert!(out.contains("s1  Firefox on Linux  192.0.2.1  a"), "{out}");
        let out = run_line(&fake, &format!("user sessions {ID} --json")).unwrap();
        assert_eq!(out.trim(), list.to_string());
        run_line(&fake, &format!("sessions end {ID} s/1")).unwrap();
        run_line(&fake, &format!("sessions end {ID}")).unwrap();
        assert_eq!(
            fake.paths(),
            [
                format!("GET /users/{ID}/sessions"),
                format!("GET /users/{ID}/sessions"),
                format!("DELETE /users/{ID}/sessions/s%2F1"),
                format!("DELETE /users/{ID}/sessions"),
            ]
        );
    }
}
