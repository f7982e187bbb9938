use gatewright_tests::host::{Answer, Host, PASSWORD, Tokens};
use reqwest::Method;
use serde_json::json;

const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

/// Signs in as this device, with this transport.
async fn login(host: &Host, user_agent: &str, transport: &str) -> Answer {
    let body = json!({"email": "ada@example.com", "password": PASSWORD, "transport": transport});
    let request = host
        .request(Method::POST, "/auth/login")
        .header("user-agent", user_agent);
    Answer::of(request.json(&body)).await
}

/// V7.5.2: sessions are listed by device name, and can be ended one by one, or all except the current one.
#[tokio::test]
async fn sessions_are_listed_and_ended() {
    let host = Host::start(&[]);
    let here = host.register("ada@example.com").await;
    let firefox = Tokens::of(&login(&host, FIREFOX, "jwt").await.body);
    let third = login(&host, "curl/8.5.0", "session").await.body["access_token"]
        .as_str()
        .unwrap()
        .to_owned();
    host.register("bob@example.com").await;
    let list = || async {
        host.get_as("/account/sessions", &here.access_token)
            .await
            .body["sessions"]
            .clone()
    };
    let sessions = list().await;
    let devices: Vec<_> = sessions
        .as_array()
        .unwrap()
        .iter()
        .map(|session| session["device"].clone())
        .collect();
    assert_eq!(devices.len(), 3, "{sessions}");
    assert!(devices.contains(&json!("Firefox on Linux")) && devices.contains(&json!("curl")));
    let current: Vec<_> = sessions
        .as_array()
        .unwrap()
        .iter()
        .filter(|session| session["current"] == true)
        .collect();
    assert_eq!(current.len(), 1);
    let me = host.get_as("/auth/me", &here.access_token).await;
    assert_eq!(current[0]["id"], me.body["session_id"]);
    assert_eq!(current[0]["ip"], "127.0.0.1");

    let of_firefox =
        host.get_as("/auth/me", &firefox.access_token).await.body["session_id"].clone();
    let path = format!("/account/sessions/{}", of_firefox.as_str().unwrap());
    let end = async |token: &str, path: &str| {
        let request = host.request(Method::DELETE, path).bearer_auth(token);
        Answer::of(request).await.status.as_u16()
    };
    // Another user's session can't be ended.
    let bob = host.login("bob@example.com").await;
    assert_eq!(end(&bob.access_token, &path).await, 404);
    assert_eq!(end(&here.access_token, &path).await, 204);
    assert_eq!(end(&here.access_token, &path).await, 404);
    assert_eq!(
        end(&here.access_token, "/account/sessions/nonsense").await,
        404
    );
    host.get_as("/auth/me", &firefox.access_token)
        .await
        .assert_error(401, "session_ended");
    host.refresh(&firefox.refresh_token)
        .await
        .assert_error(401, "invalid_refresh_token");

    assert_eq!(
        host.post_as("/account/logout-others", &here.access_token)
            .await
            .status,
        204
    );
    host.get_as("/auth/me", &third)
        .await
        .assert_error(401, "session_ended");
    assert_eq!(list().await.as_array().unwrap().len(), 1);
}

/// An opaque token contains no data, can't be refreshed, and ends like any other session.
#[tokio::test]
async fn an_opaque_token_carries_a_session() {
    let host = Host::start(&[]);
    host.register("ada@example.com").await;
    let answer = login(&host, "curl/8.5.0", "session").await;
    let token = answer.body["access_token"].as_str().unwrap();
    assert!(token.starts_with("s_") && token.len() == 88, "{token}");
    assert!(answer.body.get("refresh_token").is_none());
    host.get_as("/auth/me", token).await.assert_ok();
    let mut forged = token.to_owned();
    forged.replace_range(10..11, if &token[10..11] == "A" { "B" } else { "A" });
    for wrong in [forged.as_str(), "s_", "s_x"] {
        host.get_as("/auth/me", wrong)
            .await
            .assert_error(401, "session_ended");
    }
    host.refresh(token)
        .await
        .assert_error(401, "invalid_refresh_token");
    assert_eq!(host.post_as("/auth/logout", token).await.status, 204);
    host.get_as("/auth/me", token)
        .await
        .assert_error(401, "session_ended");
    login(&host, "curl/8.5.0", "pigeon")
        .await
        .assert_error(422, "validation_failed");
}

/// V7.3.1, V7.3.2: a session with an opaque token ends after inactivity, and after its maximum lifetime in any case.
#[tokio::test]
async fn an_opaque_session_ends_by_idleness_and_by_time() {
    const HOUR: u64 = 3600;
    let by_default = ("SESSION_TRANSPORT", "session");
    let ada = json!({"email": "ada@example.com", "password": PASSWORD});
    let mut host = Host::start(&[("SESSION_IDLE_MINUTES", "600"), by_default]);
    assert_eq!(host.post("/auth/register", ada.clone()).await.status, 201);
    let token = opaque_token(&host).await;
    let mut seen = host.last_seen_after(&token, "").await;
    for hours in [9, 18, 27] {
        host = host.restart_later(hours * HOUR);
        seen = host.last_seen_after(&token, &seen).await;
    }
    host = host.restart_later(38 * HOUR);
    host.get_as("/auth/me", &token)
        .await
        .assert_error(401, "session_ended");

    let mut host = Host::start(&[("SESSION_EXPIRE_DAYS", "1"), by_default]);
    assert_eq!(host.post("/auth/register", ada).await.status, 201);
    let token = opaque_token(&host).await;
    host = host.restart_later(23 * HOUR);
    host.get_as("/auth/me", &token).await.assert_ok();
    host = host.restart_later(24 * HOUR);
    host.get_as("/auth/me", &token)
        .await
        .assert_error(401, "session_ended");
}

