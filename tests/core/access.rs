//! Decisions about roles and permissions.

use auth_core::access::Question;
use serde_json::{Value, json};

use super::{Core, NOW};

#[test]
fn access_is_as_the_vectors_have_it() {
    let mut core = Core::at(NOW);
    let vectors: Value = serde_json::from_str(include_str!("../vectors/access.json")).unwrap();
    for case in vectors["covers"].as_array().unwrap() {
        let claims = json!({"permissions": [case["held"]]}).to_string();
        let wanted = Question::Permission(case["wanted"].as_str().unwrap().to_owned());
        assert_eq!(core.decide(&claims, &wanted), case["covers"], "{case}");
    }
    for case in vectors["decisions"].as_array().unwrap() {
        let claims = json!({"roles": case["roles"], "permissions": case["permissions"]});
        let question = serde_json::from_value(case["question"].clone()).unwrap();
        let decided = core.decide(&claims.to_string(), &question);
        assert_eq!(decided, case["allowed"], "{case}");
    }
}

#[test]
fn what_are_no_claims_hold_nothing() {
    let mut core = Core::at(NOW);
    let deep = "[".repeat(100_000);
    for claims in [
        "",
        "null",
        "superadmin",
        r#"["superadmin"]"#,
        r#"[["superadmin"], ["*"]]"#,
        r#"{"roles": "superadmin"}"#,
        r#"{"roles": ["superadmin", 1]}"#,
        r#"{"roles": ["superadmin"], "permissions": null}"#,
        r#"{"roles": ["superadmin"]} "#.repeat(2).as_str(),
        r#"{"roles": [], "roles": ["superadmin"]}"#,
        &deep,
    ] {
        for question in [
            Question::Permission("posts:read".to_owned()),
            Question::AnyRole(vec!["user".to_owned()]),
            Question::AllRoles(Vec::new()),
        ] {
            assert!(!core.decide(claims, &question), "{claims} {question:?}");
        }
    }
    assert!(core.decide("{}", &Question::AllRoles(Vec::new())));
    assert!(core.decide(
        r#"{"roles": ["superadmin"]}"#,
        &Question::Permission("a:b".to_owned())
    ));
}
