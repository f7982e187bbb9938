//! Users, and what is reported about them.

use std::fs;

use serde_json::{Value, json};

use super::{folder, kept, results, users};
use crate::fake::{Fake, Person, Script, run_line};

#[test]
fn what_passwords_cost_is_told() {
    let (_folder, file) = users(3);
    let result = |cost: u32| json!({"status": "created", "id": "1", "password_cost_ms": cost});
    let without = json!({"status": "created", "id": "1"});
    let answer = json!({"results": [result(25), result(434), without]});
    for (options, told) in [
        (
            "",
            "3 records: 3 created, 0 existing, 0 refused\nverifying an imported password takes the service up to about 434 ms, until it is hashed anew at a login\n",
        ),
        (
            " --json",
            "{\"created\":3,\"dry_run\":false,\"existing\":0,\"password_cost_ms\":434,\"records\":3,\"refused\":0}\n",
        ),
    ] {
        let fake = Fake::new([Script::json(200, answer.clone())]);
        let out = run_line(&fake, &format!("import {file}{options}")).unwrap();
        assert_eq!(out, told);
    }
}

#[test]
fn what_is_refused_is_said_line_by_line_and_is_a_failure() {
    let (_folder, file) = folder(
        "{\"email\":\"a@example.com\"}\n{broken\n\n{\"email\":\"b@example\"}\n{\"email\":\"c@example.com\"}\n",
    );
    let fake = Fake::new([results(&["created", "refused", "created"])]);
    let mut person = Person::default();
    let error = person.run(&fake, &format!("import {file}")).unwrap_err();
    assert_eq!(error.to_string(), "2 of 4 records were refused");
    assert_eq!(person.said.len(), 2);
    assert!(person.said[0].starts_with("line 2: "), "{:?}", person.said);
    assert_eq!(person.said[1], "line 4 (b@example): email: No address.");
    assert_eq!(kept(&file), None);
}

#[test]
fn a_report_is_json_lines_of_its_own() {
    let (folder, file) = folder("{\"username\":\"ada\"}\n{broken\n{\"email\":\"b@example\"}\n");
    let report = folder.path().join("report.jsonl");
    fs::write(&report, "of an earlier import\n").unwrap();
    let fake = Fake::new([results(&["refused", "created"])]);
    let mut person = Person::default();
    let line = format!("import {file} --json --report {}", report.display());
    let out = person.run_until_error(&fake, &line);
    let summary: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(
        summary,
        json!({"records": 3, "created": 1, "existing": 0, "refused": 2, "dry_run": false})
    );
    let text = fs::read_to_string(&report).unwrap();
    let lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(
        lines[0],
        json!({"line": 1, "record": 1, "user": "ada", "errors": [{"field": "email", "code": "format", "message": "No address."}]})
    );
    assert_eq!(
        (&lines[1]["line"], &lines[1]["user"]),
        (&json!(2), &Value::Null)
    );
    assert_eq!(lines[1]["errors"][0]["code"], "unreadable");
    assert!(person.said.is_empty());
}

#[test]
fn what_the_service_leaves_out_is_reported_and_no_failure() {
    let (folder, file) = folder("{\"email\":\"a@example.com\",\"username\":\"ada+x\"}\n");
    let rule = json!({"field": "username", "code": "invalid_format", "message": "No name."});
    let answer = json!({"results": [{"status": "created", "id": "1", "left_out": [rule]}]});
    let line = format!("import {file} --ignore username --ignore avatar_url");
    let fake = Fake::new([Script::json(200, answer.clone())]);
    let mut person = Person::default();
    let out = person.run(&fake, &line).unwrap();
    assert_eq!(
        out,
        "1 records: 1 created, 0 existing, 0 refused; something was left out of 1\n"
    );
    assert_eq!(
        person.said,
        ["line 1 (a@example.com): left out: username: No name."]
    );
    assert_eq!(fake.body(0)["ignore"], json!(["username"]));
    let report = folder.path().join("report.jsonl");
    let fake = Fake::new([Script::json(200, answer)]);
    let line = format!("{line} --json --report {}", report.display());
    let summary: Value = serde_json::from_str(&run_line(&fake, &line).unwrap()).unwrap();
    assert_eq!(summary["left_out"], 1);
    let told: Value = serde_json::from_str(&fs::read_to_string(&report).unwrap()).unwrap();
    assert_eq!(told["left_out"], json!([rule]));
}

#[test]
fn a_second_user_of_an_address_is_refused_and_the_same_one_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("users.jsonl");
    let id = "01890a5d-ac96-774b-bcce-b302099a8057";
    let text = format!(
        r#"{{"email": "ada@example.com", "display_name": "Ada", "id": "{id}"}}
{{"email": " ADA@example.com", "display_name": "Eve"}}
{{"username": "bob"}}
{{"email": "ada@example.com", "display_name": "Ada", "id": "{id}"}}
{{"username": "Bob"}}
"#
    );
    fs::write(&file, text).unwrap();
    // In one round, and in one for each.
    for (batch, answers) in [
        (500, vec![results(&["created", "created", "exists"])]),
        (
            1,
            vec![
                results(&["created"]),
                results(&["created"]),
                results(&["exists"]),
            ],
        ),
    ] {
        let fake = Fake::new(answers);
        let mut person = Person::default();
        let line = format!("import {} --batch {batch}", file.display());
        let error = person.run(&fake, &line).unwrap_err().to_string();
        assert!(error.contains("2 of 5 records were refused"), "{error}");
        assert!(person.said[0].starts_with("line 2 ( ADA@example.com): Another user"));
        assert!(person.said[1].starts_with("line 5 (Bob): Another user"));
    }
    // Also one who came before the import stopped.
    let line = format!("import {} --batch 1 --resume", file.display());
    run_line(&Fake::new([results(&["created"])]), &line).unwrap_err();
    let fake = Fake::new([results(&["created"]), results(&["exists"])]);
    let error = run_line(&fake, &line).unwrap_err().to_string();
    assert!(error.contains("2 of 5 records were refused"), "{error}");
}

#[test]
fn who_has_no_address_is_known_by_his_name() {
    let text =
        "{\"email\": \"\", \"username\": \"ada\"}\n{\"email\": \" \", \"username\": \"bob\"}\n";
    let (_folder, file) = folder(text);
    let fake = Fake::new([results(&["created", "created"])]);
    let out = run_line(&fake, &format!("import {file}")).unwrap();
    assert!(out.starts_with("2 records: 2 created"), "{out}");
}

#[test]
fn a_field_that_profiles_lack_is_told_and_can_be_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("users.jsonl");
    let text = r#"{"email": "a@example.com", "profile": {"avatar": "x", "theme": "dark"}}"#;
    fs::write(&file, text).unwrap();
    let unknown = json!({"results": [{"status": "refused", "errors": [
        {"field": "profile.avatar", "code": "unknown_field", "message": "Unknown field."}]}]});
    let mut person = Person::default();
    let line = format!("import {}", file.display());
    let fake = Fake::new([Script::json(200, unknown)]);
    assert!(person.run(&fake, &line).is_err());
    assert!(
        person.said[1].contains("have no avatar: PROFILE_FIELDS"),
        "{:?}",
        person.said
    );
    let fake = Fake::new([results(&["created"])]);
    run_line(&fake, &format!("{line} --ignore avatar")).unwrap();
    assert_eq!(
        fake.body(0)["users"][0]["profile"],
        json!({"theme": "dark"})
    );
}