async fn opaque_token(host: &Host) -> String {
    let tokens = host.login_by_default("ada@example.com").await;
    tokens["access_token"].as_str().unwrap().to_owned()
}

/// Cookies carry a browser's session, protected from scripts, other hosts, and pages of other sites.
#[tokio::test]
async fn cookies_carry_a_session_for_our_own_pages() {
    let host = Host::start(&[
        ("PUBLIC_BASE_URL", "https://auth.example.com"),
        ("CORS_ORIGINS", "https://app.example.com"),
    ]);
    host.register("ada@example.com").await;
    for (transport, names) in [
        ("cookie", vec!["__Host-session"]),
        (
            "jwt_cookie",
            vec!["__Host-access", "__Secure-refresh", "__Host-sid"],
        ),
    ] {
        let answer = login(&host, FIREFOX, transport).await;
        answer.assert_ok();
        assert!(
            answer.body.get("access_token").is_none() && answer.body.get("refresh_token").is_none()
        );
        let set: Vec<_> = answer
            .headers
            .get_all("set-cookie")
            .iter()
            .map(|line| line.to_str().unwrap().to_owned())
            // The device cookie for the next login carries no session.
            .filter(|line| !line.starts_with("__Host-device="))
            .collect();
        assert_eq!(set.len(), names.len());
        let mut pairs = Vec::new();
        for (line, name) in set.iter().zip(&names) {
            assert!(line.starts_with(&format!("{name}=")), "{line}");
            for attribute in ["HttpOnly", "Secure", "SameSite=Lax", "Max-Age="] {
                assert!(line.contains(attribute), "{line}");
            }
            let path = if name.ends_with("refresh") {
                "Path=/auth"
            } else {
                "Path=/"
            };
            assert!(line.contains(path) && !line.contains("Domain"), "{line}");
            pairs.push(line.split(';').next().unwrap().to_owned());
        }
        let cookies = pairs.join("; ");
        let send = |method: Method, path: &str, headers: &[(&str, &str)]| {
            let mut request = host.request(method, path).header("cookie", &cookies);
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            Answer::of(request)
        };
        send(Method::GET, "/auth/me", &[]).await.assert_ok();
        // Changes require a page of an allowed origin. Without the browser's headers that confirm it, they are refused.
        for headers in [
            vec![],
            vec![
                ("sec-fetch-site", "cross-site"),
                ("origin", "https://evil.example"),
            ],
            vec![
                ("sec-fetch-site", "same-site"),
                ("origin", "https://evil.example.com"),
            ],
            vec![("origin", "https://auth.example.com.evil.example")],
            vec![("origin", "null")],
        ] {
            send(Method::POST, "/account/logout-others", &headers)
                .await
                .assert_error(403, "cross_site_request");
        }
        for headers in [
            vec![("sec-fetch-site", "same-origin")],
            vec![("origin", "https://auth.example.com")],
            vec![
                ("sec-fetch-site", "same-site"),
                ("origin", "https://app.example.com"),
            ],
        ] {
            assert_eq!(
                send(Method::POST, "/account/logout-others", &headers)
                    .await
                    .status,
                204
            );
        }
        let own = [("sec-fetch-site", "same-origin")];
        if transport == "jwt_cookie" {
            send(Method::POST, "/auth/refresh", &[])
                .await
                .assert_error(403, "cross_site_request");
            let refreshed = send(Method::POST, "/auth/refresh", &own).await;
            refreshed.assert_ok();
            assert_eq!(refreshed.headers.get_all("set-cookie").iter().count(), 3);
        }
        let out = send(Method::POST, "/auth/logout", &own).await;
        assert_eq!(out.status, 204);
        let cleared: Vec<_> = out
            .headers
            .get_all("set-cookie")
            .iter()
            .map(|line| line.to_str().unwrap())
            .collect();
        for name in &names {
            let is_cleared = |line: &&str| line.starts_with(&format!("{name}=;"));
            assert!(cleared.iter().any(is_cleared), "{name} {cleared:?}");
        }
        assert!(
            cleared.iter().all(|line| line.contains("Max-Age=0")),
            "{cleared:?}"
        );
        send(Method::GET, "/auth/me", &[])
            .await
            .assert_error(401, "session_ended");
    }
}

/// Without HTTPS, and for subdomains, cookies have other names.
#[tokio::test]
async fn cookies_are_named_by_what_they_may_do() {
    const SITE: (&str, &str) = ("PUBLIC_BASE_URL", "https://auth.example.com");
    for (settings, name, has) in [
        (
            [SITE, ("COOKIE_SECURE", "false"), ("COOKIE_DOMAIN", "")],
            "session=",
            "Path=/",
        ),
        (
            [
                SITE,
                ("COOKIE_SECURE", "true"),
                ("COOKIE_DOMAIN", "example.com"),
            ],
            "__Secure-session=",
            "Domain=example.com",
        ),
    ] {
        let host = Host::start(&settings);
        host.register("ada@example.com").await;
        let answer = login(&host, FIREFOX, "cookie").await;
        let line = answer.header("set-cookie");
        assert!(line.starts_with(name) && line.contains(has), "{line}");
    }
}
