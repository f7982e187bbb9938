//! Administrators' own accounts.

use gatewright_tests::host::{Host, SETUP};
use serde_json::json;

/// V7.5.1: an operation that takes a password on one's own account can't be done as an administrator instead.
#[tokio::test]
async fn administrators_change_their_own_accounts_as_everybody_does() {
    let host = Host::start(&[SETUP]);
    let root = host.administrator().await;
    for (method, rest, body) in [
        ("PATCH", "", json!({"email": "other@example.com"})),
        ("PATCH", "", json!({"email_verified": false})),
        ("PATCH", "", json!({"username": "other"})),
        ("POST", "/reset-password", json!({})),
        ("DELETE", "/2fa", json!({})),
        ("DELETE", "", json!({})),
    ] {
        let path = format!("{}{rest}", root.path());
        host.send_as(method, &path, root.token(), body)
            .await
            .assert_error(403, "insufficient_rank");
    }
    let shown = json!({"display_name": "Root"});
    host.send_as("PATCH", &root.path(), root.token(), shown)
        .await
        .assert_ok();
}
