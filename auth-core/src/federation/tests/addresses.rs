//! The addresses that a flow returns to.

use crate::federation::redirect::{return_address, with_parameter};
use crate::stand_in::config;

/// Codes are sent to no stranger.
#[test]
fn a_flow_returns_to_known_addresses() {
    let settings = [
        ("PUBLIC_BASE_URL", "https://example.com/auth"),
        ("FRONTEND_URL", "https://app.example.com/shop"),
        ("CORS_ORIGINS", "https://admin.example.com:8443"),
        ("OAUTH_REDIRECT_URIS", "com.example.app:/callback"),
    ];
    let config = config(&settings);
    let address =
        |given| return_address(&config, given, false).map(|address| (address.url, address.is_app));
    let page = |url: &str| Some((url.to_owned(), false));
    assert_eq!(address(None), page("https://example.com/auth/login"));
    // The sign-in page would ask someone to sign in who is signed in.
    let at_once = return_address(&config, None, true).unwrap();
    assert_eq!(at_once.url, "https://example.com/auth/account/settings");
    for (given, url) in [
        ("/", "https://app.example.com/shop/"),
        ("/cart?id=1", "https://app.example.com/shop/cart?id=1"),
        ("https://example.com", "https://example.com"),
        ("https://example.com/x", "https://example.com/x"),
        ("https://example.com?x", "https://example.com?x"),
        ("https://app.example.com/x", "https://app.example.com/x"),
        (
            "https://admin.example.com:8443/x",
            "https://admin.example.com:8443/x",
        ),
    ] {
        assert_eq!(address(Some(given)), page(url), "{given}");
    }
    let app = "com.example.app:/callback";
    assert_eq!(address(Some(app)), Some((app.to_owned(), true)));
    let longest = format!("/{}", "a".repeat(1023));
    assert!(address(Some(&longest)).is_some());
    let long = format!("{longest}a");
    for given in [
        "",
        "x",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        " /",
        "https://evil.example",
        "https://example.com.evil.example/",
        "https://example.com@evil.example/",
        "https://example.com:8443/",
        "https://example.com\\@evil.example/",
        "http://example.com/",
        "HTTPS://example.com/",
        "https://admin.example.com/",
        "https://example.com/#x",
        "/#x",
        "/x\r\nlocation: https://evil.example",
        "javascript:alert(1)",
        "com.example.app:/callback/x",
        "com.example.app:/callback?x",
        "com.example.App:/callback",
        "/\u{e4}",
        &long,
    ] {
        assert_eq!(address(Some(given)), None, "{given:?}");
    }
}

#[test]
fn the_result_is_a_parameter_of_the_query() {
    for (url, with) in [
        ("https://a.example", "https://a.example?code=x%26y"),
        (
            "https://a.example/?b=1",
            "https://a.example/?b=1&code=x%26y",
        ),
        ("com.example.app:/cb", "com.example.app:/cb?code=x%26y"),
    ] {
        assert_eq!(with_parameter(url, "code", "x&y"), with);
    }
}
