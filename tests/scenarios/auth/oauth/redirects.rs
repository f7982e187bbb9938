//! Pages that a flow may end at.

use form_urlencoded::Serializer;
use gatewright_tests::identity::{IdentityService, challenge};

use super::{OWN, verified};
use crate::auth::cookies::browser::Browser;

fn path(redirect_to: &str, has_challenge: bool) -> String {
    let mut query = Serializer::new(String::new());
    query.append_pair("redirect_to", redirect_to);
    if has_challenge {
        query.append_pair("code_challenge", &challenge(&"v".repeat(43)));
        query.append_pair("code_challenge_method", "S256");
    }
    format!("/auth/oauth/acme?{}", query.finish())
}

/// A flow ends at pages of allowed origins, and at the exact addresses of apps that are set, and nowhere else.
#[tokio::test]
async fn a_flow_ends_at_allowed_addresses_alone() {
    let service = IdentityService::start(&["acme"], &[]);
    let host = service.host(&[
        OWN[0],
        ("FRONTEND_URL", "https://www.example.com/app"),
        ("CORS_ORIGINS", "https://app.example.com"),
        (
            "OAUTH_REDIRECT_URIS",
            "com.example.app:/callback,http://127.0.0.1:49152/done",
        ),
    ]);
    service.person("acme", verified("1", "ada@example.com"));
    for (given, has_challenge, leads_to) in [
        (
            "/welcome",
            false,
            "https://www.example.com/app/welcome?code=",
        ),
        ("/", false, "https://www.example.com/app/?code="),
        (
            "/a?b=c&d=%26",
            false,
            "https://www.example.com/app/a?b=c&d=%26&code=",
        ),
        (
            "https://auth.example.com/x",
            false,
            "https://auth.example.com/x?code=",
        ),
        (
            "https://app.example.com",
            false,
            "https://app.example.com?code=",
        ),
        (
            "https://app.example.com/a/b",
            false,
            "https://app.example.com/a/b?code=",
        ),
        (
            "https://www.example.com/other",
            false,
            "https://www.example.com/other?code=",
        ),
        (
            "com.example.app:/callback",
            true,
            "com.example.app:/callback?code=",
        ),
        (
            "http://127.0.0.1:49152/done",
            true,
            "http://127.0.0.1:49152/done?code=",
        ),
    ] {
        let mut browser = Browser::default();
        let page = browser
            .go_through(&host, &service, &path(given, has_challenge))
            .await;
        let rest = page.strip_prefix(leads_to);
        let code = rest.unwrap_or_else(|| panic!("{given}: {page}"));
        assert_eq!(code.len(), 43, "{given}: {page}");
    }
    let long = format!("/{}", "a".repeat(1024));
    for (given, has_challenge) in [
        ("https://evil.example", false),
        ("https://evil.example/", true),
        ("http://app.example.com/", false),
        ("https://app.example.com:8443/", false),
        ("https://app.example.com.evil.example/", false),
        ("https://app.example.com@evil.example/", false),
        ("https://ada@app.example.com/", false),
        ("https://evil.example\\@app.example.com/", false),
        ("https:app.example.com", false),
        ("https:///app.example.com/", false),
        ("//evil.example/", false),
        ("///evil.example/", false),
        ("/\\evil.example/", false),
        ("\\/evil.example/", false),
        ("/\t/evil.example/", false),
        ("/a\r\nset-cookie: a=b", false),
        (" /a", false),
        ("/a#fragment", false),
        ("https://app.example.com/#a", false),
        ("https://app.example.com/a b", false),
        ("welcome", false),
        ("javascript:alert(1)", true),
        ("data:text/html,a", true),
        ("com.example.app:/callback/", true),
        ("com.example.app:/callback?a=b", true),
        ("com.example.app://callback", true),
        ("COM.example.app:/callback", true),
        ("com.example.other:/callback", true),
        ("http://127.0.0.1:49153/done", true),
        (long.as_str(), false),
    ] {
        let answer = host.get(&path(given, has_challenge)).await;
        answer.assert_error(422, "validation_failed");
        let rules = answer.broken_rules();
        assert!(rules[0].starts_with("redirect_to "), "{given}: {rules:?}");
        assert!(answer.headers.get("set-cookie").is_none(), "{given}");
    }
    // Another app can have the same address, so that a code alone is worth nothing there.
    let answer = host.get(&path("com.example.app:/callback", false)).await;
    answer.assert_error(422, "validation_failed");
    assert_eq!(answer.broken_rules(), ["code_challenge required"]);
    // Given twice, it isn't clear which one is meant.
    let twice = format!("{}&redirect_to=/b", path("/a", false));
    let answer = host.get(&twice).await;
    assert_eq!(answer.status, 422, "{answer:?}");
}
