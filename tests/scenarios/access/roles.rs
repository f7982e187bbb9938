use gatewright_tests::host::{Answer, Host, PASSWORD, Person, SETUP};
use serde_json::{Value, json};

const BUILT_IN_ROLES: [&str; 6] = [
    "admin",
    "moderator",
    "premium",
    "superadmin",
    "user",
    "verified",
];
const BUILT_IN_PERMISSIONS: [&str; 12] = [
    "*",
    "audit:read",
    "keys:read",
    "keys:write",
    "roles:read",
    "roles:write",
    "users:delete",
    "users:export",
    "users:impersonate",
    "users:import",
    "users:read",
    "users:write",
];

async fn send(host: &Host, person: &Person, method: &str, path: &str, body: Value) -> Answer {
    host.send_as(method, path, person.token(), body).await
}

/// Creates an object, and asserts success.
async fn make(host: &Host, person: &Person, path: &str, body: Value) -> Value {
    let answer = send(host, person, "POST", path, body).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    answer.body
}

/// Returns the names in a list, and asserts that they are unique.
fn names(list: &Value) -> Vec<&str> {
    let list = list.as_array().unwrap().iter();
    let mut names: Vec<_> = list.map(|item| item["name"].as_str().unwrap()).collect();
    names.sort_unstable();
    names
}

/// Built-in roles have exactly their documented permissions.
#[tokio::test]
async fn the_service_comes_with_roles_and_permissions() {
    let host = Host::start(&[SETUP]);
    let root = host.administrator().await;
    let roles = host.get_as("/roles", root.token()).await;
    roles.assert_ok();
    assert_eq!(names(&roles.body["roles"]), BUILT_IN_ROLES);
    let permissions = host.get_as("/permissions", root.token()).await;
    permissions.assert_ok();
    let permissions = &permissions.body["permissions"];
    assert_eq!(names(permissions), BUILT_IN_PERMISSIONS);
    let lists = [&roles.body["roles"], permissions];
    for item in lists.into_iter().flat_map(|list| list.as_array().unwrap()) {
        assert_eq!(item["built_in"], true, "{item}");
        assert!(item["id"].is_string() && item["description"].is_string());
    }
    for (role, mut held) in [
        ("superadmin", vec!["*"]),
        (
            "admin",
            vec![
                "users:read",
                "users:write",
                "users:delete",
                "users:impersonate",
                "roles:read",
                "roles:write",
                "audit:read",
                "keys:read",
            ],
        ),
        ("moderator", vec!["users:read"]),
        ("premium", vec![]),
        ("verified", vec![]),
        ("user", vec![]),
    ] {
        held.sort_unstable();
        let answer = host.get_as(&format!("/roles/{role}"), root.token()).await;
        answer.assert_ok();
        assert_eq!(answer.body["permissions"], json!(held), "{role}");
    }
}

