//! Ranks decide which users an administrator can administer.

use gatewright_tests::host::{Host, Person, SETUP};
use serde_json::json;

use super::{done, send};

/// V8.2.2: nobody can administer peers or superiors, in any way, or users with more permissions; reading is allowed.
#[tokio::test]
async fn nobody_administers_peers_or_superiors() {
    let host = Host::start(&[SETUP]);
    let root = host.administrator().await;
    for (role, rank, permissions) in [("god", 20, ["*"]), ("importer", 10, ["users:import"])] {
        let role = json!({"name": role, "rank": rank, "permissions": permissions});
        let made = send(&host, &root, "POST", "/roles", role).await;
        assert_eq!(made.status, 201, "{made:?}");
    }
    let adam = host.person(&root, "adam", &["user", "admin"]).await;
    let anna = host.person(&root, "anna", &["user", "admin"]).await;
    let gus = host.person(&root, "gus", &["user", "god"]).await;
    let ivy = host.person(&root, "ivy", &["user", "importer"]).await;
    let mia = host.person(&root, "mia", &["user", "moderator"]).await;
    let ben = host.person(&root, "ben", &["user"]).await;

    let calls = |target: &Person| {
        let of = |rest: &str| format!("{}{rest}", target.path());
        [
            ("PATCH", of("")),
            ("POST", of("/disable")),
            ("POST", of("/enable")),
            ("POST", of("/unlock")),
            ("POST", of("/reset-password")),
            ("DELETE", of("/2fa")),
            ("DELETE", of("/sessions")),
            (
                "DELETE",
                of("/sessions/018bcfe5-6800-7000-8000-000000000000"),
            ),
            ("POST", of("/roles/premium")),
            ("DELETE", of("/roles/user")),
            ("POST", of("/impersonate")),
            ("DELETE", of("")),
        ]
    };
    for (actor, target) in [
        // A peer, a superior, and the caller.
        (&adam, &anna),
        (&adam, &root),
        (&adam, &adam),
        // A user with more permissions, but without a higher rank.
        (&adam, &gus),
        (&adam, &ivy),
        // A user with a higher rank, but without more permissions.
        (&gus, &mia),
        (&gus, &adam),
        (&gus, &root),
    ] {
        for (method, path) in calls(target) {
            let body = json!({"display_name": "Changed"});
            let answer = send(&host, actor, method, &path, body).await;
            let code = &answer.body["error"]["code"];
            let told = format!("{} {method} {path}: {answer:?}", actor.email);
            assert_eq!(
                (answer.status.as_u16(), code),
                (403, &json!("insufficient_rank")),
                "{told}"
            );
        }
        // The target is unchanged.
        host.get_as("/auth/me", target.token()).await.assert_ok();
        let record = host.record(actor, &target.id).await;
        assert_eq!(record["display_name"], json!(null));
    }
    let change = json!({"display_name": "Changed"});
    for (actor, target) in [(&adam, &mia), (&adam, &ben), (&gus, &ben), (&gus, &ivy)] {
        let path = target.path();
        send(&host, actor, "PATCH", &path, change.clone())
            .await
            .assert_ok();
        let path = format!("{path}/roles/premium");
        done(&host.call_as("POST", &path, actor.token()).await);
        done(&host.call_as("DELETE", &path, actor.token()).await);
    }
    // Superadmins can administer each other, because nobody else could.
    let sue = host.person(&root, "sue", &["superadmin"]).await;
    send(&host, &root, "PATCH", &sue.path(), change)
        .await
        .assert_ok();
    done(&host.call_as("DELETE", &sue.path(), root.token()).await);
}
