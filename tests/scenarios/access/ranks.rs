use gatewright_tests::host::{Answer, Host, Person, SETUP};
use serde_json::{Value, json};

async fn send(host: &Host, person: &Person, method: &str, path: &str, body: Value) -> Answer {
    host.send_as(method, path, person.token(), body).await
}

async fn done(host: &Host, person: &Person, method: &str, path: &str) {
    let answer = host.call_as(method, path, person.token()).await;
    assert_eq!(answer.status, 204, "{method} {path}: {answer:?}");
}

/// Creates a role or permission, and asserts success.
async fn make(host: &Host, person: &Person, path: &str, body: Value) -> Value {
    let answer = send(host, person, "POST", path, body).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    answer.body
}

/// V8.2.2, V8.2.3: nobody can lower or strip a peer or superior by changing their roles, and so nobody can take over a
/// peer's account.
#[tokio::test]
async fn a_role_that_a_peer_holds_is_left_alone() {
    let host = Host::start(&[SETUP]);
    let root = host.administrator().await;
    make(&host, &root, "/permissions", json!({"name": "posts:write"})).await;
    done(&host, &root, "POST", "/roles/admin/permissions/posts:write").await;
    let desk = json!({"name": "desk", "rank": 300, "permissions": ["posts:write", "users:read"]});
    let desk = make(&host, &root, "/roles", desk).await;
    let adam = host.person(&root, "adam", &["user", "admin"]).await;
    let anna = host.person(&root, "anna", &["user", "admin", "desk"]).await;
    let before = host.record(&root, &anna.id).await;
    let changes = [
        ("PUT", "/roles/desk", json!({"permissions": ["users:read"]})),
        ("PUT", "/roles/desk", json!({"permissions": []})),
        ("PUT", "/roles/desk", json!({"name": "other"})),
        ("PUT", "/roles/desk", json!({"rank": 1})),
        ("PUT", "/roles/desk", json!({"rank": 499})),
        (
            "PUT",
            "/roles/desk",
            json!({"description": "Told otherwise."}),
        ),
        ("DELETE", "/roles/desk/permissions/posts:write", json!({})),
        ("DELETE", "/roles/desk/permissions/users:read", json!({})),
        ("POST", "/roles/desk/permissions/users:write", json!({})),
        ("DELETE", "/roles/desk", json!({})),
        // The peer has the role of all users, too.
        ("PUT", "/roles/user", json!({"permissions": ["users:read"]})),
        ("POST", "/roles/user/permissions/users:read", json!({})),
        ("PUT", "/roles/verified", json!({"permissions": []})),
    ];
    let refused = async |path: &str| {
        for (method, path, body) in &changes {
            send(&host, &adam, method, path, body.clone())
                .await
                .assert_error(403, "insufficient_rank");
        }
        send(
            &host,
            &adam,
            "PATCH",
            path,
            json!({"email": "mine@example.com"}),
        )
        .await
        .assert_error(403, "insufficient_rank");
    };
    refused(&anna.path()).await;
    // The permission would be removed from every role that has it, including the admins' role.
    for (method, body) in [
        ("DELETE", json!({})),
        ("PUT", json!({"name": "posts:other"})),
    ] {
        send(&host, &adam, method, "/permissions/posts:write", body)
            .await
            .assert_error(403, "grant_not_held");
    }
    let after = host.record(&root, &anna.id).await;
    assert_eq!(
        (&after["roles"], &after["permissions"]),
        (&before["roles"], &before["permissions"])
    );
    let role = host.get_as("/roles/desk", root.token()).await;
    assert_eq!(role.body, desk);

    // A superior has it instead of the peer.
    let give = format!("{}/roles/desk", root.path());
    done(&host, &root, "POST", &give).await;
    done(
        &host,
        &root,
        "DELETE",
        &format!("{}/roles/desk", anna.path()),
    )
    .await;
    refused(&root.path()).await;
    // No peer or superior has the role now: the administrator can change it, and lower-ranked users can have it.
    done(&host, &root, "DELETE", &give).await;
    let ben = host.person(&root, "ben", &["user", "desk"]).await;
    let changed = json!({"rank": 20, "permissions": ["users:read"]});
    let changed = send(&host, &adam, "PUT", "/roles/desk", changed).await;
    changed.assert_ok();
    assert_eq!(
        (&changed.body["rank"], &changed.body["permissions"]),
        (&json!(20), &json!(["users:read"]))
    );
    assert_eq!(
        host.record(&root, &ben.id).await["permissions"],
        json!(["users:read"])
    );
    // Superadmins can change the role of all users.
    let everybody = json!({"permissions": ["users:read"]});
    send(&host, &root, "PUT", "/roles/user", everybody)
        .await
        .assert_ok();
}

