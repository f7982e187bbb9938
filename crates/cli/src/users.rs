//! `gatewright user`.

use anyhow::{Context as _, Result, ensure};
use clap::{ArgMatches, Command};
use http::Method;
use serde_json::{Map, Value, json};

use crate::api::{Query, path};
use crate::arguments::{
    flag, given, group, limit, option, options, required, text, texts, time, user, yes_or_no,
};
use crate::call::Call;
use crate::{sessions, show};

pub(crate) fn command() -> Command {
    group("user")
        .about("Find, make, change and take away users")
        .subcommand(list_command())
        .subcommand(Command::new("show").about("Show a user").arg(user()))
        .subcommand(create_command())
        .subcommand(edit_command())
        .subcommand(
            Command::new("disable")
                .about("Keep a user from signing in, and end his sessions")
                .arg(user()),
        )
        .subcommand(
            Command::new("enable")
                .about("Let a disabled user sign in again")
                .arg(user()),
        )
        .subcommand(
            Command::new("unlock")
                .about("Let a user try again who guessed too often")
                .arg(user()),
        )
        .subcommand(
            Command::new("delete")
                .about("Delete a user with everything that is his")
                .arg(user())
                .arg(
                    flag("yes")
                        .short('y')
                        .help("Do not ask whether that is meant"),
                ),
        )
        .subcommand(
            Command::new("reset-password")
                .about("Make a user's password void, and mail him a link to choose another")
                .arg(user()),
        )
        .subcommand(
            Command::new("sessions")
                .about("List where a user is signed in")
                .arg(user()),
        )
        .subcommand(
            Command::new("logout")
                .about("End every session of a user")
                .arg(user()),
        )
        .subcommand(
            Command::new("add-role")
                .about("Give a user roles")
                .arg(user())
                .arg(required("roles", "ROLE").num_args(1..)),
        )
        .subcommand(
            Command::new("remove-role")
                .about("Take roles away from a user")
                .arg(user())
                .arg(required("roles", "ROLE").num_args(1..)),
        )
}

fn list_command() -> Command {
    let time = |name| option(name, "TIME");
    Command::new("list")
        .about("List users; times are in RFC 3339, or a day in UTC")
        .arg(option("search", "TEXT").help("Whose e-mail address, user name, display name or profile begins with it"))
        .arg(option("role", "ROLE").help("Who has this role"))
        .arg(yes_or_no("verified").help("Whose e-mail address is verified, or is not"))
        .arg(yes_or_no("disabled").help("Who is disabled, or is not"))
        .arg(yes_or_no("locked").help("Who is locked out for now, or is not"))
        .arg(time("created-from").help("Who was made at that time or later"))
        .arg(time("created-to").help("Who was made before that time"))
        .arg(time("last-login-from").help("Who signed in last at that time or later"))
        .arg(time("last-login-to").help("Who signed in last before that time"))
        .arg(
            option("sort", "FIELD")
                .allow_hyphen_values(true)
                .conflicts_with("search")
                .help("created_at, last_login_at, email or username, with - in front for the other direction"),
        )
        .arg(limit("50").help("How many at most"))
        .arg(flag("all").conflicts_with("limit").help("As many as there are"))
        .arg(option("cursor", "CURSOR").help("Go on where an earlier list ended"))
}

fn create_command() -> Command {
    Command::new("create")
        .about("Make a user")
        .arg(option("email", "ADDRESS").required_unless_present("username"))
        .arg(option("username", "NAME"))
        .arg(option("display-name", "NAME"))
        .arg(options("role", "ROLE").help("A role to begin with; may be given again"))
        .arg(flag("verified").help("The e-mail address is known to be his"))
        .arg(flag("invite").help("Mail a link to choose a password"))
        .arg(
            flag("password-stdin")
                .conflicts_with("invite")
                .help("Read the password from standard input"),
        )
        .arg(profile())
}

fn edit_command() -> Command {
    Command::new("edit")
        .about("Change a user; an empty text takes away what is there")
        .arg(user())
        .arg(option("email", "ADDRESS"))
        .arg(yes_or_no("verified").help("Whether the e-mail address is known to be his"))
        .arg(option("username", "NAME"))
        .arg(option("display-name", "NAME"))
        .arg(profile())
}

