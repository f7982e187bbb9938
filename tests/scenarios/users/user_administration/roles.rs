//! The roles of a user.

use gatewright_tests::host::{Host, SETUP};
use serde_json::json;

use super::{NOBODY, done, make};

/// Roles are granted and removed, by name and by ID, and repeating it is allowed.
#[tokio::test]
async fn roles_are_given_and_taken() {
    let host = Host::start(&[SETUP]);
    let root = host.administrator().await;
    let ben = make(&host, &root, json!({"email": "ben@example.com"})).await;
    let id = ben["id"].as_str().unwrap();
    let roles = async || host.record(&root, id).await["roles"].clone();
    let premium = host.get_as("/roles/premium", root.token()).await;
    for role in ["premium", premium.body["id"].as_str().unwrap()] {
        let path = format!("/users/{id}/roles/{role}");
        for _ in 0..2 {
            done(&host.call_as("POST", &path, root.token()).await);
            assert_eq!(roles().await, json!(["premium", "user"]));
        }
        done(&host.call_as("DELETE", &path, root.token()).await);
        assert_eq!(roles().await, json!(["user"]));
    }
    for path in [
        format!("/users/{id}/roles/unknown"),
        format!("/users/{id}/roles/018bcfe5-6800-7000-8000-000000000000"),
        format!("{NOBODY}/roles/premium"),
    ] {
        for method in ["POST", "DELETE"] {
            host.call_as(method, &path, root.token())
                .await
                .assert_error(404, "not_found");
        }
    }
    // Concurrent grants are all kept.
    let paths = ["premium", "moderator", "admin"].map(|role| format!("/users/{id}/roles/{role}"));
    let calls = paths
        .iter()
        .map(|path| host.call_as("POST", path, root.token()));
    for answer in futures::future::join_all(calls).await {
        done(&answer);
    }
    assert_eq!(
        roles().await,
        json!(["admin", "moderator", "premium", "user"])
    );
}
