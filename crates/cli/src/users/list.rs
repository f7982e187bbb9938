//! `gatewright user list`.

use anyhow::Result;
use clap::{ArgMatches, Command};

use crate::api::Query;
use crate::arguments::{flag, limit, option, text, time, yes_or_no};
use crate::call::Call;
use crate::show;

pub(super) fn command() -> Command {
    let time = |name| option(name, "TIME");
    Command::new("list")
        .about("List users; times are in RFC 3339, or a day in UTC")
        .arg(option("search", "TEXT").help("Only users whose e-mail address, user name, display name or profile begins with this text"))
        .arg(option("role", "ROLE").help("Only users with this role"))
        .arg(option("provider", "PROVIDER").help("Only users who can sign in with this provider, such as google"))
        .arg(yes_or_no("verified").help("Only users whose e-mail address is verified, or is not"))
        .arg(yes_or_no("disabled").help("Only users who are disabled, or are not"))
        .arg(yes_or_no("locked").help("Only users who are locked out at present, or are not"))
        .arg(time("created-from").help("Only users created at or after this time"))
        .arg(time("created-to").help("Only users created before this time"))
        .arg(time("last-login-from").help("Only users whose last sign-in was at or after this time"))
        .arg(time("last-login-to").help("Only users whose last sign-in was before this time"))
        .arg(
            option("sort", "FIELD")
                .allow_hyphen_values(true)
                .conflicts_with("search")
                .help("created_at, last_login_at, email or username; a leading - reverses the order"),
        )
        .arg(limit("50").help("Maximum number of users"))
        .arg(flag("all").conflicts_with("limit").help("List all users"))
        .arg(option("cursor", "CURSOR").help("Continue after an earlier list"))
}

pub(super) fn run(call: &mut Call<'_>, matches: &ArgMatches) -> Result<()> {
    let mut query = Query::new();
    for name in ["search", "role", "provider", "sort"] {
        query.extend(text(matches, name).map(|value| (name, value.to_owned())));
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
        call.console.say(&format!(
            "there are more users; list them with --all or --cursor {next}"
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::api::PAGE;
    use crate::fake::{Fake, Person, Script, run_line};
    use crate::users::fixtures::{ID, page, record};

    #[test]
    fn a_list_asks_for_what_the_arguments_say_and_is_a_table() {
        let fake = Fake::new([page(&[record()], Some("c+1"))]);
        let mut person = Person::default();
        let out = person
            .run(
                &fake,
                "user list --role admin --provider google --verified --disabled=false --locked=true --created-from 2026-01-02 \
                 --created-to 2026-02-03T00:00:00+01:00 --last-login-from 2026-01-01 --last-login-to 2026-01-02 \
                 --sort -last_login_at --limit 1 --cursor a/b",
            )
            .unwrap();
        assert_eq!(
            fake.paths(),
            [
                "GET /users?role=admin&provider=google&sort=-last_login_at&verified=true&disabled=false&locked=true\
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
}