fn profile() -> clap::Arg {
    options("profile", "KEY=TEXT")
        .value_parser(entry)
        .help("A field of the profile; KEY:=JSON for what is not text, KEY:=null to take it away")
}

/// `key=text` or `key:=json`.
fn entry(given: &str) -> Result<(String, Value), String> {
    let (key, value) = given.split_once('=').ok_or("it has to be KEY=TEXT")?;
    let (key, value) = match key.strip_suffix(':') {
        Some(key) => {
            let value = gatewright_transfer::objects::from_str(value)
                .map_err(|error| format!("no JSON: {error}"))?;
            (key, value)
        }
        None => (key, value.into()),
    };
    if key.is_empty() {
        return Err("it has to be KEY=TEXT".to_owned());
    }
    Ok((key.to_owned(), value))
}

fn entries(matches: &ArgMatches) -> Option<Map<String, Value>> {
    let entries = matches.get_many::<(String, Value)>("profile")?;
    Some(entries.cloned().collect())
}

pub(crate) fn run(call: &mut Call<'_>, matches: &ArgMatches) -> Result<()> {
    let (name, matches) = matches.subcommand().context("a command is missing")?;
    match name {
        "list" => return list(call, matches),
        "create" => return create(call, matches),
        _ => {}
    }
    let user = call.api.user(given(matches, "user"))?;
    let id = user.id.as_str();
    let do_it = |call: &mut Call<'_>, method: Method, parts: &[&str], said: &str| {
        let body = call.api.send(method, &path(parts)?, None)?;
        call.done(matches, &body, said)
    };
    match name {
        "show" => {
            let body = call.api.get(&path(&["users", id])?)?;
            call.record(matches, &body)
        }
        "edit" => edit(call, matches, id),
        "disable" => do_it(
            call,
            Method::POST,
            &["users", id, "disable"],
            &format!("{user} is disabled, and his sessions have ended"),
        ),
        "enable" => do_it(
            call,
            Method::POST,
            &["users", id, "enable"],
            &format!("{user} may sign in again"),
        ),
        "unlock" => do_it(
            call,
            Method::POST,
            &["users", id, "unlock"],
            &format!("{user} may sign in again at once"),
        ),
        "delete" => {
            let who = match &user.record {
                Some(_) => format!("{user} ({id})"),
                None => id.to_owned(),
            };
            call.confirm(matches, &format!("Delete {who} with everything?"))?;
            do_it(
                call,
                Method::DELETE,
                &["users", id],
                &format!("{user} is deleted"),
            )
        }
        "reset-password" => do_it(
            call,
            Method::POST,
            &["users", id, "reset-password"],
            &format!(
                "the password of {user} is void, his sessions have ended, and a link to choose another is on its way"
            ),
        ),
        "sessions" => sessions::list(call, matches, id),
        "logout" => sessions::end(call, matches, &user, None),
        _ => {
            let (method, said) = match name {
                "add-role" => (Method::POST, "has"),
                _ => (Method::DELETE, "does not have"),
            };
            for role in texts(matches, "roles") {
                do_it(
                    call,
                    method.clone(),
                    &["users", id, "roles", role],
                    &format!("{user} {said} the role {role}"),
                )
                .with_context(|| format!("role {role}"))?;
            }
            Ok(())
        }
    }
}

fn list(call: &mut Call<'_>, matches: &ArgMatches) -> Result<()> {
    let mut query = Query::new();
    for (name, field) in [("search", "search"), ("role", "role"), ("sort", "sort")] {
        query.extend(text(matches, name).map(|value| (field, value.to_owned())));
    }
    for field in ["verified", "disabled", "locked"] {
        let value = matches.get_one::<bool>(field);
        query.extend(value.map(|value| (field, value.to_string())));
    }
    for (name, field) in [
        ("created-from", "created_from"),
        ("created-to", "created_to"),
        ("last-login-from", "last_login_from"),
        ("last-login-to", "last_login_to"),
    ] {
        query.extend(text(matches, name).map(|value| (field, time(value))));
    }
    let wanted = match matches.get_flag("all") {
        true => None,
        false => matches.get_one::<u64>("limit").copied(),
    };
    let cursor = text(matches, "cursor").map(str::to_owned);
    let listed = call.api.list("/users", "users", &query, cursor, wanted)?;
    if matches.get_flag("json") {
        return call.document(&listed.document);
    }
    let header = [
        "ID",
        "EMAIL",
        "USERNAME",
        "ROLES",
        "VERIFIED",
        "DISABLED",
        "LAST LOGIN",
    ];
    let fields = [
        "id",
        "email",
        "username",
        "roles",
        "email_verified",
        "disabled",
        "last_login_at",
    ];
    show::table(call.out, &header, show::columns(&listed.values()?, &fields))?;
    if let Some(next) = listed.next {
        let next = show::clean(&next);
        call.console
            .say(&format!("there are more: --all, or --cursor {next}"));
    }
    Ok(())
}

