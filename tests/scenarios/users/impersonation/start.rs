//! Permission to act as another user.

use gatewright_tests::host::{Answer, Host, SETUP};
use serde_json::json;

use super::{impersonate, token_of};
use crate::auth::access_token_is_checked::part;

/// The token names the actor, is short-lived, and is recorded in the audit log; it is not one of the user's own logins.
#[tokio::test]
async fn an_impersonation_is_marked_short_and_audited() {
    let host = Host::start(&[SETUP, ("SINGLE_SESSION", "true")]);
    let root = host.administrator().await;
    let adam = host.person(&root, "adam", &["user", "admin"]).await;
    let ben = host.person(&root, "ben", &["user"]).await;
    let before = host.record(&root, &ben.id).await;
    let reason = "They can't find the button.";
    let answer = impersonate(&host, &adam, &ben, json!({ "reason": reason })).await;
    answer.assert_ok();
    assert_eq!(answer.body["token_type"], "Bearer");
    assert_eq!(answer.body["user"]["id"], ben.id);
    assert!(answer.body.get("refresh_token").is_none());
    let life = answer.body["expires_in"].as_u64().unwrap();
    assert!((1..=900).contains(&life), "{life}");
    let token = answer.body["access_token"].as_str().unwrap();
    let claims = part(token, 1);
    assert_eq!(claims["sub"], ben.id);
    assert_eq!(claims["act"], json!({"sub": adam.id}));
    assert_eq!(
        claims["exp"].as_u64().unwrap() - claims["iat"].as_u64().unwrap(),
        life
    );
    assert!(part(ben.token(), 1).get("act").is_none());

    let me = host.get_as("/auth/me", token).await;
    me.assert_ok();
    assert_eq!(me.body["id"], ben.id);
    let after = host.record(&root, &ben.id).await;
    assert_eq!(after["last_login_at"], before["last_login_at"]);
    // It signs nobody out, even if each user can have only one session.
    host.get_as("/auth/me", ben.token()).await.assert_ok();

    let path = format!("/audit?kind=user.impersonated&target={}", ben.id);
    let one = |answer: &Answer| answer.body["events"].as_array().unwrap().len() == 1;
    let events = host.wait_until(&path, root.token(), one).await;
    let event = &events.body["events"][0];
    assert_eq!(event["actor_id"], adam.id);
    assert_eq!(event["target_type"], "user");
    assert_eq!(event["details"]["reason"], reason);

    let wordy = json!({"reason": "x".repeat(10_000)});
    impersonate(&host, &adam, &ben, wordy)
        .await
        .assert_error(422, "validation_failed");
    let token = token.to_owned();
    let host = host.restart_later(life + 6);
    host.get_as("/auth/me", &token)
        .await
        .assert_error(401, "token_expired");
}

/// Nobody can act as a peer or a superior, not even superadmins, and nobody can act without the permission.
#[tokio::test]
async fn nobody_becomes_a_peer_or_a_superior() {
    let host = Host::start(&[SETUP]);
    let root = host.administrator().await;
    let sue = host.person(&root, "sue", &["superadmin"]).await;
    let adam = host.person(&root, "adam", &["user", "admin"]).await;
    let anna = host.person(&root, "anna", &["user", "admin"]).await;
    let mia = host.person(&root, "mia", &["user", "moderator"]).await;
    let ben = host.person(&root, "ben", &["user"]).await;
    for (actor, target) in [
        (&adam, &anna),
        (&adam, &root),
        (&adam, &adam),
        (&root, &sue),
        (&root, &root),
    ] {
        impersonate(&host, actor, target, json!({}))
            .await
            .assert_error(403, "insufficient_rank");
    }
    for (actor, target) in [(&mia, &ben), (&ben, &mia)] {
        impersonate(&host, actor, target, json!({}))
            .await
            .assert_error(403, "forbidden");
    }
    for (actor, target) in [(&adam, &mia), (&adam, &ben), (&root, &adam)] {
        let token = token_of(&host, actor, target).await;
        let me = host.get_as("/auth/me", &token).await;
        assert_eq!(me.body["id"], target.id);
    }
}
