use gatewright_tests::host::{Answer, Host, Person, SETUP};
use serde_json::{Value, json};

/// Starts a host with a superadmin and a user whose role has wildcards.
async fn start() -> (Host, Person, Person) {
    let host = Host::start(&[SETUP]);
    let root = host.administrator().await;
    for name in ["posts:*", "*:list"] {
        let permission = json!({ "name": name });
        let made = host
            .send_as("POST", "/permissions", root.token(), permission)
            .await;
        assert_eq!(made.status, 201, "{made:?}");
    }
    let role = json!({"name": "editor", "permissions": ["posts:*", "*:list"]});
    let made = host.send_as("POST", "/roles", root.token(), role).await;
    assert_eq!(made.status, 201, "{made:?}");
    let eve = host.person(&root, "eve", &["user", "editor"]).await;
    (host, root, eve)
}

async fn check(host: &Host, person: &Person, body: Value) -> Answer {
    host.send_as("POST", "/access/check", person.token(), body)
        .await
}

/// Single questions: names, wildcards, and the hierarchy of roles.
#[tokio::test]
async fn a_question_is_answered_by_roles_and_permissions() {
    let (host, root, eve) = start().await;
    let adam = host.person(&root, "adam", &["user", "admin"]).await;
    for (question, of_eve, of_adam, of_root) in [
        (json!({"permission": "posts:write"}), true, false, true),
        (json!({"permission": "posts:*"}), true, false, true),
        (json!({"permission": "anything:list"}), true, false, true),
        (json!({"permission": "anything:write"}), false, false, true),
        // Only a wildcard covers a wildcard.
        (json!({"permission": "*:write"}), false, false, true),
        (json!({"permission": "*:*"}), false, false, true),
        (json!({"permission": "*"}), false, false, true),
        (json!({"permission": "users:read"}), false, true, true),
        (json!({"permission": "users:*"}), false, false, true),
        (json!({"permission": "keys:write"}), false, false, true),
        // Nobody has an invalid permission.
        (json!({"permission": "nonsense"}), false, false, false),
        (
            json!({"permission": "posts:write:all"}),
            false,
            false,
            false,
        ),
        (json!({"permission": "posts:Write"}), false, false, false),
        (json!({"role": "editor"}), true, false, true),
        (json!({"role": "user"}), true, true, true),
        (json!({"role": "admin"}), false, true, true),
        // A higher role implies it.
        (json!({"role": "moderator"}), false, true, true),
        (json!({"role": "premium"}), false, true, true),
        (json!({"role": "superadmin"}), false, false, true),
        (json!({"any_role": ["admin", "editor"]}), true, true, true),
        (json!({"any_role": ["nobody"]}), false, false, true),
        (json!({"any_role": []}), false, false, false),
        (json!({"all_roles": ["user", "editor"]}), true, false, true),
        (json!({"all_roles": ["user", "admin"]}), false, true, true),
        (json!({"all_roles": []}), true, true, true),
    ] {
        for (person, expected) in [(&eve, of_eve), (&adam, of_adam), (&root, of_root)] {
            let answer = check(&host, person, question.clone()).await;
            answer.assert_ok();
            let right = json!({"allowed": expected, "results": [expected]});
            assert_eq!(answer.body, right, "{} {question}", person.email);
        }
    }
}

/// Several questions in one call are answered in order, and combined into one answer for all of them.
#[tokio::test]
async fn many_questions_are_answered_in_order() {
    let (host, _, eve) = start().await;
    let checks = json!({"checks": [
        {"permission": "posts:write"},
        {"permission": "users:read"},
        {"role": "editor"},
        {"any_role": ["admin", "moderator"]},
        {"all_roles": ["editor", "user"]},
    ]});
    let answer = check(&host, &eve, checks).await;
    answer.assert_ok();
    let results = json!([true, false, true, false, true]);
    assert_eq!(answer.body, json!({"allowed": false, "results": results}));
    let checks = json!({"checks": [{"permission": "posts:write"}, {"role": "editor"}]});
    let answer = check(&host, &eve, checks).await;
    let right = json!({"allowed": true, "results": [true, true]});
    assert_eq!(answer.body, right);

    let many = |count: usize| {
        let checks: Vec<_> = (0..count)
            .map(|at| json!({"permission": format!("posts:action-{at}")}))
            .collect();
        json!({ "checks": checks })
    };
    let answer = check(&host, &eve, many(100)).await;
    answer.assert_ok();
    assert_eq!(answer.body["results"].as_array().unwrap().len(), 100);
    check(&host, &eve, many(101))
        .await
        .assert_error(422, "validation_failed");
    check(&host, &eve, many(0))
        .await
        .assert_error(422, "validation_failed");
}

/// V8.2.2: only callers who can read users can ask about another user.
#[tokio::test]
async fn anothers_rights_are_for_those_who_may_read_users() {
    let (host, root, eve) = start().await;
    let mia = host.person(&root, "mia", &["user", "moderator"]).await;
    let of = |person: &Person| json!({"permission": "posts:write", "user_id": person.id});
    for asker in [&mia, &root] {
        let answer = check(&host, asker, of(&eve)).await;
        answer.assert_ok();
        assert_eq!(answer.body["allowed"], true);
    }
    let answer = check(&host, &root, of(&mia)).await;
    assert_eq!(answer.body["allowed"], false);
    check(&host, &eve, of(&mia))
        .await
        .assert_error(403, "forbidden");
    // Users can always ask about themselves.
    check(&host, &eve, of(&eve)).await.assert_ok();
    let many = json!({"checks": [{"role": "editor"}, {"role": "moderator"}], "user_id": eve.id});
    let answer = check(&host, &mia, many).await;
    assert_eq!(answer.body["results"], json!([true, false]));
    let nobody = "018bcfe5-6800-7000-8000-000000000000";
    let unknown = json!({"role": "user", "user_id": nobody});
    check(&host, &mia, unknown.clone())
        .await
        .assert_error(404, "not_found");
    // Without permission the answer doesn't reveal whether a user exists.
    check(&host, &eve, unknown)
        .await
        .assert_error(403, "forbidden");
    let anonymous = host.post("/access/check", json!({"role": "user"})).await;
    anonymous.assert_error(401, "unauthenticated");
}

/// A call without a question, or with two in one, is refused.
#[tokio::test]
async fn malformed_questions_are_refused() {
    let (host, root, eve) = start().await;
    for body in [
        json!({}),
        json!([]),
        json!({"permission": 5}),
        json!({"permission": ["posts:write"]}),
        json!({"role": {}}),
        json!({"any_role": "admin"}),
        json!({"any_role": [5]}),
        json!({"all_roles": {}}),
        json!({"permission": "posts:write", "role": "editor"}),
        json!({"role": "editor", "checks": [{"role": "editor"}]}),
        json!({"checks": {}}),
        json!({"checks": [{}]}),
        json!({"checks": [5]}),
        json!({"checks": [{"permission": "posts:write", "role": "editor"}]}),
        json!({"checks": [{"checks": [{"role": "editor"}]}]}),
        json!({"role": "editor", "user_id": 5}),
    ] {
        for person in [&eve, &root] {
            let answer = check(&host, person, body.clone()).await;
            assert_eq!(answer.status, 422, "{body}: {answer:?}");
            answer.assert_error(422, "validation_failed");
        }
    }
}
