use crate::auth::access_token_is_checked::part;
use gatewright_tests::host::{Host, SETUP};
use serde_json::json;

/// V8.3.2: a removed role stops working at the next request, whatever the token contains.
#[tokio::test]
async fn a_role_taken_away_stops_working_at_once() {
    let host = Host::start(&[SETUP]);
    let root = host.administrator().await;
    let mia = host.person(&root, "mia", &["user", "moderator"]).await;
    let says_moderator = || {
        let roles = part(mia.token(), 1)["roles"].clone();
        roles.as_array().unwrap().contains(&json!("moderator"))
    };
    assert!(says_moderator());
    host.get_as("/users", mia.token()).await.assert_ok();
    let role = format!("{}/roles/moderator", mia.path());
    for _ in 0..2 {
        let taken = host.call_as("DELETE", &role, root.token()).await;
        assert_eq!(taken.status, 204, "{taken:?}");
        host.get_as("/users", mia.token())
            .await
            .assert_error(403, "forbidden");
        assert!(says_moderator());
        let check = json!({"checks": [{"role": "moderator"}, {"permission": "users:read"}]});
        let check = host
            .send_as("POST", "/access/check", mia.token(), check)
            .await;
        assert_eq!(check.body["results"], json!([false, false]), "{check:?}");
        let me = host.get_as("/auth/me", mia.token()).await;
        let roles = me.body["roles"].as_array().unwrap();
        assert!(!roles.contains(&json!("moderator")), "{me:?}");

        // Granted again, it works with the same token.
        let given = host.call_as("POST", &role, root.token()).await;
        assert_eq!(given.status, 204, "{given:?}");
        host.get_as("/users", mia.token()).await.assert_ok();
    }
}

/// So does a permission that is removed from a role, and a deleted role.
#[tokio::test]
async fn a_permission_taken_from_a_role_stops_working_at_once() {
    let host = Host::start(&[SETUP]);
    let root = host.administrator().await;
    let role = json!({"name": "reader", "permissions": ["users:read", "audit:read"]});
    let made = host.send_as("POST", "/roles", root.token(), role).await;
    assert_eq!(made.status, 201, "{made:?}");
    let rita = host.person(&root, "rita", &["user", "reader"]).await;
    let statuses = async || {
        let users = host.get_as("/users", rita.token()).await.status;
        let audit = host.get_as("/audit", rita.token()).await.status;
        (users.as_u16(), audit.as_u16())
    };
    assert_eq!(statuses().await, (200, 200));
    let taken = "/roles/reader/permissions/users:read";
    let taken = host.call_as("DELETE", taken, root.token()).await;
    assert_eq!(taken.status, 204, "{taken:?}");
    assert_eq!(statuses().await, (403, 200));
    let deleted = host.call_as("DELETE", "/roles/reader", root.token()).await;
    assert_eq!(deleted.status, 204, "{deleted:?}");
    assert_eq!(statuses().await, (403, 403));
}