/// Permissions can be created, found by name and by ID, renamed in all roles that have them, and deleted.
#[tokio::test]
async fn permissions_are_made_changed_and_deleted() {
    let host = Host::start(&[SETUP]);
    let root = host.administrator().await;
    let wanted = json!({"name": "posts:write", "description": "Write posts."});
    let made = make(&host, &root, "/permissions", wanted.clone()).await;
    let id = made["id"].as_str().unwrap();
    assert_eq!(
        made,
        json!({"id": id, "name": "posts:write", "description": "Write posts.", "built_in": false})
    );
    // Also in the encoding of a browser's encodeURIComponent.
    for name in [id, "posts:write", "posts%3Awrite"] {
        let found = host
            .get_as(&format!("/permissions/{name}"), root.token())
            .await;
        found.assert_ok();
        assert_eq!(found.body, made, "{name}");
    }
    send(&host, &root, "POST", "/permissions", wanted)
        .await
        .assert_error(409, "name_taken");
    let built_in = json!({"name": "users:read"});
    send(&host, &root, "POST", "/permissions", built_in)
        .await
        .assert_error(409, "name_taken");
    let long = format!("{}:read", "x".repeat(65));
    for name in [
        "",
        "posts",
        "posts:",
        ":write",
        "posts:write:all",
        "Posts:write",
        "posts:wri te",
        "posts:wr,te",
        "posts/write",
        "po*:write",
        "**",
        "pösts:write",
        &long,
    ] {
        let refused = send(
            &host,
            &root,
            "POST",
            "/permissions",
            json!({ "name": name }),
        )
        .await;
        refused.assert_error(422, "validation_failed");
        let rules = refused.broken_rules();
        assert!(rules[0].starts_with("name "), "{name} {rules:?}");
    }
    let longest = format!("{}:{}", "x".repeat(64), "y".repeat(64));
    for name in ["posts:*", "*:approve", "a.b_c-1:read", &longest] {
        make(&host, &root, "/permissions", json!({ "name": name })).await;
    }

    let role = json!({"name": "author", "permissions": ["posts:write"]});
    make(&host, &root, "/roles", role).await;
    let renamed = json!({"name": "posts:edit", "description": ""});
    let path = "/permissions/posts:write";
    let changed = send(&host, &root, "PUT", path, renamed).await;
    changed.assert_ok();
    assert_eq!(
        (&changed.body["id"], &changed.body["name"]),
        (&json!(id), &json!("posts:edit"))
    );
    let held = async || {
        let role = host.get_as("/roles/author", root.token()).await;
        role.body["permissions"].clone()
    };
    assert_eq!(held().await, json!(["posts:edit"]));
    let taken = json!({"name": "posts:*"});
    send(&host, &root, "PUT", "/permissions/posts:edit", taken)
        .await
        .assert_error(409, "name_taken");
    let path = "/permissions/posts:edit";
    let deleted = host.call_as("DELETE", path, root.token()).await;
    assert_eq!(deleted.status, 204, "{deleted:?}");
    assert_eq!(held().await, json!([]));
    host.get_as(path, root.token())
        .await
        .assert_error(404, "not_found");
    host.call_as("DELETE", path, root.token())
        .await
        .assert_error(404, "not_found");
    send(&host, &root, "PUT", path, json!({"name": "posts:edit"}))
        .await
        .assert_error(404, "not_found");

    for name in BUILT_IN_PERMISSIONS {
        let path = format!("/permissions/{name}");
        host.call_as("DELETE", &path, root.token())
            .await
            .assert_error(409, "built_in");
        let other = json!({"name": "other:name"});
        send(&host, &root, "PUT", &path, other)
            .await
            .assert_error(409, "built_in");
    }
}

