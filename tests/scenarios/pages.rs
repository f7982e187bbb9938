use std::process::Command;

use gatewright_tests::MailService;
use gatewright_tests::host::Host;
use gatewright_tests::identity::IdentityService;
use serde_json::json;

use crate::auth::oauth::{OWN, link, signed_in};

/// Pages are served at their paths; nothing in them is inline, framed or loaded from elsewhere.
#[tokio::test]
async fn pages_are_served_under_a_strict_policy() {
    let host = Host::start(&[]);
    for path in ["/", "/register", "/login", "/account/settings"] {
        let page = host.get(path).await;
        assert_eq!(page.status, 200);
        assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
        let policy = page.header("content-security-policy");
        assert!(
            policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"),
            "{policy}"
        );
        assert!(!policy.contains("unsafe"));
        assert!(
            page.text.contains("<script src=\"/assets/pages.js\"") && !page.text.contains("style=")
        );
        // V6.2.6, V6.2.7: password fields hide their content, and allow password managers and pasting.
        for input in page
            .text
            .split("<input")
            .skip(1)
            .filter(|input| input.contains("name=\"password\""))
        {
            assert!(input.contains("type=\"password\"") && input.contains("autocomplete="));
        }
    }
    for (path, content_type) in [
        ("/assets/pages.js", "text/javascript"),
        ("/assets/pages.css", "text/css"),
        ("/assets/providers/google.svg", "image/svg+xml"),
    ] {
        assert!(
            host.get(path)
                .await
                .header("content-type")
                .starts_with(content_type)
        );
    }
}

/// In Chromium: from the button on the sign-in page to the account, at the first sign-in and at the next.
#[tokio::test]
async fn the_button_of_a_provider_signs_in() {
    let identity = IdentityService::start(&["acme"], &[]);
    identity.person("acme", json!({"sub": "ada", "email": "ada@example.com"}));
    let host = identity.host(&[SITE, INSECURE, ("OIDC_ACME_LABEL", "Acme")]);
    run_in_chromium("provider-button.mjs", &host);
}

/// In Chromium: the provider's page posts the code across sites, so no cookie comes along, and yet the same person signs in.
#[tokio::test]
async fn a_code_that_is_posted_across_sites_signs_in() {
    let identity = IdentityService::start(&["acme"], &[]);
    identity.person("acme", json!({"sub": "ada", "email": "ada@example.com"}));
    let posts = ("OIDC_ACME_RESPONSE_MODE", "form_post");
    let host = identity.host(&[SITE, INSECURE, ("OIDC_ACME_LABEL", "Acme"), posts]);
    run_in_chromium("provider-button.mjs", &host);
    for request in identity.requests("acme", "authorize") {
        assert_eq!(request.parameters["response_mode"], "form_post");
    }
}

/// In Chromium: ten minutes after the sign-in, a user without a password signs in again to link and to unlink, because a
/// provider of plain OAuth 2.0 can't confirm that it has asked for a sign-in, and another one fails to.
#[tokio::test]
async fn a_user_of_plain_oauth_signs_in_again_to_change_the_account() {
    let identity = IdentityService::start(&["acme"], &["hub", "den"]);
    identity.person("acme", json!({"sub": "ada", "email": "ada@example.com"}));
    identity.script("acme", |script| script.claim("auth_time", json!(null)));
    for (provider, email) in [("hub", "ada@example.com"), ("den", "ada@example.net")] {
        identity.person(provider, json!({"id": "ada", "contact": {"email": email}}));
    }
    let labels = [
        ("OIDC_ACME_LABEL", "Acme"),
        ("OIDC_HUB_LABEL", "Hub"),
        ("OIDC_DEN_LABEL", "Den"),
    ];
    let names = [("JWT_ISSUER", SITE.1), ("JWT_AUDIENCE", SITE.1)];
    let host = identity.host(&[&OWN[..], &names, &labels].concat());
    let tokens = signed_in(&host, &identity, "hub").await;
    let linked = link(&host, &identity, "acme", &tokens.access_token).await;
    assert_eq!(linked.status, 201, "{linked:?}");
    let other = signed_in(&host, &identity, "hub").await;
    // The browser has no https.
    let host = host.restart(&[SITE, INSECURE]).restart_later(601);
    let sessions = [tokens, other]
        .map(|tokens| json!({"access_token": tokens.access_token, "refresh_token": tokens.refresh_token}));
    let sessions = json!(sessions).to_string();
    run_with(
        "provider-again.mjs",
        &host,
        &[("GATEWRIGHT_SESSIONS", &sessions)],
    );
}

/// In Chromium: the account page links a second provider, and only after the user has chosen to.
#[tokio::test]
async fn the_account_page_links_a_provider() {
    let identity = IdentityService::start(&["acme", "work"], &[]);
    for (provider, email) in [("acme", "ada@example.com"), ("work", "ada@example.net")] {
        identity.person(provider, json!({"sub": "ada", "email": email}));
    }
    let labels = [("OIDC_ACME_LABEL", "Acme"), ("OIDC_WORK_LABEL", "Work")];
    let host = identity.host(&[SITE, INSECURE, labels[0], labels[1]]);
    run_in_chromium("provider-link.mjs", &host);
}

/// In Chromium: a first sign-in with cookies at once stops at the page for what is missing, and goes on from there.
#[tokio::test]
async fn a_first_sign_in_is_completed_on_the_page() {
    let identity = IdentityService::start(&["acme"], &[]);
    identity.person("acme", json!({"sub": "ada", "email": "ada@example.com"}));
    let fields = r#"[{"name": "age", "type": "integer", "required": true},
        {"name": "news", "type": "boolean", "required": true}]"#;
    let host = identity.host(&[SITE, INSECURE, ("PROFILE_FIELDS", fields)]);
    run_in_chromium("provider-steps.mjs", &host);
}

/// In Chromium: the page of a mailed link verifies the address by a provider of plain OAuth 2.0, which then signs in.
#[tokio::test]
async fn the_page_of_a_link_verifies_by_a_provider() {
    let mail = MailService::start();
    let identity = IdentityService::start(&[], &["hub"]);
    identity.person(
        "hub",
        json!({"id": 1, "contact": {"email": "ada@example.com"}}),
    );
    let host = identity.host_with_mail(
        &mail,
        &[
            SITE,
            INSECURE,
            ("OIDC_HUB_LABEL", "Hub"),
            ("REQUIRE_EMAIL_VERIFICATION", "true"),
        ],
    );
    run_in_chromium("provider-verify.mjs", &host);
    let token = mail.link("verify_email", "ada@example.com");
    run_with("provider-verify.mjs", &host, &[("GATEWRIGHT_LINK", &token)]);
}

const SITE: (&str, &str) = ("PUBLIC_BASE_URL", "http://auth.example.com");
const INSECURE: (&str, &str) = ("COOKIE_SECURE", "false");

fn run_in_chromium(script: &str, host: &Host) {
    run_with(script, host, &[]);
}

/// Runs a script with further variables.
fn run_with(script: &str, host: &Host, variables: &[(&str, &str)]) {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/javascript");
    let run = Command::new("node")
        .arg(format!("{folder}/{script}"))
        .env("GATEWRIGHT_BASE", host.base())
        .env("GATEWRIGHT_SITE", SITE.1)
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success(), "{said}\n{}", host.log());
}