/// A permission that only lower-ranked users have can be renamed and deleted, but not one that a peer also has by
/// another role.
#[tokio::test]
async fn a_permission_that_a_peer_holds_is_left_alone() {
    let host = Host::start(&[SETUP]);
    let root = host.administrator().await;
    let chief = json!({
        "name": "chief",
        "rank": 400,
        "permissions": ["users:read", "users:write", "roles:read", "roles:write"],
    });
    make(&host, &root, "/roles", chief).await;
    let names = ["posts:one", "posts:two", "posts:*"];
    for name in names {
        make(&host, &root, "/permissions", json!({ "name": name })).await;
    }
    done(&host, &root, "POST", "/roles/chief/permissions/posts:*").await;
    for (name, permission) in [("low", "posts:one"), ("lent", "posts:two")] {
        let role = json!({"name": name, "rank": 5, "permissions": [permission]});
        make(&host, &root, "/roles", role).await;
    }
    let cleo = host.person(&root, "cleo", &["user", "chief"]).await;
    host.person(&root, "carl", &["user", "chief", "lent"]).await;
    host.person(&root, "ben", &["user", "low"]).await;
    let renamed = json!({"name": "posts:other"});
    let path = "/permissions/posts:two";
    send(&host, &cleo, "PUT", path, renamed.clone())
        .await
        .assert_error(403, "insufficient_rank");
    host.call_as("DELETE", path, cleo.token())
        .await
        .assert_error(403, "insufficient_rank");
    // Its description can change.
    send(&host, &cleo, "PUT", path, json!({"description": "Second."}))
        .await
        .assert_ok();
    send(&host, &cleo, "PUT", "/permissions/posts:one", renamed)
        .await
        .assert_ok();
    done(&host, &cleo, "DELETE", "/permissions/posts:other").await;
}

/// Users of equal rank never administer each other, whatever their permissions; a custom staff role outranks `user`.
#[tokio::test]
async fn staff_administers_users_and_no_equals() {
    let host = Host::start(&[SETUP]);
    let root = host.administrator().await;
    let staff = ["users:read", "users:write"];
    let support = make(
        &host,
        &root,
        "/roles",
        json!({"name": "support", "permissions": staff}),
    )
    .await;
    assert_eq!(support["rank"], 10);
    let more = ["users:read", "users:write", "users:delete", "audit:read"];
    let more = json!({"name": "support2", "permissions": more});
    assert_eq!(make(&host, &root, "/roles", more).await["rank"], 10);
    let gold = make(&host, &root, "/roles", json!({"name": "gold"})).await;
    assert_eq!(gold["rank"], 0);
    let sam = host.person(&root, "sam", &["user", "support"]).await;
    let sid = host.person(&root, "sid", &["user", "support2"]).await;
    let ben = host.person(&root, "ben", &["user"]).await;
    let gil = host
        .person(&root, "gil", &["user", "gold", "premium"])
        .await;
    let mia = host.person(&root, "mia", &["user", "moderator"]).await;
    let change = json!({"display_name": "Changed"});
    for (actor, target, allowed) in [
        (&sam, &ben, true),
        (&sam, &gil, true),
        (&sam, &sam, false),
        (&sam, &sid, false),
        (&sid, &sam, false),
        (&sid, &mia, false),
        (&sid, &ben, true),
        (&sid, &root, false),
    ] {
        let answer = send(&host, actor, "PATCH", &target.path(), change.clone()).await;
        if allowed {
            answer.assert_ok();
        } else {
            answer.assert_error(403, "insufficient_rank");
        }
    }
    // A new rank takes effect with the next request.
    send(&host, &root, "PUT", "/roles/support2", json!({"rank": 11}))
        .await
        .assert_ok();
    send(&host, &sid, "PATCH", &sam.path(), change.clone())
        .await
        .assert_ok();
    send(&host, &root, "PUT", "/roles/support", json!({"rank": 0}))
        .await
        .assert_ok();
    send(&host, &sam, "PATCH", &ben.path(), change)
        .await
        .assert_error(403, "insufficient_rank");
    send(
        &host,
        &sam,
        "POST",
        "/users",
        json!({"email": "new@example.com"}),
    )
    .await
    .assert_error(403, "grant_not_held");
}