/// Roles can be created, found by name and by ID, renamed for all their holders, and removed from them by deletion.
#[tokio::test]
async fn roles_are_made_changed_and_deleted() {
    let host = Host::start(&[SETUP]);
    let root = host.administrator().await;
    for name in ["posts:read", "posts:write"] {
        make(&host, &root, "/permissions", json!({ "name": name })).await;
    }
    let wanted = json!({
        "name": "editor",
        "description": "Edits posts.",
        "permissions": ["posts:write", "posts:read", "posts:read"],
    });
    let made = make(&host, &root, "/roles", wanted.clone()).await;
    let id = made["id"].as_str().unwrap();
    let expected = json!({
        "id": id,
        "name": "editor",
        "description": "Edits posts.",
        "built_in": false,
        "rank": 0,
        "permissions": ["posts:read", "posts:write"],
    });
    assert_eq!(made, expected);
    for name in [id, "editor"] {
        let found = host.get_as(&format!("/roles/{name}"), root.token()).await;
        found.assert_ok();
        assert_eq!(found.body, made, "{name}");
    }
    send(&host, &root, "POST", "/roles", wanted)
        .await
        .assert_error(409, "name_taken");
    let long = "x".repeat(65);
    for name in [
        "", "Editor", "1st", "-a", ".a", "_a", "a,b", "a b", "a:b", "a/b", "é", "*", &long,
    ] {
        let refused = send(&host, &root, "POST", "/roles", json!({ "name": name })).await;
        refused.assert_error(422, "validation_failed");
        let rules = refused.broken_rules();
        assert!(rules[0].starts_with("name "), "{name} {rules:?}");
    }
    make(&host, &root, "/roles", json!({"name": &long[..64]})).await;
    let unknown = json!({"name": "other", "permissions": ["posts:read", "posts:unknown"]});
    let refused = send(&host, &root, "POST", "/roles", unknown).await;
    refused.assert_error(422, "validation_failed");
    assert!(refused.broken_rules()[0].starts_with("permissions"));
    let wordy = json!({"name": "other", "description": "x".repeat(10_000)});
    let refused = send(&host, &root, "POST", "/roles", wordy).await;
    refused.assert_error(422, "validation_failed");
    assert!(refused.broken_rules()[0].starts_with("description "));
    host.get_as("/roles/other", root.token())
        .await
        .assert_error(404, "not_found");

    let eve = host.person(&root, "eve", &["user", "editor"]).await;
    let changed = json!({"name": "author", "description": "", "permissions": ["posts:write"]});
    let changed = send(&host, &root, "PUT", &format!("/roles/{id}"), changed).await;
    changed.assert_ok();
    assert_eq!(changed.body["id"], id);
    let of_eve = async || {
        let record = host.record(&root, &eve.id).await;
        (record["roles"].clone(), record["permissions"].clone())
    };
    let (roles, permissions) = of_eve().await;
    assert_eq!(roles, json!(["author", "user", "verified"]));
    assert_eq!(permissions, json!(["posts:write"]));
    let unknown = json!({"name": "author", "permissions": ["posts:unknown"]});
    send(&host, &root, "PUT", "/roles/author", unknown)
        .await
        .assert_error(422, "validation_failed");
    let taken = json!({"name": "moderator", "permissions": []});
    send(&host, &root, "PUT", "/roles/author", taken)
        .await
        .assert_error(409, "name_taken");

    let grant = "/roles/author/permissions/posts:read";
    for _ in 0..2 {
        let granted = host.call_as("POST", grant, root.token()).await;
        assert_eq!(granted.status, 204, "{granted:?}");
        assert_eq!(of_eve().await.1, json!(["posts:read", "posts:write"]));
    }
    let taken = host.call_as("DELETE", grant, root.token()).await;
    assert_eq!(taken.status, 204, "{taken:?}");
    assert_eq!(of_eve().await.1, json!(["posts:write"]));
    for path in [
        "/roles/author/permissions/posts:unknown",
        "/roles/unknown/permissions/posts:read",
    ] {
        for method in ["POST", "DELETE"] {
            host.call_as(method, path, root.token())
                .await
                .assert_error(404, "not_found");
        }
    }

    let deleted = host.call_as("DELETE", "/roles/author", root.token()).await;
    assert_eq!(deleted.status, 204, "{deleted:?}");
    assert_eq!(of_eve().await, (json!(["user", "verified"]), json!([])));
    for method in ["GET", "DELETE"] {
        host.call_as(method, "/roles/author", root.token())
            .await
            .assert_error(404, "not_found");
    }
    // Nobody has a new role with the same name.
    make(&host, &root, "/roles", json!({"name": "author"})).await;
    assert_eq!(of_eve().await.0, json!(["user", "verified"]));
}

/// Built-in roles and permissions can't be deleted or renamed, and the superadmins' permissions can't change.
#[tokio::test]
async fn built_in_roles_stay() {
    let host = Host::start(&[SETUP]);
    let root = host.administrator().await;
    for name in BUILT_IN_ROLES {
        let path = format!("/roles/{name}");
        host.call_as("DELETE", &path, root.token())
            .await
            .assert_error(409, "built_in");
        let renamed = json!({"name": "other", "permissions": []});
        send(&host, &root, "PUT", &path, renamed)
            .await
            .assert_error(409, "built_in");
        send(&host, &root, "POST", "/roles", json!({ "name": name }))
            .await
            .assert_error(409, "name_taken");
    }
    let changed = json!({"name": "superadmin", "description": "None.", "permissions": []});
    send(&host, &root, "PUT", "/roles/superadmin", changed)
        .await
        .assert_error(409, "built_in");
    for (method, permission) in [("POST", "users:read"), ("DELETE", "*")] {
        let path = format!("/roles/superadmin/permissions/{permission}");
        host.call_as(method, &path, root.token())
            .await
            .assert_error(409, "built_in");
    }
    let answer = host.get_as("/roles/superadmin", root.token()).await;
    assert_eq!(answer.body["permissions"], json!(["*"]));
    // The operator can change the permissions of other built-in roles.
    let changed = json!({
        "name": "moderator",
        "description": "Looks after the place.",
        "permissions": ["users:read", "audit:read"],
    });
    let changed = send(&host, &root, "PUT", "/roles/moderator", changed).await;
    changed.assert_ok();
    assert_eq!(changed.body["built_in"], true);
    let mia = host.person(&root, "mia", &["moderator"]).await;
    host.get_as("/audit", mia.token()).await.assert_ok();
}

