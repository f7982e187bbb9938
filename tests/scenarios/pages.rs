use gatewright_tests::host::Host;

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
    ] {
        assert!(
            host.get(path)
                .await
                .header("content-type")
                .starts_with(content_type)
        );
    }
}
