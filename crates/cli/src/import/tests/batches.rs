//! Batches, and how the service accepts them.

use std::time::Duration;

use serde_json::json;

use super::{emails, folder, kept, results, users};
use crate::fake::{Fake, Person, Script, run_line};

#[test]
fn users_go_in_batches_and_are_counted() {
    let (_folder, file) = users(5);
    let fake = Fake::new([
        results(&["created", "created"]),
        results(&["exists", "created"]),
        results(&["created"]),
    ]);
    let out = run_line(&fake, &format!("import {file} --batch 2")).unwrap();
    assert_eq!(out, "5 records: 4 created, 1 existing, 0 refused\n");
    assert_eq!(fake.paths(), ["POST /users/import"; 3]);
    assert_eq!(
        fake.body(0),
        json!({"users": [{"email": "u1@example.com"}, {"email": "u2@example.com"}], "dry_run": false})
    );
    assert_eq!(emails(&fake.body(2)), ["u5@example.com"]);
    assert_eq!(kept(&file), None);
}

#[test]
fn users_go_in_the_order_of_their_addresses_unless_a_name_or_identity_comes_twice() {
    let lines = |name: &str, subject: &str| {
        let identity = |subject: &str| json!([{"provider": "acme", "issuer": "https://op.example", "subject": subject}]);
        let first =
            json!({"email": "c@example.com", "username": "Ada", "identities": identity("1")});
        let second = json!({"email": "B@example.com"});
        let third =
            json!({"email": "a@example.com", "username": name, "identities": identity(subject)});
        format!("{first}\n{second}\n\n{third}\n")
    };
    let by_address = ["a@example.com", "B@example.com", "c@example.com"];
    let as_in_the_file = ["c@example.com", "B@example.com", "a@example.com"];
    for (name, subject, sent, refused) in [
        ("bob", "2", by_address, 1),
        ("ADA", "2", as_in_the_file, 4),
        // The first user gets it.
        ("bob", "1", as_in_the_file, 4),
    ] {
        let (_folder, file) = folder(&lines(name, subject));
        let fake = Fake::new([results(&["created", "created", "refused"])]);
        let mut person = Person::default();
        person.run(&fake, &format!("import {file}")).unwrap_err();
        assert_eq!(emails(&fake.body(0)), sent);
        // The report names the line of the record.
        let line = format!("line {refused} ({}): ", sent[2]);
        assert!(person.said[0].starts_with(&line), "{:?}", person.said);
    }
}

#[test]
fn batches_go_together_where_the_door_takes_them_so() {
    let (_folder, file) = users(7);
    let busy = Script::text(503, "").with("retry-after", "0");
    let fake = Fake::new([
        results(&["created", "created"]),
        busy,
        results(&["created", "exists"]),
        // The failed request is sent again.
        results(&["created", "refused"]),
        results(&["created"]),
    ]);
    let mut person = Person::default();
    let line = format!("import {file} --batch 2");
    let error = person.run(&fake.with_round_len(3), &line).unwrap_err();
    assert_eq!(error.to_string(), "1 of 7 records were refused");
    assert!(
        person.said[0].starts_with("line 4 (u4@example.com): "),
        "{:?}",
        person.said
    );
}

#[test]
fn a_busy_service_is_waited_for() {
    let (_folder, file) = users(1);
    let busy = |status| Script::text(status, "").with("retry-after", "0");
    let fake = Fake::new([busy(503), busy(429), results(&["created"])]);
    let mut person = Person::default();
    person.run(&fake, &format!("import {file}")).unwrap();
    assert_eq!(person.waited, [Duration::from_secs(1); 2]);
    assert_eq!(fake.requests().len(), 3);
    let fake = Fake::new((0..20).map(|_| busy(503)));
    assert!(run_line(&fake, &format!("import {file}")).is_err());
    assert_eq!(fake.requests().len(), 8);
}

#[test]
fn what_is_too_long_for_the_service_is_sent_in_parts() {
    let (_folder, file) = users(4);
    let long = || Script::text(413, "");
    let fake = Fake::new([
        long(),
        results(&["created", "created"]),
        long(),
        results(&["created"]),
        long(),
    ]);
    let mut person = Person::default();
    let error = person.run(&fake, &format!("import {file}")).unwrap_err();
    assert_eq!(error.to_string(), "1 of 4 records were refused");
    let sent: Vec<_> = (0..5).map(|at| emails(&fake.body(at)).len()).collect();
    assert_eq!(sent, [4, 2, 2, 1, 1]);
    assert!(
        person.said[0].starts_with("line 4 (u4@example.com): "),
        "{:?}",
        person.said
    );
}

#[test]
fn an_answer_of_other_users_stops_the_import() {
    let (_folder, file) = users(2);
    for answer in [results(&["created"]), results(&["created", "eaten"])] {
        let fake = Fake::new([answer]);
        assert!(run_line(&fake, &format!("import {file}")).is_err());
        assert_eq!(kept(&file), None);
    }
}
