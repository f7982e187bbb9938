//! The first sign-in, and later ones.

use gatewright_tests::host::SETUP;
use gatewright_tests::identity::IdentityService;
use reqwest::Method;
use serde_json::json;

use super::{OWN, account, identities, parameter, path_of, signed_in, verified};
use crate::auth::access_token_is_checked::part;
use crate::auth::cookies::SITE;
use crate::auth::cookies::browser::Browser;

/// The first sign-in creates an account, and later ones find it by issuer and subject, whatever the address has become.
#[tokio::test]
async fn an_identity_is_issuer_and_subject() {
    let service = IdentityService::start(&["acme", "work"], &[]);
    let host = service.host(&[OWN[0], SETUP]);
    let root = host.administrator().await;
    service.person("acme", verified("1", "Ada@Example.com"));
    let first = signed_in(&host, &service, "acme").await;
    let claims = part(&first.access_token, 1);
    assert_eq!(claims["amr"], json!(["fed"]));
    let ada = account(&host, &first).await;
    for (field, value) in [
        ("email", json!("Ada@Example.com")),
        ("display_name", json!("Ada Lovelace")),
        ("has_password", json!(false)),
    ] {
        assert_eq!(ada[field], value, "{field}: {ada}");
    }
    let id = claims["sub"].as_str().unwrap();
    let audit = format!("/audit?kind=account.registered&target={id}");
    let logged = host
        .wait_until(&audit, root.token(), |answer| {
            answer.body["events"][0]["details"]["provider"] == "acme"
        })
        .await;
    assert_eq!(logged.body["events"].as_array().unwrap().len(), 1);

    let changes = [
        verified("1", "other@example.com"),
        json!({"sub": "1"}),
        json!({"sub": "1", "email": "root@example.com", "email_verified": true}),
    ];
    for person in changes {
        service.person("acme", person.clone());
        let again = signed_in(&host, &service, "acme").await;
        assert_eq!(part(&again.access_token, 1)["sub"], id, "{person}");
        // The account keeps its address.
        let now = account(&host, &again).await;
        assert_eq!(now["email"], "Ada@Example.com");
        assert_eq!(identities(&host, &again.access_token).await.len(), 1);
    }
    // Another subject at the same issuer and the same subject at another issuer are other people.
    for (provider, sub) in [("acme", "2"), ("acme", "11"), ("work", "1")] {
        service.person(
            provider,
            verified(sub, &format!("{provider}{}@example.com", sub.len())),
        );
        let other = signed_in(&host, &service, provider).await;
        assert_ne!(part(&other.access_token, 1)["sub"], id, "{provider} {sub}");
    }
}

/// New accounts get the roles of the settings, and those of a verified address only if the provider's word counts.
#[tokio::test]
async fn a_new_account_gets_the_roles_of_the_settings() {
    for (policy, is_verified) in [("all", true), ("trusted", false)] {
        let service = IdentityService::start(&["acme"], &[]);
        let settings = [
            OWN[0],
            SETUP,
            ("OAUTH_ROLES", "user,premium"),
            ("LINK_BY_VERIFIED_EMAIL", policy),
        ];
        let host = service.host(&settings);
        let root = host.administrator().await;
        service.person("acme", verified("1", "ada@example.com"));
        let tokens = signed_in(&host, &service, "acme").await;
        let id = part(&tokens.access_token, 1)["sub"].clone();
        let record = host.record(&root, id.as_str().unwrap()).await;
        assert_eq!(record["email_verified"], is_verified, "{policy} {record}");
        let roles = if is_verified {
            json!(["premium", "user", "verified"])
        } else {
            json!(["premium", "user"])
        };
        assert_eq!(record["roles"], roles, "{policy}");
        // An address without the claim counts as not verified.
        service.person("acme", json!({"sub": "2", "email": "ben@example.com"}));
        let tokens = signed_in(&host, &service, "acme").await;
        assert_eq!(account(&host, &tokens).await["email_verified"], false);
    }
}

/// The session comes as the request for it says, and neither it nor its tokens are in an address.
#[tokio::test]
async fn the_session_has_the_transport_of_the_exchange() {
    let service = IdentityService::start(&["acme"], &[]);
    let host = service.host(&OWN);
    service.person("acme", verified("1", "ada@example.com"));
    for (transport, cookies) in [
        ("jwt", &[][..]),
        ("session", &[]),
        ("cookie", &["__Host-session"]),
        (
            "jwt_cookie",
            &["__Host-access", "__Secure-refresh", "__Host-sid"],
        ),
    ] {
        let mut browser = Browser::default();
        let page = browser.go_through(&host, &service, &path_of("acme")).await;
        let code = parameter(&page, "code").unwrap();
        assert_eq!(page, format!("{}/login?code={code}", SITE.1));
        assert_eq!(browser.names().len(), 1, "{transport}");
        let body = json!({"code": code, "transport": transport});
        let answer = browser
            .send(&host, Method::POST, "/auth/oauth/exchange", Some(body))
            .await;
        answer.assert_ok();
        // The cookie of the flow is gone.
        assert_eq!(browser.names(), cookies, "{transport}");
        let has_token = answer.body.get("access_token").is_some();
        assert_eq!(has_token, cookies.is_empty(), "{transport} {answer:?}");
        if !cookies.is_empty() {
            browser.me(&host).await.assert_ok();
        }
    }
}
