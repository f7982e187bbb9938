//! `gatewright user`.

mod create;
mod edit;
#[cfg(test)]
mod fixtures;
mod identities;
mod list;
mod profile;

use anyhow::{Context as _, Result};
use clap::{ArgMatches, Command};
use http::Method;

use crate::api::path;
use crate::arguments::{flag, given, group, required, texts, user};
use crate::call::Call;
use crate::sessions;

pub(crate) fn command() -> Command {
    group("user")
        .about("Find, create, update and delete users")
        .subcommand(list::command())
        .subcommand(Command::new("show").about("Show a user").arg(user()))
        .subcommand(create::command())
        .subcommand(edit::command())
        .subcommand(
            Command::new("disable")
                .about("Disable a user: end all sessions and refuse new ones")
                .arg(user()),
        )
        .subcommand(
            Command::new("enable")
                .about("Enable a disabled user")
                .arg(user()),
        )
        .subcommand(
            Command::new("unlock")
                .about("Unlock a user who is locked out after too many attempts")
                .arg(user()),
        )
        .subcommand(
            Command::new("delete")
                .about("Delete a user and all data of the user")
                .arg(user())
                .arg(flag("yes").short('y').help("Do not ask for confirmation")),
        )
        .subcommand(
            Command::new("reset-password")
                .about("Require a password reset and e-mail the link")
                .arg(user()),
        )
        .subcommand(
            Command::new("remove-factor")
                .about("Remove the second factor of a user")
                .arg(user()),
        )
        .subcommand(identities::unlink_command())
        .subcommand(
            Command::new("sessions")
                .about("List the sessions of a user")
                .arg(user()),
        )
        .subcommand(
            Command::new("logout")
                .about("End all sessions of a user")
                .arg(user()),
        )
        .subcommand(
            Command::new("add-role")
                .about("Add roles to a user")
                .arg(user())
                .arg(required("roles", "ROLE").num_args(1..)),
        )
        .subcommand(
            Command::new("remove-role")
                .about("Remove roles from a user")
                .arg(user())
                .arg(required("roles", "ROLE").num_args(1..)),
        )
}

pub(crate) fn run(call: &mut Call<'_>, matches: &ArgMatches) -> Result<()> {
    let (name, matches) = matches.subcommand().context("a command is missing")?;
    match name {
        "list" => return list::run(call, matches),
        "create" => return create::run(call, matches),
        _ => {}
    }
    let user = call.api.user(given(matches, "user"))?;
    let id = user.id.as_str();
    let do_it = |call: &mut Call<'_>, method: Method, parts: &[&str], said: &str| {
        let body = call.api.send(method, &path(parts)?, None)?;
        call.done(matches, &body, said)
    };
    match name {
        "show" => identities::show(call, matches, id),
        "unlink" => identities::unlink(call, matches, &user),
        "edit" => edit::run(call, matches, id),
        "disable" => do_it(
            call,
            Method::POST,
            &["users", id, "disable"],
            &format!("{user} is disabled, and all sessions have ended"),
        ),
        "enable" => do_it(
            call,
            Method::POST,
            &["users", id, "enable"],
            &format!("{user} can sign in again"),
        ),
        "unlock" => do_it(
            call,
            Method::POST,
            &["users", id, "unlock"],
            &format!("{user} is unlocked and can sign in again"),
        ),
        "delete" => {
            let who = match &user.record {
                Some(_) => format!("{user} ({id})"),
                None => id.to_owned(),
            };
            call.confirm(matches, &format!("Delete {who} and all data of the user?"))?;
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
                "the password of {user} is invalid, all sessions have ended, and a reset link is being e-mailed"
            ),
        ),
        "remove-factor" => do_it(
            call,
            Method::DELETE,
            &["users", id, "2fa"],
            &format!("{user} signs in with the password alone and is notified by e-mail"),
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

#[cfg(test)]
mod tests {
    use super::fixtures::{ID, page, record};
    use crate::fake::{Fake, Person, Script, run_line};

    #[test]
    fn what_is_done_to_a_user() {
        for (command, request) in [
            ("disable", format!("POST /users/{ID}/disable")),
            ("enable", format!("POST /users/{ID}/enable")),
            ("unlock", format!("POST /users/{ID}/unlock")),
            ("reset-password", format!("POST /users/{ID}/reset-password")),
            ("remove-factor", format!("DELETE /users/{ID}/2fa")),
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