/// A rank can be set only below the caller's own, and never for a built-in role.
#[tokio::test]
async fn a_rank_is_set_below_ones_own() {
    let host = Host::start(&[SETUP]);
    let root = host.administrator().await;
    for (role, rank) in [
        ("superadmin", 1000),
        ("admin", 500),
        ("moderator", 100),
        ("premium", 0),
        ("verified", 0),
        ("user", 0),
    ] {
        let path = format!("/roles/{role}");
        assert_eq!(host.get_as(&path, root.token()).await.body["rank"], rank);
        for other in [rank + 1, 7, 999] {
            send(&host, &root, "PUT", &path, json!({ "rank": other }))
                .await
                .assert_error(409, "built_in");
        }
        if role != "superadmin" {
            send(&host, &root, "PUT", &path, json!({ "rank": rank }))
                .await
                .assert_ok();
        }
    }
    let adam = host.person(&root, "adam", &["user", "admin"]).await;
    make(&host, &adam, "/roles", json!({"name": "high", "rank": 499})).await;
    make(&host, &adam, "/roles", json!({"name": "low", "rank": 0})).await;
    make(
        &host,
        &root,
        "/roles",
        json!({"name": "higher", "rank": 999}),
    )
    .await;
    for rank in [500, 501, 999] {
        send(
            &host,
            &adam,
            "POST",
            "/roles",
            json!({"name": "other", "rank": rank}),
        )
        .await
        .assert_error(403, "grant_not_held");
        send(&host, &adam, "PUT", "/roles/low", json!({ "rank": rank }))
            .await
            .assert_error(403, "grant_not_held");
    }
    // A higher role can be neither lowered nor granted.
    send(&host, &adam, "PUT", "/roles/higher", json!({"rank": 1}))
        .await
        .assert_error(403, "grant_not_held");
    host.call_as("DELETE", "/roles/higher", adam.token())
        .await
        .assert_error(403, "grant_not_held");
    let ben = host.person(&root, "ben", &["user"]).await;
    let path = format!("{}/roles/higher", ben.path());
    host.call_as("POST", &path, adam.token())
        .await
        .assert_error(403, "grant_not_held");
    for rank in [1000, 1001, u64::MAX] {
        for (method, path) in [("POST", "/roles"), ("PUT", "/roles/low")] {
            let refused = send(
                &host,
                &root,
                method,
                path,
                json!({"name": "low2", "rank": rank}),
            )
            .await;
            refused.assert_error(422, "validation_failed");
            assert!(
                refused.broken_rules()[0].starts_with("rank "),
                "{refused:?}"
            );
        }
    }
    for rank in [json!(-1), json!(1.5), json!("5"), json!([5]), json!(true)] {
        let answer = send(
            &host,
            &root,
            "POST",
            "/roles",
            json!({"name": "low2", "rank": rank}),
        )
        .await;
        assert!((400..500).contains(&answer.status.as_u16()), "{answer:?}");
    }
    host.get_as("/roles/low2", root.token())
        .await
        .assert_error(404, "not_found");
    assert_eq!(
        host.get_as("/roles/low", root.token()).await.body["rank"],
        0
    );
    // A user with a rank of 10 can create roles below it.
    let makers = json!({"name": "makers", "permissions": ["roles:write", "users:read"]});
    make(&host, &root, "/roles", makers).await;
    let max = host.person(&root, "max", &["user", "makers"]).await;
    let made = json!({"name": "made", "permissions": ["users:read"]});
    assert_eq!(make(&host, &max, "/roles", made).await["rank"], 9);
}

/// V8.3.2: a rank is lowered while its holder changes another user: the change happened first, or it is refused.
#[tokio::test]
async fn a_lost_rank_is_lost_for_requests_under_way() {
    let host = Host::start(&[
        SETUP,
        ("LOGIN_ATTEMPTS_PER_ACCOUNT", "0"),
        ("LOGIN_ATTEMPTS_PER_IP", "0"),
    ]);
    let root = host.administrator().await;
    for (name, rank) in [("one", 30), ("two", 20)] {
        let role =
            json!({"name": name, "rank": rank, "permissions": ["users:read", "users:write"]});
        make(&host, &root, "/roles", role).await;
    }
    let (one, two) = (
        host.person(&root, "one", &["one"]).await,
        host.person(&root, "two", &["two"]).await,
    );
    for round in 0..10 {
        // The higher-ranked user is lowered to the other's rank, and in the next round below it.
        let (high, low) = if round % 2 == 0 {
            (&one, &two)
        } else {
            (&two, &one)
        };
        let role = if round % 2 == 0 { "one" } else { "two" };
        let name = format!("by {round}");
        let path = low.path();
        let (changed, lowered) = futures::future::join(
            send(&host, high, "PATCH", &path, json!({ "display_name": name })),
            send(
                &host,
                &root,
                "PUT",
                &format!("/roles/{role}"),
                json!({"rank": 10}),
            ),
        )
        .await;
        lowered.assert_ok();
        let is = host.record(&root, &low.id).await["display_name"].clone();
        if changed.status == 200 {
            assert_eq!(is, json!(name));
        } else {
            changed.assert_error(403, "insufficient_rank");
            assert_ne!(is, json!(name));
        }
        send(&host, high, "PATCH", &path, json!({"display_name": "Late"}))
            .await
            .assert_error(403, "insufficient_rank");
        let (above, below) = if role == "one" {
            ("two", "one")
        } else {
            ("one", "two")
        };
        for (role, rank) in [(above, 30), (below, 20)] {
            send(
                &host,
                &root,
                "PUT",
                &format!("/roles/{role}"),
                json!({ "rank": rank }),
            )
            .await
            .assert_ok();
        }
    }
}
