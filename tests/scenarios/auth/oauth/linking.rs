//! Identities that join an account with the same address.

use gatewright_tests::MailService;
use gatewright_tests::host::{Host, PASSWORD, Person, SETUP, Tokens};
use gatewright_tests::identity::{CLIENT_SECRET, IdentityService};
use serde_json::json;

use super::{OWN, identities, signed_in, verified};
use crate::auth::access_token_is_checked::part;
use crate::auth::cookies::browser::Browser;

/// Creates a user with a verified address.
async fn ada(host: &Host) -> Person {
    let root = host.administrator().await;
    host.person(&root, "ada", &["user"]).await
}

/// Providers link an account by a verified address as the policy says.
#[tokio::test]
async fn the_policy_says_whose_addresses_link() {
    for (policy, provider, links) in [
        ("all", "acme", true),
        ("trusted", "acme", false),
        ("off", "acme", false),
        ("all", "gitlab", true),
        // At a server of one's own: its administrators can set any address.
        ("trusted", "gitlab", false),
    ] {
        let service = IdentityService::start(&["acme"], &[]);
        let url = service.issuer("lab");
        let host = service.host(&[
            OWN[0],
            SETUP,
            ("LINK_BY_VERIFIED_EMAIL", policy),
            ("GITLAB_CLIENT_ID", "app"),
            ("GITLAB_CLIENT_SECRET", CLIENT_SECRET),
            ("GITLAB_URL", &url),
            ("GITLAB_ORIGIN", &service.origin()),
        ]);
        let ada = ada(&host).await;
        let script = if provider == "gitlab" {
            "lab"
        } else {
            provider
        };
        service.person(script, verified("1", "ADA@example.com"));
        let answer = Browser::default().sign_in(&host, &service, provider).await;
        if links {
            answer.assert_ok();
            let tokens = Tokens::of(&answer.body);
            assert_eq!(part(&tokens.access_token, 1)["sub"], ada.id, "{policy}");
            assert_eq!(identities(&host, ada.token()).await.len(), 1);
            // The password still works.
            host.login(&ada.email).await;
        } else {
            answer.assert_error(409, "account_exists");
            assert_eq!(identities(&host, ada.token()).await.len(), 0);
        }
    }
}

/// An address that the provider has not verified links nothing, and neither does a word that isn't true.
#[tokio::test]
async fn an_unverified_address_links_nothing() {
    let mail = MailService::start();
    let service = IdentityService::start(&["acme"], &[]);
    let settings = [OWN[0], SETUP, ("LINK_BY_VERIFIED_EMAIL", "all")];
    let host = service.host_with_mail(&mail, &settings);
    let ada = ada(&host).await;
    for (at, word) in [
        json!(false),
        json!(null),
        json!("yes"),
        json!("false"),
        json!(0),
    ]
    .into_iter()
    .enumerate()
    {
        let mut person = verified(&at.to_string(), "ada@example.com");
        person["email_verified"] = word.clone();
        service.person("acme", person);
        let answer = Browser::default().sign_in(&host, &service, "acme").await;
        assert_ne!(answer.status, 200, "{word}: {answer:?}");
        assert_eq!(identities(&host, ada.token()).await.len(), 0, "{word}");
    }
    // Nor does one that only looks the same.
    for email in [
        "ada@example.com.",
        "ada@example.com\u{0}",
        "аda@example.com",
        "ada+x@example.com",
    ] {
        service.person("acme", verified("9", email));
        Browser::default().sign_in(&host, &service, "acme").await;
        assert_eq!(identities(&host, ada.token()).await.len(), 0, "{email}");
    }
    // A mail reports a linked identity.
    service.person("acme", verified("1", "ada@example.com"));
    signed_in(&host, &service, "acme").await;
    loop {
        let message = mail.next().message;
        if message["kind"] == "identity_linked" {
            assert_eq!(message["to"], "ada@example.com");
            break;
        }
    }
}

/// Where nobody can learn which addresses have accounts, a person with an unverified address learns it no more.
#[tokio::test]
async fn an_unverified_address_reveals_no_account() {
    let mail = MailService::start();
    let service = IdentityService::start(&["acme"], &[]);
    let settings = [OWN[0], SETUP, ("REQUIRE_EMAIL_VERIFICATION", "true")];
    let host = service.host_with_mail(&mail, &settings);
    ada(&host).await;
    let answer = async |sub: &str, email: &str| {
        let person = json!({"sub": sub, "email": email, "email_verified": false});
        service.person("acme", person);
        Browser::default().sign_in(&host, &service, "acme").await
    };
    let taken = answer("1", "ada@example.com").await;
    let free = answer("2", "ben@example.com").await;
    assert_eq!(taken.status, free.status, "{taken:?} {free:?}");
    assert_eq!(taken.body, free.body);
    assert_eq!(free.status, 202, "{free:?}");
    assert_eq!(free.body["verification_required"], true);
    let kinds = mail.next_two().map(|message| message["kind"].clone());
    assert_eq!(kinds, [json!("account_exists"), json!("verify_email")]);
    host.login("ada@example.com").await;
    let wrong = json!({"email": "ben@example.com", "password": PASSWORD});
    assert_eq!(host.post("/auth/login", wrong).await.status, 401);
}