/// V8.2.1: nobody can grant permissions that they don't have, in any way.
#[tokio::test]
async fn nobody_grants_what_he_does_not_hold() {
    let host = Host::start(&[SETUP]);
    let root = host.administrator().await;
    for name in ["users:*", "posts:write"] {
        make(&host, &root, "/permissions", json!({ "name": name })).await;
    }
    let importer = json!({"name": "importer", "permissions": ["users:import"]});
    make(&host, &root, "/roles", importer).await;
    let author = json!({"name": "author", "permissions": ["posts:write"]});
    make(&host, &root, "/roles", author).await;
    let adam = host.person(&root, "adam", &["user", "admin"]).await;
    let bob = host.person(&root, "bob", &["user"]).await;
    let own = json!({"name": "clerk", "permissions": ["users:read", "users:write"]});
    make(&host, &adam, "/roles", own).await;

    for permission in ["keys:write", "users:import", "users:*", "*"] {
        let role = |name: &str| json!({"name": name, "permissions": ["users:read", permission]});
        send(&host, &adam, "POST", "/roles", role("more"))
            .await
            .assert_error(403, "grant_not_held");
        for name in ["clerk", "admin", "user"] {
            let path = format!("/roles/{name}");
            send(&host, &adam, "PUT", &path, role(name))
                .await
                .assert_error(403, "grant_not_held");
            let path = format!("/roles/{name}/permissions/{permission}");
            host.call_as("POST", &path, adam.token())
                .await
                .assert_error(403, "grant_not_held");
        }
    }
    // A role with more permissions than the caller's, and roles of equal or higher rank.
    for role in ["importer", "author", "admin", "superadmin"] {
        let path = format!("{}/roles/{role}", bob.path());
        host.call_as("POST", &path, adam.token())
            .await
            .assert_error(403, "grant_not_held");
        let body = json!({"email": "new@example.com", "roles": ["user", role]});
        send(&host, &adam, "POST", "/users", body)
            .await
            .assert_error(403, "grant_not_held");
    }
    for role in ["moderator", "premium", "clerk"] {
        let path = format!("{}/roles/{role}", bob.path());
        let granted = host.call_as("POST", &path, adam.token()).await;
        assert_eq!(granted.status, 204, "{granted:?}");
    }
    assert_eq!(
        host.record(&root, &bob.id).await["roles"],
        json!(["clerk", "moderator", "premium", "user", "verified"])
    );

    // Renaming a permission that the caller has would grant everything that the new name stands for.
    let path = format!("{}/roles/author", adam.path());
    let granted = host.call_as("POST", &path, root.token()).await;
    assert_eq!(granted.status, 204, "{granted:?}");
    for name in ["keys:*", "*:*"] {
        let path = "/permissions/posts:write";
        send(&host, &adam, "PUT", path, json!({ "name": name }))
            .await
            .assert_error(403, "grant_not_held");
    }
    let check = json!({"permission": "keys:write"});
    let check = send(&host, &adam, "POST", "/access/check", check).await;
    assert_eq!(check.body["allowed"], false);
    // Superadmins can grant everything.
    let path = "/roles/clerk/permissions/keys:write";
    let granted = host.call_as("POST", path, root.token()).await;
    assert_eq!(granted.status, 204, "{granted:?}");
}

/// Long lists are complete.
#[tokio::test]
async fn a_list_of_names_counts_to_its_end() {
    let host = Host::start(&[SETUP]);
    let root = host.administrator().await;
    let list = |first: &str, last: &str| {
        let mut names = vec![first; 500];
        names.push(last);
        json!(names)
    };
    let role = json!({"name": "editor", "permissions": list("users:read", "users:write")});
    let role = make(&host, &root, "/roles", role).await;
    assert_eq!(role["permissions"], json!(["users:read", "users:write"]));
    let unknown = json!({"permissions": list("users:read", "no:such")});
    let refused = send(&host, &root, "PUT", "/roles/editor", unknown).await;
    assert_eq!(refused.broken_rules(), ["permissions not_found"]);
    let user =
        json!({"username": "ada-long", "password": PASSWORD, "roles": list("user", "editor")});
    let user = make(&host, &root, "/users", user).await;
    assert_eq!(user["roles"], json!(["editor", "user"]));
    let user =
        json!({"username": "bob-long", "password": PASSWORD, "roles": list("user", "nobody")});
    let refused = send(&host, &root, "POST", "/users", user).await;
    assert_eq!(refused.broken_rules(), ["roles not_found"]);
}
