//! `gatewright user create`.

use anyhow::Result;
use clap::{ArgMatches, Command};
use serde_json::{Map, json};

use super::profile;
use crate::arguments::{flag, option, options, text, texts};
use crate::call::Call;

pub(super) fn command() -> Command {
    Command::new("create")
        .about("Create a user")
        .arg(option("email", "ADDRESS").required_unless_present("username"))
        .arg(option("username", "NAME"))
        .arg(option("display-name", "NAME"))
        .arg(options("role", "ROLE").help("A role of the user; can be repeated"))
        .arg(flag("verified").help("The e-mail address is verified"))
        .arg(flag("invite").help("E-mail a link to choose a password"))
        .arg(
            flag("password-stdin")
                .conflicts_with("invite")
                .help("Read the password from standard input"),
        )
        .arg(profile::argument())
}

pub(super) fn run(call: &mut Call<'_>, matches: &ArgMatches) -> Result<()> {
    let mut body = Map::new();
    for (name, field) in [
        ("email", "email"),
        ("username", "username"),
        ("display-name", "display_name"),
    ] {
        body.extend(text(matches, name).map(|value| (field.to_owned(), value.into())));
    }
    let roles = texts(matches, "role");
    if !roles.is_empty() {
        body.insert("roles".to_owned(), json!(roles));
    }
    if matches.get_flag("verified") {
        body.insert("email_verified".to_owned(), true.into());
    }
    if matches.get_flag("invite") {
        body.insert("invite".to_owned(), true.into());
    }
    body.extend(profile::entries(matches).map(|profile| ("profile".to_owned(), profile.into())));
    let password = call.given_password(matches)?;
    body.extend(password.map(|password| ("password".to_owned(), password.into())));
    let cannot_sign_in = !body.contains_key("password") && !matches.get_flag("invite");
    let answer = call.api.post("/users", &body.into())?;
    if cannot_sign_in {
        call.console.say(
            "the user has no password yet; `gatewright user reset-password` e-mails a link to choose one",
        );
    }
    call.record(matches, &answer)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::fake::{Fake, Person, Script, run_line};
    use crate::users::fixtures::record;

    #[test]
    fn a_user_is_made_of_what_is_given() {
        let fake = Fake::new([Script::json(201, record())]);
        let mut person = Person::typing("correct horse\n");
        let words = [
            "user",
            "create",
            "--email",
            "ada@example.com",
            "--username",
            "ada",
            "--display-name",
            "Ada L",
            "--role",
            "editor",
            "--role",
            "verified",
            "--verified",
            "--password-stdin",
            "--profile",
            "zip=01234",
            "--profile",
            "age:=36",
            "--json",
        ];
        let out = person.run_words(&fake, &words).unwrap();
        assert_eq!(fake.paths(), ["POST /users"]);
        assert_eq!(
            fake.body(0),
            json!({"email": "ada@example.com", "username": "ada", "display_name": "Ada L", "roles": ["editor", "verified"],
                "email_verified": true, "password": "correct horse", "profile": {"zip": "01234", "age": 36}})
        );
        assert_eq!(out.trim(), record().to_string());
    }

    #[test]
    fn an_invited_user_chooses_his_password() {
        let fake = Fake::new([Script::json(201, record())]);
        run_line(&fake, "user create --email ada@example.com --invite").unwrap();
        assert_eq!(
            fake.body(0),
            json!({"email": "ada@example.com", "invite": true})
        );
        assert!(run_line(&fake, "user create --email a@b.c --invite --password-stdin").is_err());
        assert!(run_line(&fake, "user create").is_err());
    }
}
