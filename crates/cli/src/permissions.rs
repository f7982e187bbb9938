//! `gatewright permission`.

use anyhow::{Context as _, Result, ensure};
use clap::{ArgMatches, Command};
use http::Method;
use serde_json::{Value, json};

use crate::api::{path, read};
use crate::arguments::{flag, given, group, option, required, text};
use crate::call::Call;
use crate::show;

pub(crate) fn command() -> Command {
    let permission = || required("permission", "PERMISSION").help("Name or ID");
    group("permission")
        .about("Manage permissions")
        .subcommand(Command::new("list").about("List the permissions"))
        .subcommand(
            Command::new("create")
                .about("Create a permission")
                .arg(required("name", "NAME").help("resource:action; either can be *"))
                .arg(option("description", "TEXT")),
        )
        .subcommand(
            Command::new("edit")
                .about("Update a permission; omitted fields are unchanged")
                .arg(permission())
                .arg(option("name", "NAME"))
                .arg(option("description", "TEXT")),
        )
        .subcommand(
            Command::new("delete")
                .about("Delete a permission, and remove it from every role")
                .arg(permission())
                .arg(flag("yes").short('y').help("Do not ask for confirmation")),
        )
}

pub(crate) fn run(call: &mut Call<'_>, matches: &ArgMatches) -> Result<()> {
    let (name, matches) = matches.subcommand().context("a command is missing")?;
    match name {
        "list" => {
            let body = call.api.get("/permissions")?;
            if matches.get_flag("json") {
                return call.document(&body);
            }
            let body: Value = read(&body)?;
            let all = body["permissions"].as_array().cloned().unwrap_or_default();
            let header = ["NAME", "BUILT IN", "DESCRIPTION"];
            let fields = ["name", "built_in", "description"];
            show::table(call.out, &header, show::columns(&all, &fields))
        }
        "create" => {
            let mut body = json!({"name": given(matches, "name")});
            if let Some(description) = text(matches, "description") {
                body["description"] = description.into();
            }
            let body = call.api.post("/permissions", &body)?;
            call.record(matches, &body)
        }
        "edit" => {
            let given_some = ["name", "description"]
                .iter()
                .any(|name| matches.contains_id(name));
            ensure!(given_some, "nothing to change; give at least one option");
            let path = path(&["permissions", given(matches, "permission")])?;
            let now: Value = read(&call.api.get(&path)?)?;
            let kept = |field| match text(matches, field) {
                Some(text) => text.into(),
                None => now[field].clone(),
            };
            let body = json!({"name": kept("name"), "description": kept("description")});
            let body = body.to_string().into_bytes();
            let body = call.api.send(Method::PUT, &path, Some(body))?;
            call.record(matches, &body)
        }
        _ => {
            let permission = given(matches, "permission");
            call.confirm(matches, &format!("Delete the permission {permission}?"))?;
            let path = path(&["permissions", permission])?;
            let body = call.api.send(Method::DELETE, &path, None)?;
            let said = format!("the permission {permission} is deleted");
            call.done(matches, &body, &said)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::{Fake, Script, run_line};

    #[test]
    fn permissions_are_listed_made_changed_and_deleted() {
        let one = json!({"id": "1", "name": "posts:write", "description": null, "built_in": false});
        let fake = Fake::new([
            Script::json(200, json!({"permissions": [one]})),
            Script::json(201, one.clone()),
            Script::json(200, one.clone()),
            Script::json(200, one),
            Script::text(204, ""),
        ]);
        let out = run_line(&fake, "permission list").unwrap();
        assert!(out.contains("posts:write  no        -"), "{out}");
        run_line(&fake, "permission create posts:write --description Writes").unwrap();
        run_line(&fake, "permission edit posts:write --description Wrote").unwrap();
        assert!(run_line(&fake, "permission edit posts:write").is_err());
        assert!(run_line(&fake, "permission delete posts:write").is_err());
        run_line(&fake, "permission delete posts:write --yes").unwrap();
        assert_eq!(
            fake.paths(),
            [
                "GET /permissions",
                "POST /permissions",
                "GET /permissions/posts:write",
                "PUT /permissions/posts:write",
                "DELETE /permissions/posts:write"
            ]
        );
        assert_eq!(
            fake.body(1),
            json!({"name": "posts:write", "description": "Writes"})
        );
        assert_eq!(
            fake.body(3),
            json!({"name": "posts:write", "description": "Wrote"})
        );
    }
}
