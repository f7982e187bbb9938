//! Removing a user's second factor.

use gatewright_tests::MailService;
use gatewright_tests::host::SETUP;
use serde_json::json;

use super::done;
use crate::audit::count;
use crate::auth::second_factor::enrol;

/// V6.4.4, V6.5.6: an administrator can remove a second factor that is lost or was added by somebody else, and the user is
/// notified.
#[tokio::test]
async fn an_administrator_takes_a_factor_away() {
    let mail = MailService::start();
    let host = mail.host(&[SETUP]);
    let root = host.administrator().await;
    let ada = host.person(&root, "ada", &["user"]).await;
    let path = format!("{}/2fa", ada.path());
    let remove = async |path: &str| host.call_as("DELETE", path, root.token()).await;
    remove(&path).await.assert_error(409, "mfa_not_enabled");
    let enrolled = enrol(&host, ada.session.clone()).await.session;
    assert_eq!(mail.next().message["kind"], "mfa_enabled");
    done(&remove(&path).await);
    let told = mail.next().message;
    assert_eq!(
        (&told["kind"], &told["to"]),
        (&json!("mfa_disabled"), &json!("ada@example.com"))
    );
    // The mail doesn't contain the administrator's address.
    assert!(!told["text"].as_str().unwrap().contains("127.0.0.1"));
    // A session that has proved the factor must not count as having proved a later one.
    host.get_as("/auth/me", &enrolled.access_token)
        .await
        .assert_error(401, "session_ended");
    let login = host.login("ada@example.com").await;
    let account = host.get_as("/account", &login.access_token).await;
    let left = ["mfa_enabled", "recovery_codes_left"].map(|name| account.body[name].clone());
    assert_eq!(left, [json!(false), json!(0)]);
    let query = format!(
        "/audit?kind=user.second_factor_removed&actor={}&target={}",
        root.id, ada.id
    );
    host.wait_until(&query, root.token(), |answer| count(answer) == 1)
        .await;

    // Removing one's own requires both factors.
    let own = enrol(&host, root.session.clone()).await.session;
    let path = format!("{}/2fa", root.path());
    host.call_as("DELETE", &path, &own.access_token)
        .await
        .assert_error(403, "insufficient_rank");
}
