//! `gatewright role`.

use anyhow::{Context as _, Result, ensure};
use clap::{ArgMatches, Command};
use http::Method;
use serde_json::{Value, json};

use crate::api::{path, read};
use crate::arguments::{flag, given, group, option, options, rank, required, text, texts};
use crate::call::Call;
use crate::show;

pub(crate) fn command() -> Command {
    let role = || required("role", "ROLE").help("Name or ID");
    let permissions = || required("permissions", "PERMISSION").num_args(1..);
    group("role")
        .about("Manage roles and their permissions")
        .subcommand(Command::new("list").about("List the roles"))
        .subcommand(Command::new("show").about("Show a role").arg(role()))
        .subcommand(
            Command::new("create")
                .about("Create a role")
                .arg(required("name", "NAME"))
                .arg(option("description", "TEXT"))
                .arg(rank())
                .arg(
                    options("permission", "PERMISSION")
                        .help("A permission of the role; can be repeated"),
                ),
        )
        .subcommand(
            Command::new("edit")
                .about("Update a role; omitted fields are unchanged")
                .arg(role())
                .arg(option("name", "NAME"))
                .arg(option("description", "TEXT"))
                .arg(rank())
                .arg(options("permission", "PERMISSION").help(
                    "A permission of the role; can be repeated. Replaces all of its permissions",
                )),
        )
        .subcommand(
            Command::new("delete")
                .about("Delete a role, and remove it from every user")
                .arg(role())
                .arg(flag("yes").short('y').help("Do not ask for confirmation")),
        )
        .subcommand(
            Command::new("grant")
                .about("Add permissions to a role")
                .arg(role())
                .arg(permissions()),
        )
        .subcommand(
            Command::new("revoke")
                .about("Remove permissions from a role")
                .arg(role())
                .arg(permissions()),
        )
}

