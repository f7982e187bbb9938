//! `gatewright keys`.

use anyhow::{Context as _, Result};
use clap::{Arg, ArgAction, ArgMatches, Command};
use http::Method;
use serde_json::{Value, json};

use crate::api::read;
use crate::arguments::group;
use crate::call::Call;
use crate::show;

pub(crate) fn command() -> Command {
    group("keys")
        .about("List and rotate the keys that sign access tokens")
        .subcommand(Command::new("list").about("List the keys"))
        .subcommand(
            Command::new("rotate")
                .about("Sign with a new key; the old key verifies its tokens until they expire")
                .arg(
                    Arg::new("emergency")
                        .long("emergency")
                        .action(ArgAction::SetTrue)
                        .help("After a key leak: reject every token that was signed before"),
                ),
        )
}

pub(crate) fn run(call: &mut Call<'_>, matches: &ArgMatches) -> Result<()> {
    let (name, matches) = matches.subcommand().context("a command is missing")?;
    if name == "rotate" {
        let emergency = matches.get_flag("emergency");
        let body = emergency.then(|| json!({"emergency": true}).to_string().into_bytes());
        let body = call.api.send(Method::POST, "/keys/rotate", body)?;
        return call.record(matches, &body);
    }
    let body = call.api.get("/keys")?;
    if matches.get_flag("json") {
        return call.document(&body);
    }
    let body: Value = read(&body)?;
    let keys = body["keys"].as_array().cloned().unwrap_or_default();
    let header = ["KID", "ALGORITHM", "CREATED", "RETIRED", "EXPIRES"];
    let fields = ["kid", "algorithm", "created_at", "retired_at", "expires_at"];
    show::table(call.out, &header, show::columns(&keys, &fields))
}

#[cfg(test)]
mod tests {
    use crate::fake::{Fake, Script, run_line};
    use serde_json::json;

    #[test]
    fn keys_are_listed_and_rotated() {
        let key = json!({"kid": "k1", "algorithm": "EdDSA", "created_at": "2026-01-01T00:00:00Z", "retired_at": null,
            "expires_at": null});
        let fake = Fake::new([
            Script::json(200, json!({"keys": [key]})),
            Script::json(201, key.clone()),
            Script::json(201, key.clone()),
            Script::json(201, key.clone()),
        ]);
        let out = run_line(&fake, "keys list").unwrap();
        assert!(
            out.contains("k1   EdDSA      2026-01-01T00:00:00Z  -"),
            "{out}"
        );
        let out = run_line(&fake, "keys rotate").unwrap();
        assert!(out.starts_with("kid         k1\n"), "{out}");
        let out = run_line(&fake, "keys rotate --json").unwrap();
        assert_eq!(out.trim(), key.to_string());
        run_line(&fake, "keys rotate --emergency").unwrap();
        assert_eq!(fake.body(3), json!({"emergency": true}));
        assert_eq!(
            fake.paths(),
            [
                "GET /keys",
                "POST /keys/rotate",
                "POST /keys/rotate",
                "POST /keys/rotate"
            ]
        );
    }
}
