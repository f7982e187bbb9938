use gatewright_tests::host::{Answer, Host, PASSWORD, SETUP};
use serde_json::json;

use crate::auth::access_token_is_checked::part;

/// V11.2.2: a replaced key still verifies its tokens. After an emergency rotation no old key does, and users continue
/// with their refresh tokens.
#[tokio::test]
async fn an_emergency_ends_what_was_signed_before() {
    let host = Host::start(&[SETUP]);
    let root = host.administrator().await;
    let ada = host.register("ada@example.com").await;
    let rotate = async |token: &str, body| {
        let rotated = host.send_as("POST", "/keys/rotate", token, body).await;
        assert_eq!(rotated.status, 201, "{rotated:?}");
        rotated.body
    };
    let usual = rotate(root.token(), json!({})).await;
    assert_eq!(usual["emergency"], false);
    host.get_as("/auth/me", &ada.access_token).await.assert_ok();
    let last = rotate(root.token(), json!({"emergency": true})).await;
    assert_eq!(last["emergency"], true);
    for token in [&*ada.access_token, root.token()] {
        let refused = host.get_as("/auth/me", token).await;
        refused.assert_error(401, "key_unknown");
    }
    let refresh = json!({"refresh_token": ada.refresh_token});
    let renewed = host.post("/auth/refresh", refresh).await;
    renewed.assert_ok();
    let token = renewed.body["access_token"].as_str().unwrap();
    host.get_as("/auth/me", token).await.assert_ok();
    let root = host.login(&root.email).await;
    let keys = host.get_as("/keys", &root.access_token).await;
    let keys = keys.body["keys"].as_array().unwrap().clone();
    let (newest, others) = keys.split_last().unwrap();
    assert_eq!(
        (&newest["kid"], &newest["expires_at"]),
        (&last["kid"], &json!(null))
    );
    let ended = |key: &serde_json::Value| key["expires_at"] == last["created_at"];
    assert!(others.len() == 2 && others.iter().all(ended), "{keys:?}");
    let told = |answer: &Answer| answer.body["events"][0]["reason"] == "emergency";
    host.wait_until("/audit?kind=key.rotated", &root.access_token, told)
        .await;
}

/// Sessions in cookies work with any number of permissions: the token omits those that don't fit into a cookie.
#[tokio::test]
async fn a_cookie_has_room_for_every_token() {
    let host = Host::start(&[SETUP]);
    let root = host.administrator().await;
    let long = "long".repeat(16);
    let mut names = Vec::new();
    for number in 10..40 {
        let name = format!("{number}{}:{long}", &long[2..]);
        let made = host.send_as("POST", "/permissions", root.token(), json!({"name": name}));
        assert_eq!(made.await.status, 201);
        names.push(name);
    }
    let role = json!({"name": "wide", "permissions": names});
    let role = host.send_as("POST", "/roles", root.token(), role).await;
    assert_eq!(role.status, 201);
    let ada = host.person(&root, "ada", &["wide"]).await;
    let login = json!({"email": ada.email, "password": PASSWORD, "transport": "jwt_cookie"});
    let login = host.post("/auth/login", login).await;
    login.assert_ok();
    for cookie in login.headers.get_all("set-cookie") {
        let cookie = cookie.to_str().unwrap().split(';').next().unwrap();
        assert!(cookie.len() <= 4096, "{cookie}");
    }
    let claims = part(ada.token(), 1);
    assert_eq!(claims.get("permissions"), None);
    let roles = claims["roles"].as_array().unwrap();
    assert!(roles.contains(&json!("wide")), "{claims}");
    let me = host.get_as("/auth/me", ada.token()).await;
    assert_eq!(me.body["permissions"].as_array().unwrap().len(), 30);
}
