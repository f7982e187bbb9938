//! Files of several formats, and standard input.

use std::fs;

use serde_json::json;

use super::{emails, folder, results, users};
use crate::fake::{Fake, Person, run_line};

#[test]
fn standard_input_is_read_once() {
    let text = "{\"email\":\"a@example.com\"}\n";
    let fake = Fake::new([results(&["created"])]);
    let out = Person::typing(text).run(&fake, "import -").unwrap();
    assert!(out.starts_with("1 records: 1 created"), "{out}");
    let error = Person::typing(text)
        .run(&fake, "import - --resume")
        .unwrap_err();
    assert!(
        error.to_string().contains("--resume needs a file"),
        "{error}"
    );
}

#[test]
fn other_systems_are_read_by_their_names() {
    let (_folder, file) = folder("email,roles\na@example.com,editor;verified\n");
    let fake = Fake::new([results(&["created"])]);
    run_line(&fake, &format!("import {file} --format csv")).unwrap();
    assert_eq!(
        fake.body(0)["users"],
        json!([{"email": "a@example.com", "roles": ["editor", "verified"]}])
    );
    let line = format!("import {file} --format nothing");
    assert!(run_line(&Fake::new([]), &line).is_err());
}

#[test]
fn passwords_of_firebase_need_all_parameters_and_others_none() {
    let (_folder, file) = folder(r#"{"users": [{"localId": "x", "email": "a@example.com"}]}"#);
    let line = format!("import {file} --format firebase");
    run_line(&Fake::new([results(&["created"])]), &line).unwrap();
    let some = format!("{line} --firebase-signer-key c2VjcmV0 --firebase-salt-separator Bw==");
    let error = run_line(&Fake::new([]), &some).unwrap_err().to_string();
    assert!(error.contains("--firebase-rounds is missing"), "{error}");
    assert!(!error.contains("c2VjcmV0"), "{error}");
    let all = format!("{some} --firebase-rounds 8 --firebase-mem-cost 14");
    run_line(&Fake::new([results(&["created"])]), &all).unwrap();
}

#[test]
fn identities_need_a_known_issuer_and_others_are_reported() {
    let (_folder, file) = folder(
        r#"{"user_id": "oidc|acme|s1", "email": "a@example.com"}
{"user_id": "google-oauth2|117", "email": "b@example.com"}
"#,
    );
    let line = format!("import {file} --format auth0");
    let fake = Fake::new([results(&["created", "created"])]);
    let mut person = Person::default();
    let out = person.run(&fake, &line).unwrap();
    assert!(out.ends_with("; something was left out of 1\n"), "{out}");
    assert_eq!(
        person.said,
        [
            "line 1 (a@example.com): left out: identities: acme: the issuer of this provider is not known; give it with --provider acme=ISSUER"
        ]
    );
    let users = &fake.body(0)["users"];
    assert_eq!(users[0], json!({"email": "a@example.com"}));
    assert_eq!(
        users[1]["identities"],
        json!([{"issuer": "https://accounts.google.com", "subject": "117", "provider": "google"}])
    );
    // A user that exists already loses nothing.
    let fake = Fake::new([results(&["exists", "exists"])]);
    let mut person = Person::default();
    person.run(&fake, &line).unwrap();
    assert!(person.said.is_empty());

    let line = format!("{line} --provider acme=https://login.acme.example/");
    let fake = Fake::new([results(&["created", "created"])]);
    run_line(&fake, &line).unwrap();
    assert_eq!(
        fake.body(0)["users"][0]["identities"],
        json!([{"issuer": "https://login.acme.example/", "subject": "s1", "provider": "acme"}])
    );
    for wrong in ["acme", "acme=login.acme.example"] {
        let line = format!("import {file} --format auth0 --provider {wrong}");
        assert!(run_line(&Fake::new([]), &line).is_err(), "{wrong}");
    }
}

#[test]
fn a_file_of_another_form_is_refused_at_once() {
    let (_folder, file) = folder("SQLite format 3\0");
    let fake = Fake::new([]);
    let error = run_line(&fake, &format!("import {file}")).unwrap_err();
    assert!(error.to_string().contains("sqlite3 FILE .dump"), "{error}");
}

#[test]
fn what_comes_before_a_rest_that_cannot_be_read_is_imported() {
    let (_folder, file) = users(400);
    let mut person = Person::typing_and_failing(&fs::read_to_string(&file).unwrap());
    let fake = Fake::new([results(&["created"; 400])]);
    let error = person.run(&fake, "import -").unwrap_err().to_string();
    assert!(error.contains("can't be read"), "{error}");
    assert_eq!(emails(&fake.body(0)).len(), 400);
    assert!(person.said.is_empty(), "{:?}", person.said);
}

#[test]
fn an_empty_file_has_nobody() {
    let (_folder, file) = folder("");
    let out = run_line(&Fake::new([]), &format!("import {file}")).unwrap();
    assert_eq!(out, "0 records: 0 created, 0 existing, 0 refused\n");
}
