//! `gatewright user edit`.

use anyhow::{Result, ensure};
use clap::{ArgMatches, Command};
use http::Method;
use serde_json::Map;

use super::profile;
use crate::api::path;
use crate::arguments::{option, text, user, yes_or_no};
use crate::call::Call;

pub(super) fn command() -> Command {
    Command::new("edit")
        .about("Update a user; omitted fields are unchanged, an empty text clears a field")
        .arg(user())
        .arg(option("email", "ADDRESS"))
        .arg(yes_or_no("verified").help("Whether the e-mail address is verified"))
        .arg(option("username", "NAME"))
        .arg(option("display-name", "NAME"))
        .arg(profile::argument())
}

pub(super) fn run(call: &mut Call<'_>, matches: &ArgMatches, id: &str) -> Result<()> {
    let mut body = Map::new();
    for (name, field) in [
        ("email", "email"),
        ("username", "username"),
        ("display-name", "display_name"),
    ] {
        if let Some(value) = text(matches, name) {
            let value = (!value.is_empty()).then_some(value);
            body.insert(field.to_owned(), value.into());
        }
    }
    if let Some(verified) = matches.get_one::<bool>("verified") {
        body.insert("email_verified".to_owned(), (*verified).into());
    }
    body.extend(profile::entries(matches).map(|profile| ("profile".to_owned(), profile.into())));
    ensure!(
        !body.is_empty(),
        "nothing to change; give at least one option"
    );
    let body = serde_json::to_vec(&body)?;
    let answer = call
        .api
        .send(Method::PATCH, &path(&["users", id])?, Some(body))?;
    call.record(matches, &answer)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::fake::{Fake, Person, Script, run_line};
    use crate::users::fixtures::{ID, record};

    #[test]
    fn an_edit_sends_what_changes_and_null_for_what_is_empty() {
        let fake = Fake::new([Script::json(200, record())]);
        let words = [
            "user",
            "edit",
            ID,
            "--username",
            "",
            "--email",
            "b@example.com",
            "--verified=false",
            "--profile",
            "age:=null",
        ];
        Person::default().run_words(&fake, &words).unwrap();
        assert_eq!(fake.paths(), [format!("PATCH /users/{ID}")]);
        assert_eq!(
            fake.body(0),
            json!({"username": null, "email": "b@example.com", "email_verified": false, "profile": {"age": null}})
        );
        assert!(run_line(&fake, &format!("user edit {ID}")).is_err());
    }
}
