use std::process::Command;

use gatewright_tests::MailService;
use gatewright_tests::host::Host;
use gatewright_tests::identity::IdentityService;
use serde_json::json;

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
    run_in_chromium_with("provider-verify.mjs", &host, &[("GATEWRIGHT_LINK", &token)]);
}

const SITE: (&str, &str) = ("PUBLIC_BASE_URL", "http://auth.example.com");
const INSECURE: (&str, &str) = ("COOKIE_SECURE", "false");

fn run_in_chromium(script: &str, host: &Host) {
    run_in_chromium_with(script, host, &[]);
}

fn run_in_chromium_with(script: &str, host: &Host, further: &[(&str, &str)]) {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/javascript");
    let run = Command::new("node")
        .arg(format!("{folder}/{script}"))
        .env("GATEWRIGHT_BASE", host.base())
        .env("GATEWRIGHT_SITE", SITE.1)
        .envs(further.iter().copied())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success(), "{said}\n{}", host.log());
}
