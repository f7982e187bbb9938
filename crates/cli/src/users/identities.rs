//! `gatewright user show` and `gatewright user unlink`.

use anyhow::Result;
use clap::{ArgMatches, Command};
use http::Method;
use serde_json::Value;

use crate::api::{Named, path, read};
use crate::arguments::{given, required, user};
use crate::call::Call;
use crate::show;

pub(super) fn unlink_command() -> Command {
    Command::new("unlink")
        .about("Unlink an account at a sign-in provider from a user, and end their sessions")
        .arg(user())
        .arg(required("identity", "IDENTITY").help("ID of the identity; `user show` prints it"))
}

/// Prints a user, and below it a line for each account at a sign-in provider.
pub(super) fn show(call: &mut Call<'_>, matches: &ArgMatches, id: &str) -> Result<()> {
    let body = call.api.get(&path(&["users", id])?)?;
    if matches.get_flag("json") {
        return call.document(&body);
    }
    let mut record: Value = read(&body)?;
    let identities = record
        .as_object_mut()
        .and_then(|fields| fields.remove("identities"));
    show::record(call.out, &record)?;
    let identities = match identities {
        Some(Value::Array(identities)) if !identities.is_empty() => identities,
        _ => return Ok(()),
    };
    writeln!(call.out)?;
    let header = [
        "IDENTITY",
        "PROVIDER",
        "SUBJECT",
        "EMAIL",
        "LINKED",
        "LAST USED",
    ];
    let fields = [
        "id",
        "provider",
        "subject",
        "email",
        "created_at",
        "last_used_at",
    ];
    show::table(call.out, &header, show::columns(&identities, &fields))
}

pub(super) fn unlink(call: &mut Call<'_>, matches: &ArgMatches, user: &Named) -> Result<()> {
    let identity = given(matches, "identity");
    let path = path(&["users", &user.id, "identities", identity])?;
    let body = call.api.send(Method::DELETE, &path, None)?;
    let said = format!("{user} can no longer sign in with this identity");
    call.done(matches, &body, &said)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::fake::{Fake, Script, run_line};
    use crate::users::fixtures::{ID, page, record};

    #[test]
    fn a_user_is_shown_by_name() {
        let fake = Fake::new([page(&[record()], None), Script::json(200, record())]);
        let out = run_line(&fake, "user show ada@example.com").unwrap();
        assert_eq!(fake.paths()[1], format!("GET /users/{ID}"));
        assert!(out.starts_with(&format!("id              {ID}\n")), "{out}");
    }

    #[test]
    fn identities_are_shown_below_the_user() {
        let mut user = record();
        user["identities"] = json!([{"id": "i1", "provider": "google", "issuer": "https://accounts.google.com",
            "subject": "s\u{1b}1", "email": null, "label": "Google", "created_at": "a", "last_used_at": "b"}]);
        let fake = Fake::new([
            Script::json(200, user.clone()),
            Script::json(200, user.clone()),
        ]);
        let out = run_line(&fake, &format!("user show {ID}")).unwrap();
        let (above, below) = out.split_once("\n\n").unwrap();
        assert!(!above.contains("identities"), "{out}");
        assert!(below.starts_with("IDENTITY  PROVIDER"), "{out}");
        let row: Vec<_> = below
            .lines()
            .nth(1)
            .unwrap()
            .split_ascii_whitespace()
            .collect();
        assert_eq!(row, ["i1", "google", "s\\u{1b}1", "-", "a", "b"]);
        let out = run_line(&fake, &format!("user show {ID} --json")).unwrap();
        assert_eq!(out.trim(), user.to_string());
    }

    #[test]
    fn an_identity_is_unlinked() {
        let fake = Fake::new([page(&[record()], None), Script::text(204, "")]);
        let out = run_line(&fake, "user unlink ada@example.com i/1").unwrap();
        assert_eq!(
            fake.paths()[1],
            format!("DELETE /users/{ID}/identities/i%2F1")
        );
        assert!(out.contains("ada@example.com"), "{out}");
    }
}
