use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use gatewright_tests::host::{Answer, Host, JWT_SECRET, PASSWORD, SETUP, Tokens};
use serde_json::{Value, json};

use crate::auth::second_factor::{code_now, enrol};

/// V6.3.3: a user who must have a second factor has to set it up at the next login, and can do nothing else before;
/// this also applies to sessions from before it became required.
#[tokio::test]
async fn who_has_to_have_a_factor_does_nothing_before_it_is_set_up() {
    let host = Host::start(&[SETUP]);
    let root = host.administrator().await;
    let ada = host.person(&root, "ada", &["user", "moderator"]).await;
    let ben = host.person(&root, "ben", &["user"]).await;
    let host = host.restart(&[("REQUIRE_MFA", "moderator")]);
    // It also applies to higher roles, but not to others.
    host.get_as("/account/sessions", ben.token())
        .await
        .assert_ok();
    host.get_as("/users", root.token())
        .await
        .assert_error(403, "mfa_enrolment_required");
    let refused = |answer: Answer| answer.assert_error(403, "mfa_enrolment_required");
    let login = host.login(&ada.email).await;
    for token in [ada.token(), &login.access_token] {
        refused(host.get_as("/users", token).await);
        refused(host.get_as("/account/sessions", token).await);
        let change = json!({"display_name": "Ada"});
        refused(host.send_as("PATCH", "/account", token, change).await);
        let change = json!({"current_password": PASSWORD, "new_password": "a new and better one"});
        refused(
            host.send_as("POST", "/account/change-password", token, change)
                .await,
        );
        host.get_as("/auth/me", token).await.assert_ok();
    }
    // A new token allows no more.
    let renewed = host.refresh(&ada.session.refresh_token).await;
    let renewed = Tokens::of(&renewed.body);
    refused(host.get_as("/users", &renewed.access_token).await);

    let enrolled = enrol(&host, renewed).await;
    host.get_as("/users", &enrolled.session.access_token)
        .await
        .assert_ok();
    // In a session of before, the factor is not proved yet: it may be somebody else's.
    let before = &login.access_token;
    host.get_as("/users", before)
        .await
        .assert_error(403, "reauthentication_required");
    let me = host.get_as("/auth/me", before).await;
    assert_eq!(me.body["refused_with"], "reauthentication_required");
    assert_eq!(me.body["roles"], json!([]));
    assert_eq!(me.body["permissions"], json!([]));
    let both = json!({"password": PASSWORD, "code": enrolled.recovery_codes[0]});
    let proved = host.send_as("POST", "/auth/reauthenticate", before, both);
    let proved = Tokens::of(&proved.await.body);
    host.get_as("/users", &proved.access_token)
        .await
        .assert_ok();
    let body = json!({"email": ada.email, "password": PASSWORD});
    let login = host.post("/auth/login", body).await;
    assert_eq!(login.body["mfa_required"], true);
}

/// Services that verify tokens themselves refuse a token that only allows setting up a second factor.
#[tokio::test]
async fn a_token_for_the_set_up_is_for_another_audience() {
    let audience = |token: &str| {
        let claims = token.split('.').nth(1).unwrap();
        let claims = URL_SAFE_NO_PAD.decode(claims).unwrap();
        serde_json::from_slice::<Value>(&claims).unwrap()["aud"].clone()
    };
    let host = Host::start(&[
        SETUP,
        ("REQUIRE_MFA", "all"),
        ("JWT_ALGORITHM", "HS256"),
        ("JWT_SECRET", JWT_SECRET),
        ("JWT_AUDIENCE", "https://api.example.com"),
    ]);
    let root = host.administrator().await;
    assert_eq!(audience(root.token()), "https://api.example.com#enrolment");
    let enabled = host.post_as("/auth/2fa/enable", root.token()).await;
    let code = json!({"code": code_now(enabled.body["secret"].as_str().unwrap())});
    let confirmed = host.send_as("POST", "/auth/2fa/verify", root.token(), code);
    let renewed = Tokens::of(&confirmed.await.body["tokens"]);
    assert_eq!(audience(&renewed.access_token), "https://api.example.com");
    host.get_as("/users", &renewed.access_token)
        .await
        .assert_ok();
}
