//! `gatewright admin`.

use anyhow::{Result, anyhow};
use clap::{ArgMatches, Command};
use serde_json::json;

use crate::api::Refusal;
use crate::arguments::{flag, given, group, option, text};
use crate::call::Call;

pub(crate) fn command() -> Command {
    group("admin").about("Create administrators").subcommand(
        Command::new("create")
            .about("Create a superadmin; asks for the password")
            .arg(option("email", "ADDRESS").required(true))
            .arg(option("username", "NAME"))
            .arg(flag("password-stdin").help("Read the password from standard input")),
    )
}

pub(crate) fn run(call: &mut Call<'_>, matches: &ArgMatches) -> Result<()> {
    let (_, matches) = matches
        .subcommand()
        .ok_or_else(|| anyhow!("a command is missing"))?;
    let email = given(matches, "email");
    let password = match call.given_password(matches)? {
        Some(password) => password,
        None => call.typed_password()?,
    };
    let mut body = json!({"email": email, "password": password, "email_verified": true, "roles": ["superadmin"]});
    if let Some(username) = text(matches, "username") {
        body["username"] = username.into();
    }
    let made = call.api.post("/users", &body);
    let body = made.map_err(|error| match error.downcast_ref::<Refusal>() {
        Some(refusal) if refusal.code == "email_taken" => anyhow!(
            "{email} already has an account; `gatewright user add-role {email} superadmin` gives it the role superadmin"
        ),
        _ => error,
    })?;
    call.record(matches, &body)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::{Fake, Person, Script, run_line};

    const LINE: &str = "admin create --email root@example.com";

    #[test]
    fn a_superadmin_is_made_with_a_password_of_standard_input() {
        let fake = Fake::new([Script::json(201, json!({"id": "1"}))]);
        let line = format!("{LINE} --username root --password-stdin");
        Person::typing("a good one \r\nnot this\n")
            .run(&fake, &line)
            .unwrap();
        assert_eq!(fake.paths(), ["POST /users"]);
        assert_eq!(
            fake.body(0),
            json!({"email": "root@example.com", "username": "root", "password": "a good one ", "email_verified": true,
                "roles": ["superadmin"]})
        );
    }

    #[test]
    fn a_typed_password_is_typed_twice() {
        let fake = Fake::new([Script::json(201, json!({"id": "1"}))]);
        let error = Person::answering(["one", "other"])
            .run(&fake, LINE)
            .unwrap_err();
        assert!(error.to_string().contains("two passwords"), "{error}");
        Person::answering(["same", "same"])
            .run(&fake, LINE)
            .unwrap();
        assert_eq!(fake.body(0)["password"], "same");
        assert_eq!(fake.requests().len(), 1);
    }

    #[test]
    fn without_a_terminal_nobody_is_asked() {
        let fake = Fake::new([]);
        let error = run_line(&fake, LINE).unwrap_err().to_string();
        assert!(error.contains("--password-stdin"), "{error}");
        let line = format!("{LINE} --password-stdin");
        let error = Person::typing("\n").run(&fake, &line).unwrap_err();
        assert!(error.to_string().contains("no password"), "{error}");
    }

    #[test]
    fn a_taken_address_says_how_to_give_the_role() {
        let taken =
            json!({"error": {"code": "email_taken", "message": "Taken.", "status_code": 409}});
        let fake = Fake::new([Script::json(409, taken)]);
        let error = Person::answering(["same", "same"])
            .run(&fake, LINE)
            .unwrap_err();
        assert!(
            error
                .to_string()
                .contains("user add-role root@example.com superadmin")
        );
    }
}
