//! Resuming, and dry runs.

use std::fs;

use super::{emails, kept, results, users};
use crate::fake::{Fake, Person, Script, run_line};

#[test]
fn an_import_that_stopped_goes_on_where_it_was() {
    let (folder, file) = users(5);
    let report = folder.path().join("report.jsonl");
    let line = format!(
        "import {file} --batch 2 --resume --report {}",
        report.display()
    );
    let fake = Fake::new([
        results(&["created", "refused"]),
        results(&["created", "exists"]),
        Script::text(500, ""),
    ]);
    let error = Person::default().run(&fake, &line).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("stopped after 4 records; --resume continues it"),
        "{error}"
    );
    assert_eq!(kept(&file).unwrap().records, 4);
    let fake = Fake::new([results(&["created"])]);
    let mut person = Person::default();
    let error = person.run(&fake, &line).unwrap_err();
    assert_eq!(error.to_string(), "1 of 5 records were refused");
    assert_eq!(emails(&fake.body(0)), ["u5@example.com"]);
    assert_eq!(fs::read_to_string(&report).unwrap().lines().count(), 1);
    assert_eq!(kept(&file), None);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
}

#[test]
fn without_resume_it_begins_anew() {
    let (_folder, file) = users(3);
    let line = format!("import {file} --batch 2");
    let fake = Fake::new([results(&["created", "created"])]);
    assert!(run_line(&fake, &line).is_err());
    assert_eq!(kept(&file).unwrap().records, 2);
    let fake = Fake::new([results(&["exists", "exists"]), results(&["created"])]);
    let out = run_line(&fake, &line).unwrap();
    assert_eq!(out, "3 records: 1 created, 2 existing, 0 refused\n");
}

#[test]
fn another_file_is_not_gone_on_with() {
    let (_folder, file) = users(3);
    let line = format!("import {file} --batch 2 --resume");
    assert!(run_line(&Fake::new([results(&["created", "created"])]), &line).is_err());
    let text = fs::read_to_string(&file).unwrap();
    // As long as before, and longer.
    for other in [text.replace("u1", "v1"), format!("{text}{text}")] {
        fs::write(&file, other).unwrap();
        let fake = Fake::new([]);
        let error = run_line(&fake, &line).unwrap_err().to_string();
        assert!(error.contains("belongs to another file"), "{error}");
        assert!(fake.requests().is_empty());
    }
    fs::write(&file, text).unwrap();
    run_line(&Fake::new([results(&["created"])]), &line).unwrap();
}

#[test]
fn another_service_is_not_gone_on_with() {
    let (_folder, file) = users(3);
    let line = format!("import {file} --batch 2 --resume");
    assert!(run_line(&Fake::new([results(&["created", "created"])]), &line).is_err());
    let other = Fake::new([]).named("other");
    let error = run_line(&other, &line).unwrap_err().to_string();
    assert!(error.contains("another service"), "{error}");
    assert!(other.requests().is_empty());
    run_line(&Fake::new([results(&["created"])]), &line).unwrap();
}

#[test]
fn a_dry_run_says_so_and_keeps_nothing() {
    let (_folder, file) = users(3);
    let fake = Fake::new([results(&["created", "created"]), Script::text(500, "")]);
    let line = format!("import {file} --dry-run --batch 2");
    assert!(run_line(&fake, &line).is_err());
    assert_eq!(fake.body(0)["dry_run"], true);
    assert_eq!(kept(&file), None);
    let fake = Fake::new([results(&["created", "created"]), results(&["created"])]);
    let out = run_line(&fake, &line).unwrap();
    assert!(
        out.contains("3 created") && out.contains("nothing was changed"),
        "{out}"
    );
    assert!(run_line(&fake, &format!("{line} --resume")).is_err());
}
