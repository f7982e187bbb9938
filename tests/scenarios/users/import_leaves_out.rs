use gatewright_tests::host::{Answer, Host, SETUP};
use serde_json::json;

/// Returns the status of each user in an import.
fn statuses(answer: &Answer) -> Vec<&str> {
    answer.assert_ok();
    let results = answer.body["results"].as_array().unwrap().iter();
    results
        .map(|result| result["status"].as_str().unwrap())
        .collect()
}

/// Data that can be omitted refuses nobody, and the response lists it; a dry run reports the same.
#[tokio::test]
async fn an_import_leaves_out_what_cannot_be_taken() {
    let host = Host::start(&[SETUP]);
    let root = host.administrator().await;
    let keyed = "$argon2id$v=19$m=256,t=2,p=1,keyid=c29tZQ$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
    let data = keyed.replace("keyid", "data");
    let cases = [
        (
            json!({"email": "a@example.com", "username": "ada+x"}),
            "username invalid_format",
        ),
        (
            json!({"email": "b@example.com", "username": "ab"}),
            "username too_short",
        ),
        (
            json!({"email": "c@example.com", "username": "jörg"}),
            "username invalid_format",
        ),
        (
            json!({"email": "d@example.com", "password_hash": keyed}),
            "password_hash invalid_format",
        ),
        (
            json!({"email": "e@example.com", "password_hash": data}),
            "password_hash invalid_format",
        ),
        (json!({"email": "f@example.com", "username": "carl"}), ""),
        (
            json!({"email": "g@example.com", "username": "Carl"}),
            "username taken",
        ),
        (
            json!({"email": "h@example.com", "roles": ["staff", "user"]}),
            "roles not_found",
        ),
        (
            json!({"email": "no address", "username": "dora"}),
            "email invalid_format",
        ),
    ];
    let users: Vec<_> = cases.iter().map(|(user, _)| user.clone()).collect();
    let body = json!({ "users": users });
    let refused = host
        .send_as("POST", "/users/import", root.token(), body)
        .await;
    for (at, (user, why)) in cases.iter().enumerate() {
        let status = if why.is_empty() { "created" } else { "refused" };
        assert_eq!(refused.body["results"][at]["status"], status, "{user}");
    }
    let ignore = ["username", "password_hash", "email", "roles"];
    for dry_run in [true, false] {
        let body = json!({"users": users, "dry_run": dry_run, "ignore": ignore});
        let answer = host
            .send_as("POST", "/users/import", root.token(), body)
            .await;
        answer.assert_ok();
        for (at, (user, why)) in cases.iter().enumerate() {
            let result = &answer.body["results"][at];
            let left_out = &result["left_out"][0];
            if why.is_empty() {
                assert_eq!(result["status"], "exists", "{result}");
                continue;
            }
            assert_eq!(result["status"], "created", "{user}: {result}");
            let (field, code) = why.split_once(' ').unwrap();
            assert_eq!(
                (&left_out["field"], &left_out["code"]),
                (&field.into(), &code.into())
            );
            assert!(result["errors"].is_null(), "{result}");
        }
    }
    // Users without any usable credential, or whose data must not be lost.
    for user in [
        json!({"email": "no address", "username": "x"}),
        json!({"username": "x"}),
        json!({"username": "emil", "totp_secret": "1"}),
    ] {
        let body = json!({"users": [user], "ignore": ignore});
        let answer = host
            .send_as("POST", "/users/import", root.token(), body)
            .await;
        assert_eq!(statuses(&answer), ["refused"]);
    }
    let body = json!({"users": [{"username": "emil"}], "ignore": ["totp_secret"]});
    let answer = host
        .send_as("POST", "/users/import", root.token(), body)
        .await;
    assert!(answer.status.is_client_error(), "{answer:?}");
}
