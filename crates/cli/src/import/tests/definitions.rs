//! Permissions and roles.

use serde_json::json;

use super::{folder, results};
use crate::fake::{Fake, Person, Script, run_line};

const DEFINITIONS: &str = concat!(
    r#"{"permission": {"name": "posts:write", "description": "Write."}}"#,
    "\n",
    r#"{"role": {"name": "editor", "permissions": ["posts:write"]}}"#,
    "\n",
    r#"{"role": {"name": "admin", "permissions": ["users:read", "posts:write"]}}"#,
    "\n",
    r#"{"email": "ada@example.com", "roles": ["editor", "user"]}"#,
    "\n"
);

fn missing() -> Script {
    Script::json(
        404,
        json!({"error": {"code": "not_found", "message": "No.", "status_code": 404}}),
    )
}

fn admin() -> Script {
    Script::json(
        200,
        json!({"name": "admin", "built_in": true, "permissions": ["users:read"]}),
    )
}

#[test]
fn permissions_and_roles_are_made_before_who_has_them() {
    let (_folder, file) = folder(DEFINITIONS);
    let made = || Script::json(201, json!({}));
    let fake = Fake::new([
        missing(),
        made(),
        missing(),
        made(),
        admin(),
        Script::text(204, ""),
        results(&["created"]),
    ]);
    let out = run_line(&fake, &format!("import {file}")).unwrap();
    assert_eq!(out, "4 records: 4 created, 0 existing, 0 refused\n");
    assert_eq!(
        fake.paths(),
        [
            "GET /permissions/posts:write",
            "POST /permissions",
            "GET /roles/editor",
            "POST /roles",
            "GET /roles/admin",
            "POST /roles/admin/permissions/posts:write",
            "POST /users/import"
        ]
    );
    assert_eq!(
        fake.body(3),
        json!({"name": "editor", "description": "", "permissions": ["posts:write"]})
    );
    // Again, when everything exists: changes to a role in the meantime stay.
    let there = |name: &str, built_in| {
        Script::json(
            200,
            json!({"name": name, "built_in": built_in, "permissions": ["users:read", "posts:write"]}),
        )
    };
    let fake = Fake::new([
        there("posts:write", false),
        there("editor", false),
        there("admin", true),
        results(&["exists"]),
    ]);
    let mut person = Person::default();
    let out = person.run(&fake, &format!("import {file}")).unwrap();
    assert_eq!(out, "4 records: 0 created, 4 existing, 0 refused\n");
    assert_eq!(
        person.said,
        ["the role editor already exists with other permissions and is left unchanged"]
    );
}

#[test]
fn what_a_role_of_the_service_gets_is_said() {
    let text = r#"{"role": {"name": "admin", "permissions": ["users:read", "posts:write"]}}"#;
    let (_folder, file) = folder(text);
    for (line, answers) in [
        (format!("import {file} --dry-run"), vec![admin()]),
        (
            format!("import {file}"),
            vec![admin(), Script::text(204, "")],
        ),
    ] {
        let mut person = Person::default();
        person.run(&Fake::new(answers), &line).unwrap();
        assert_eq!(
            person.said,
            ["the role admin gets the permission posts:write, for every user who has it"]
        );
    }
}

#[test]
fn a_name_that_is_none_is_refused_and_a_lost_login_ends_the_import() {
    let (_folder, file) =
        folder("{\"role\": {\"name\": \"..\"}}\n{\"permission\": {\"name\": \"posts:read\"}}\n");
    let lost = Script::json(
        401,
        json!({"error": {"code": "token_expired", "message": "It has expired.", "status_code": 401}}),
    );
    let mut person = Person::default();
    let error = person.run(&Fake::new([lost]), &format!("import {file}"));
    assert!(
        error
            .unwrap_err()
            .to_string()
            .contains("stopped after 0 records")
    );
    let fake = Fake::new([missing(), Script::json(201, json!({}))]);
    let error = person.run(&fake, &format!("import {file}")).unwrap_err();
    assert_eq!(error.to_string(), "1 of 2 records were refused");
}

#[test]
fn a_dry_run_makes_no_role_and_takes_it_as_made() {
    let (_folder, file) = folder(DEFINITIONS);
    let fake = Fake::new([missing(), missing(), admin(), results(&["created"])]);
    run_line(&fake, &format!("import {file} --dry-run")).unwrap();
    assert_eq!(fake.paths()[..3].concat().matches("POST").count(), 0);
    assert_eq!(fake.body(3)["users"][0]["roles"], json!(["user"]));
}

#[test]
fn in_a_dry_run_roles_may_come_after_who_has_them() {
    let (_folder, file) = folder(concat!(
        r#"{"email": "ada@example.com", "roles": ["editor", "user"]}"#,
        "\n",
        r#"{"role": {"name": "editor"}}"#,
        "\n"
    ));
    let fake = Fake::new([missing(), results(&["created"])]);
    run_line(&fake, &format!("import {file} --dry-run")).unwrap();
    assert_eq!(fake.body(1)["users"][0]["roles"], json!(["user"]));
}

#[test]
fn a_role_that_the_service_does_not_take_is_refused() {
    let (_folder, file) = folder(r#"{"role": {"name": "root", "permissions": ["*"]}}"#);
    let forbidden = Script::json(
        403,
        json!({"error": {"code": "forbidden", "message": "You may not.", "status_code": 403}}),
    );
    let fake = Fake::new([missing(), forbidden]);
    let mut person = Person::default();
    let error = person.run(&fake, &format!("import {file}")).unwrap_err();
    assert_eq!(error.to_string(), "1 of 1 records were refused");
    assert!(
        person.said[0].starts_with("line 1 (root): You may not."),
        "{:?}",
        person.said
    );
}
