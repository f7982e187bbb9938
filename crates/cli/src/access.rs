//! `gatewright check`.

use anyhow::{Context as _, Result, ensure};
use clap::{ArgMatches, Command};
use serde_json::{Value, json};

use crate::api::read;
use crate::arguments::{given, json, required, user};
use crate::call::Call;

pub(crate) fn command() -> Command {
    Command::new("check")
        .about("Check whether a user has a permission (exit code 1 if not)")
        .arg(user())
        .arg(required("permission", "PERMISSION").help("The permission, such as posts:write"))
        .arg(json())
}

pub(crate) fn run(call: &mut Call<'_>, matches: &ArgMatches) -> Result<()> {
    let user = call.api.user(given(matches, "user"))?;
    let permission = given(matches, "permission");
    let question = json!({"user_id": user.id, "permission": permission});
    let body = call.api.post("/access/check", &question)?;
    let answer: Value = read(&body)?;
    let allowed = answer["allowed"].as_bool();
    let allowed = allowed.context("the answer of the service has no `allowed` of true or false")?;
    let said = match matches.get_flag("json") {
        true => call.document(&body),
        false if allowed => call.done(matches, b"", &format!("{user} has {permission}")),
        false => Ok(()),
    };
    // Also where nobody reads the output.
    ensure!(allowed, "{user} does not have {permission}");
    said
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::{Fake, Script, run_line};

    const ID: &str = "01890a5d-ac96-774b-bcce-b302099a8057";

    #[test]
    fn yes_is_success_and_no_is_failure() {
        let answer = |allowed: bool| json!({"allowed": allowed, "results": [allowed]});
        let fake = Fake::new([
            Script::json(200, answer(true)),
            Script::json(200, answer(true)),
            Script::json(200, answer(false)),
        ]);
        let line = format!("check {ID} posts:write");
        assert_eq!(
            run_line(&fake, &line).unwrap(),
            format!("{ID} has posts:write\n")
        );
        let out = run_line(&fake, &format!("{line} --json")).unwrap();
        assert_eq!(out.trim(), answer(true).to_string());
        let error = run_line(&fake, &line).unwrap_err().to_string();
        assert!(error.contains("does not have"), "{error}");
        assert_eq!(fake.paths()[0], "POST /access/check");
        assert_eq!(
            fake.body(0),
            json!({"user_id": ID, "permission": "posts:write"})
        );
    }
}