fn create(call: &mut Call<'_>, matches: &ArgMatches) -> Result<()> {
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
    body.extend(entries(matches).map(|profile| ("profile".to_owned(), profile.into())));
    let password = call.given_password(matches)?;
    body.extend(password.map(|password| ("password".to_owned(), password.into())));
    let cannot_sign_in = !body.contains_key("password") && !matches.get_flag("invite");
    let answer = call.api.post("/users", &body.into())?;
    if cannot_sign_in {
        call.console.say(
            "the user has no password yet: `gatewright user reset-password` mails a link to choose one",
        );
    }
    call.record(matches, &answer)
}

fn edit(call: &mut Call<'_>, matches: &ArgMatches, id: &str) -> Result<()> {
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
    body.extend(entries(matches).map(|profile| ("profile".to_owned(), profile.into())));
    ensure!(!body.is_empty(), "nothing is to be changed");
    let body = serde_json::to_vec(&body)?;
    let answer = call
        .api
        .send(Method::PATCH, &path(&["users", id])?, Some(body))?;
    call.record(matches, &answer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::PAGE;
    use crate::fake::{Fake, Person, Script, run_line};

    const ID: &str = "01890a5d-ac96-774b-bcce-b302099a8057";

    fn record() -> Value {
        json!({"id": ID, "email": "ada@example.com", "username": null, "roles": ["admin", "user"],
            "email_verified": true, "disabled": false, "last_login_at": null})
    }

    fn page(users: &[Value], next: Option<&str>) -> Script {
        Script::json(200, json!({"users": users, "next_cursor": next}))
    }

    #[test]
    fn a_list_asks_for_what_the_arguments_say_and_is_a_table() {
        let fake = Fake::new([page(&[record()], Some("c+1"))]);
        let mut person = Person::default();
        let out = person
            .run(
                &fake,
                "user list --role admin --verified --disabled=false --locked=true --created-from 2026-01-02 \
                 --created-to 2026-02-03T00:00:00+01:00 --last-login-from 2026-01-01 --last-login-to 2026-01-02 \
                 --sort -last_login_at --limit 1 --cursor a/b",
            )
            .unwrap();
        assert_eq!(
            fake.paths(),
            [
                "GET /users?role=admin&sort=-last_login_at&verified=true&disabled=false&locked=true\
                 &created_from=2026-01-02T00%3A00%3A00Z&created_to=2026-02-03T00%3A00%3A00%2B01%3A00\
                 &last_login_from=2026-01-01T00%3A00%3A00Z&last_login_to=2026-01-02T00%3A00%3A00Z&limit=1&cursor=a%2Fb"
            ]
        );
        let mut lines = out.lines();
        assert!(lines.next().unwrap().starts_with("ID "), "{out}");
        let row: Vec<_> = lines.next().unwrap().split("  ").map(str::trim).collect();
        let row: Vec<_> = row.into_iter().filter(|cell| !cell.is_empty()).collect();
        assert_eq!(
            row,
            [ID, "ada@example.com", "-", "admin, user", "yes", "no", "-"]
        );
        assert!(person.said[0].contains("--cursor c+1"));
    }

    #[test]
    fn all_pages_make_one_document() {
        let fake = Fake::new([
            page(&[json!({"id": "1", "z": 1, "a": 2})], Some("c1")),
            page(&[json!({"id": "2"})], None),
        ]);
        let out = run_line(&fake, "user list --all --search ad --json").unwrap();
        assert_eq!(
            fake.paths(),
            [
                "GET /users?search=ad&limit=200",
                "GET /users?search=ad&limit=200&cursor=c1"
            ]
        );
        let document: Value = serde_json::from_str(&out).unwrap();
        assert_eq!(document["users"].as_array().unwrap().len(), 2);
        assert_eq!(document["next_cursor"], Value::Null);
    }

    #[test]
    fn one_page_is_printed_byte_by_byte() {
        let body = r#"{ "users": [ {"z":1.0,"a":"\u00e9"} ], "next_cursor":null}"#;
        let fake = Fake::new([Script::text(200, body)]);
        let out = run_line(&fake, "user list --json").unwrap();
        assert_eq!(out, format!("{body}\n"));
        assert_eq!(fake.paths(), ["GET /users?limit=50"]);
    }

    #[test]
    fn a_limit_beyond_a_page_takes_several() {
        let many = vec![json!({"id": "1"}); PAGE as usize];
        let fake = Fake::new([page(&many, Some("c")), page(&many[..50], Some("d"))]);
        let out = run_line(&fake, "user list --limit 250 --json").unwrap();
        assert_eq!(
            fake.paths(),
            ["GET /users?limit=200", "GET /users?limit=50&cursor=c"]
        );
        let document: Value = serde_json::from_str(&out).unwrap();
        assert_eq!(document["users"].as_array().unwrap().len(), 250);
        assert_eq!(document["next_cursor"], "d");
    }

    #[test]
    fn a_user_is_shown_by_name() {
        let fake = Fake::new([page(&[record()], None), Script::json(200, record())]);
        let out = run_line(&fake, "user show ada@example.com").unwrap();
        assert_eq!(fake.paths()[1], format!("GET /users/{ID}"));
        assert!(out.starts_with(&format!("id              {ID}\n")), "{out}");
    }

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

    #[test]
    fn what_is_done_to_a_user() {
        for (command, request) in [
            ("disable", format!("POST /users/{ID}/disable")),
            ("enable", format!("POST /users/{ID}/enable")),
            ("unlock", format!("POST /users/{ID}/unlock")),
            ("reset-password", format!("POST /users/{ID}/reset-password")),
            ("logout", format!("DELETE /users/{ID}/sessions")),
            ("delete --yes", format!("DELETE /users/{ID}")),
        ] {
            let fake = Fake::new([page(&[record()], None), Script::text(204, "")]);
            let out = run_line(&fake, &format!("user {command} ada@example.com")).unwrap();
            assert_eq!(fake.paths()[1], request);
            assert_eq!(fake.bodies()[1], b"");
            assert!(out.contains("ada@example.com"), "{out}");
            let fake = Fake::new([Script::text(204, "")]);
            let out = run_line(&fake, &format!("user {command} {ID} --json")).unwrap();
            assert_eq!(out, "");
        }
    }

    #[test]
    fn a_user_is_deleted_when_a_person_agrees() {
        let line = format!("user delete {ID}");
        let fake = Fake::new([]);
        let error = run_line(&fake, &line).unwrap_err().to_string();
        assert!(error.contains("--yes"), "{error}");
        let error = Person::answering(["n"]).run(&fake, &line).unwrap_err();
        assert!(error.to_string().contains("nothing was changed"));
        assert!(fake.requests().is_empty());
        let fake = Fake::new([Script::text(204, "")]);
        Person::answering(["y"]).run(&fake, &line).unwrap();
        assert_eq!(fake.paths(), [format!("DELETE /users/{ID}")]);
    }

    #[test]
    fn roles_are_given_and_taken_one_by_one() {
        let fake = Fake::new([Script::text(204, ""), Script::text(204, "")]);
        let out = run_line(&fake, &format!("user add-role {ID} editor a/b")).unwrap();
        assert_eq!(
            fake.paths(),
            [
                format!("POST /users/{ID}/roles/editor"),
                format!("POST /users/{ID}/roles/a%2Fb")
            ]
        );
        assert_eq!(out.lines().count(), 2);
        let fake = Fake::new([Script::text(204, "")]);
        run_line(&fake, &format!("user remove-role {ID} editor")).unwrap();
        assert_eq!(fake.paths(), [format!("DELETE /users/{ID}/roles/editor")]);
    }
}
