//! First sign-ins that lack something.

use gatewright_tests::MailService;
use gatewright_tests::host::{Answer, Host, PASSWORD, Tokens};
use gatewright_tests::identity::IdentityService;
use reqwest::Method;
use serde_json::{Value, json};

use super::{OWN, VERIFIER, account, bound_path, identities, signed_in, verified};
use crate::auth::cookies::browser::Browser;

const FIELDS: &str = r#"[{"name": "city", "required": true}]"#;

async fn begun(host: &Host, service: &IdentityService) -> Answer {
    let answer = Browser::default().sign_in(host, service, "acme").await;
    answer.assert_ok();
    assert_eq!(answer.body["completion_required"], true, "{answer:?}");
    assert!(answer.body.get("access_token").is_none());
    assert_eq!(answer.body["expires_in"], 1800);
    answer
}

async fn complete(host: &Host, begun: &Answer, mut body: Value) -> Answer {
    body["completion_token"] = begun.body["completion_token"].clone();
    host.post("/auth/oauth/complete", body).await
}

/// A missing address and a required profile field are asked for, and the account exists only after the answer.
#[tokio::test]
async fn what_is_missing_is_asked_for() {
    let service = IdentityService::start(&["acme"], &[]);
    let host = service.host(&[OWN[0], ("PROFILE_FIELDS", FIELDS)]);
    host.register_with(json!({"email": "taken@example.com", "profile": {"city": "Rom"}}))
        .await;
    service.person(
        "acme",
        json!({"sub": "1", "name": "Ada", "preferred_username": "ada"}),
    );
    let asked = begun(&host, &service).await;
    assert_eq!(asked.body["missing"], json!(["email", "profile.city"]));
    let suggested = &asked.body["suggested"];
    assert_eq!(suggested["display_name"], "Ada");
    assert_eq!(suggested["username"], "ada");
    // Wrong answers use up nothing.
    for (body, rule) in [
        (json!({}), "email required"),
        (
            json!({"email": "no address", "profile": {"city": "Rom"}}),
            "email ",
        ),
        (json!({"email": "ada@example.com"}), "profile.city required"),
        (
            json!({"email": "ada@example.com", "profile": {"city": "Rom", "x": 1}}),
            "profile.x ",
        ),
    ] {
        let answer = complete(&host, &asked, body).await;
        answer.assert_error(422, "validation_failed");
        assert!(answer.broken_rules()[0].starts_with(rule), "{answer:?}");
    }
    let taken = json!({"email": "taken@example.com", "profile": {"city": "Rom"}});
    complete(&host, &asked, taken)
        .await
        .assert_error(409, "account_exists");
    let right = json!({
        "email": "ada@example.com",
        "username": "ada.l",
        "display_name": "Ada L.",
        "profile": {"city": "London"},
    });
    let done = complete(&host, &asked, right.clone()).await;
    done.assert_ok();
    let tokens = Tokens::of(&done.body);
    let seen = account(&host, &tokens).await;
    for (field, value) in [
        ("email", json!("ada@example.com")),
        // A typed address is not proved by the provider.
        ("email_verified", json!(false)),
        ("username", json!("ada.l")),
        ("display_name", json!("Ada L.")),
        ("profile", json!({"city": "London"})),
    ] {
        assert_eq!(seen[field], value, "{field}: {seen}");
    }
    assert_eq!(identities(&host, &tokens.access_token).await.len(), 1);
    // The token is used up, and the identity is known.
    complete(&host, &asked, right)
        .await
        .assert_error(400, "oauth_code_invalid");
    let again = signed_in(&host, &service, "acme").await;
    assert_eq!(account(&host, &again).await["id"], seen["id"]);
    // An address that the provider has verified is not asked for again, and none is replaced by another.
    service.person("acme", verified("2", "ben@example.com"));
    let asked = begun(&host, &service).await;
    assert_eq!(asked.body["missing"], json!(["profile.city"]));
    let done = complete(&host, &asked, json!({"profile": {"city": "Rom"}})).await;
    let ben = account(&host, &Tokens::of(&done.body)).await;
    assert_eq!(ben["email"], "ben@example.com");
}