pub(crate) fn run(call: &mut Call<'_>, matches: &ArgMatches) -> Result<()> {
    let (name, matches) = matches.subcommand().context("a command is missing")?;
    let role = match name {
        "list" | "create" => "",
        _ => given(matches, "role"),
    };
    match name {
        "list" => {
            let body = call.api.get("/roles")?;
            if matches.get_flag("json") {
                return call.document(&body);
            }
            let body: Value = read(&body)?;
            let roles = body["roles"].as_array().cloned().unwrap_or_default();
            let header = ["NAME", "BUILT IN", "RANK", "PERMISSIONS", "DESCRIPTION"];
            let fields = ["name", "built_in", "rank", "permissions", "description"];
            show::table(call.out, &header, show::columns(&roles, &fields))
        }
        "show" => {
            let body = call.api.get(&path(&["roles", role])?)?;
            call.record(matches, &body)
        }
        "create" => {
            let mut body = json!({"name": given(matches, "name")});
            if let Some(description) = text(matches, "description") {
                body["description"] = description.into();
            }
            if let Some(rank) = matches.get_one::<u64>("rank") {
                body["rank"] = (*rank).into();
            }
            if matches.contains_id("permission") {
                body["permissions"] = json!(texts(matches, "permission"));
            }
            let body = call.api.post("/roles", &body)?;
            call.record(matches, &body)
        }
        "edit" => {
            let given = ["name", "description", "rank", "permission"];
            ensure!(
                given.iter().any(|name| matches.contains_id(name)),
                "nothing to change; give at least one option"
            );
            let path = path(&["roles", role])?;
            let now: Value = read(&call.api.get(&path)?)?;
            let kept = |field| match text(matches, field) {
                Some(text) => text.into(),
                None => now[field].clone(),
            };
            let permissions = match matches.contains_id("permission") {
                true => json!(texts(matches, "permission")),
                false => now["permissions"].clone(),
            };
            let rank = match matches.get_one::<u64>("rank") {
                Some(rank) => json!(rank),
                None => now["rank"].clone(),
            };
            let body = json!({
                "name": kept("name"),
                "description": kept("description"),
                "rank": rank,
                "permissions": permissions,
            });
            let body = body.to_string().into_bytes();
            let body = call.api.send(Method::PUT, &path, Some(body))?;
            call.record(matches, &body)
        }
        "delete" => {
            call.confirm(matches, &format!("Delete the role {role}?"))?;
            let path = path(&["roles", role])?;
            let body = call.api.send(Method::DELETE, &path, None)?;
            call.done(matches, &body, &format!("the role {role} is deleted"))
        }
        _ => {
            let (method, said) = match name {
                "grant" => (Method::POST, "holds"),
                _ => (Method::DELETE, "does not hold"),
            };
            for permission in texts(matches, "permissions") {
                let path = path(&["roles", role, "permissions", permission])?;
                let body = call.api.send(method.clone(), &path, None)?;
                call.done(matches, &body, &format!("{role} {said} {permission}"))?;
            }
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::{Fake, Person, Script, run_line};

    fn role() -> Value {
        json!({"id": "1", "name": "editor", "description": "Edits", "built_in": false, "rank": 10, "permissions": ["posts:*"]})
    }

    #[test]
    fn roles_are_listed_and_shown() {
        let fake = Fake::new([
            Script::json(200, json!({"roles": [role()]})),
            Script::json(200, role()),
        ]);
        let out = run_line(&fake, "role list").unwrap();
        assert!(
            out.contains("editor  no        10    posts:*      Edits"),
            "{out}"
        );
        let out = run_line(&fake, "role show editor --json").unwrap();
        assert_eq!(out.trim(), role().to_string());
        assert_eq!(fake.paths(), ["GET /roles", "GET /roles/editor"]);
    }

    #[test]
    fn a_role_is_made() {
        let fake = Fake::new([Script::json(201, role()), Script::json(201, role())]);
        run_line(
            &fake,
            "role create editor --description Edits --rank 20 --permission posts:* --permission users:read",
        )
        .unwrap();
        run_line(&fake, "role create editor").unwrap();
        assert_eq!(fake.paths(), ["POST /roles", "POST /roles"]);
        assert_eq!(
            fake.body(0),
            json!({"name": "editor", "description": "Edits", "rank": 20, "permissions": ["posts:*", "users:read"]})
        );
        assert_eq!(fake.body(1), json!({"name": "editor"}));
    }

    #[test]
    fn an_edit_keeps_what_is_not_given() {
        let fake = Fake::new([Script::json(200, role()), Script::json(200, role())]);
        run_line(&fake, "role edit editor --name writer").unwrap();
        assert_eq!(fake.paths(), ["GET /roles/editor", "PUT /roles/editor"]);
        assert_eq!(
            fake.body(1),
            json!({"name": "writer", "description": "Edits", "rank": 10, "permissions": ["posts:*"]})
        );
        let fake = Fake::new([Script::json(200, role()), Script::json(200, role())]);
        run_line(&fake, "role edit editor --permission a:b").unwrap();
        assert_eq!(fake.body(1)["permissions"], json!(["a:b"]));
        let fake = Fake::new([Script::json(200, role()), Script::json(200, role())]);
        run_line(&fake, "role edit editor --rank 0").unwrap();
        assert_eq!(fake.body(1)["rank"], 0);
        assert!(run_line(&fake, "role edit editor --rank 1000").is_err());
        assert!(run_line(&fake, "role edit editor").is_err());
    }

    #[test]
    fn a_role_is_deleted_when_a_person_agrees() {
        let fake = Fake::new([Script::text(204, "")]);
        assert!(run_line(&fake, "role delete editor").is_err());
        Person::answering(["yes"])
            .run(&fake, "role delete editor")
            .unwrap();
        assert_eq!(fake.paths(), ["DELETE /roles/editor"]);
    }

    #[test]
    fn permissions_are_granted_and_revoked() {
        let fake = Fake::new([
            Script::text(204, ""),
            Script::text(204, ""),
            Script::text(204, ""),
        ]);
        run_line(&fake, "role grant editor posts:* *").unwrap();
        run_line(&fake, "role revoke editor a:b").unwrap();
        assert_eq!(
            fake.paths(),
            [
                "POST /roles/editor/permissions/posts:*",
                "POST /roles/editor/permissions/*",
                "DELETE /roles/editor/permissions/a:b"
            ]
        );
    }
}
