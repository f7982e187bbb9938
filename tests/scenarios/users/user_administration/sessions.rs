//! The sessions of a user.

use gatewright_tests::host::{Host, SETUP, Tokens};

use super::done;

/// V7.5.2: an administrator can list a user's sessions, and end one or all.
#[tokio::test]
async fn an_administrator_ends_sessions() {
    let host = Host::start(&[SETUP]);
    let root = host.administrator().await;
    let mia = host.person(&root, "mia", &["user"]).await;
    let second = host.login(&mia.email).await;
    let third = host.login(&mia.email).await;
    let path = format!("{}/sessions", mia.path());
    let list = async || {
        let answer = host.get_as(&path, root.token()).await;
        answer.assert_ok();
        answer.body["sessions"].as_array().unwrap().clone()
    };
    let sessions = list().await;
    assert_eq!(sessions.len(), 3);
    for session in &sessions {
        assert_eq!(session["ip"], "127.0.0.1");
        assert_eq!(session["current"], false);
        assert!(session["created_at"].is_string());
    }
    let id = async |tokens: &Tokens| {
        let me = host.get_as("/auth/me", &tokens.access_token).await;
        me.body["session_id"].as_str().unwrap().to_owned()
    };
    let of_second = format!("{path}/{}", id(&second).await);
    // It is not found under another user.
    let elsewhere = format!("{}/sessions/{}", root.path(), id(&second).await);
    host.call_as("DELETE", &elsewhere, root.token())
        .await
        .assert_error(404, "not_found");
    host.get_as("/auth/me", &second.access_token)
        .await
        .assert_ok();
    done(&host.call_as("DELETE", &of_second, root.token()).await);
    host.call_as("DELETE", &of_second, root.token())
        .await
        .assert_error(404, "not_found");
    host.get_as("/auth/me", &second.access_token)
        .await
        .assert_error(401, "session_ended");
    assert_eq!(list().await.len(), 2);
    done(&host.call_as("DELETE", &path, root.token()).await);
    for tokens in [&mia.session, &third] {
        host.get_as("/auth/me", &tokens.access_token)
            .await
            .assert_error(401, "session_ended");
        host.refresh(&tokens.refresh_token)
            .await
            .assert_error(401, "invalid_refresh_token");
    }
    assert!(list().await.is_empty());
    done(&host.call_as("DELETE", &path, root.token()).await);
    host.login(&mia.email).await;
}