/// A form can know the types of the fields.
#[tokio::test]
async fn missing_fields_have_types() {
    let fields = r#"[{"name": "age", "type": "integer", "required": true},
        {"name": "news", "type": "boolean", "required": true},
        {"name": "size", "type": "number"}, {"name": "city", "required": true}]"#;
    let service = IdentityService::start(&["acme"], &[]);
    let host = service.host(&[OWN[0], ("PROFILE_FIELDS", fields)]);
    service.person("acme", json!({"sub": "1"}));
    let asked = begun(&host, &service).await;
    let types =
        json!({"profile.age": "integer", "profile.news": "boolean", "profile.city": "string"});
    assert_eq!(asked.body["types"], types);
    let profile = json!({"age": 36, "news": false, "city": "Rom"});
    let body = json!({"email": "ada@example.com", "profile": profile});
    let done = complete(&host, &asked, body).await;
    done.assert_ok();
    let seen = account(&host, &Tokens::of(&done.body)).await;
    assert_eq!(seen["profile"], profile);
}

/// A person completes a sign-in within half an hour, and two answers at once make one account.
#[tokio::test]
async fn a_completion_is_made_once_and_in_time() {
    let service = IdentityService::start(&["acme"], &[]);
    let host = service.host(&OWN);
    service.person("acme", json!({"sub": "1"}));
    let asked = begun(&host, &service).await;
    let bodies = ["ada@example.com", "other@example.com"].map(|email| json!({"email": email}));
    let [first, second] = bodies;
    let both = futures::join!(
        complete(&host, &asked, first),
        complete(&host, &asked, second)
    );
    let made = [&both.0, &both.1];
    let made: Vec<_> = made.into_iter().filter(|one| one.status == 200).collect();
    assert!(!made.is_empty(), "{both:?}");
    let mut ids = Vec::new();
    for one in made {
        let tokens = Tokens::of(&one.body);
        ids.push(account(&host, &tokens).await["id"].to_string());
    }
    let again = signed_in(&host, &service, "acme").await;
    ids.push(account(&host, &again).await["id"].to_string());
    ids.dedup();
    assert_eq!(ids.len(), 1, "{ids:?}");

    service.person("acme", json!({"sub": "2"}));
    let asked = begun(&host, &service).await;
    let host = host.restart_later(1801);
    complete(&host, &asked, json!({"email": "late@example.com"}))
        .await
        .assert_error(400, "oauth_code_invalid");
}

/// Where addresses must be verified before a sign-in, a typed or unverified one gets a link first.
#[tokio::test]
async fn an_address_is_verified_first_where_that_is_required() {
    let mail = MailService::start();
    let service = IdentityService::start(&["acme"], &[]);
    let settings = [
        OWN[0],
        ("REQUIRE_EMAIL_VERIFICATION", "true"),
        ("LINK_BY_VERIFIED_EMAIL", "all"),
    ];
    let host = service.host_with_mail(&mail, &settings);
    service.person("acme", json!({"sub": "1"}));
    let asked = begun(&host, &service).await;
    let answer = complete(&host, &asked, json!({"email": "ada@example.com"})).await;
    assert_eq!(answer.status, 202, "{answer:?}");
    assert_eq!(answer.body, json!({"verification_required": true}));
    // A sign-in before it is verified gets no session either, and can correct the address.
    let early = begun(&host, &service).await;
    assert_eq!(early.body["missing"], json!(["email"]));
    let token = mail.link("verify_email", "ada@example.com");
    let path = format!("/auth/verify/{token}");
    // The link alone proves only the mailbox, and the person has no password: the provider proves them.
    let alone = host.post(&path, json!({})).await;
    assert!(alone.status.is_client_error(), "{alone:?}");
    let mut browser = Browser::default();
    let proof = bound_path("acme", "verify");
    let code = browser.code(&host, &service, &proof).await;
    let body = json!({"oauth_code": code, "code_verifier": VERIFIER});
    let done = browser.send(&host, Method::POST, &path, Some(body)).await;
    done.assert_ok();
    let tokens = signed_in(&host, &service, "acme").await;
    assert_eq!(account(&host, &tokens).await["email_verified"], true);
    // One that the provider has verified needs no link.
    service.person("acme", verified("2", "ben@example.com"));
    let ben = signed_in(&host, &service, "acme").await;
    assert_eq!(account(&host, &ben).await["email_verified"], true);
    let wrong = json!({"email": "ben@example.com", "password": PASSWORD});
    assert_eq!(host.post("/auth/login", wrong).await.status, 401);
}
