//! `PUBLIC_BASE_URL` with a path, for example behind a proxy that serves other services on the same host.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use gatewright_tests::MailService;
use gatewright_tests::host::{Answer, Host, PASSWORD, Tokens};
use reqwest::Method;
use serde_json::{Value, json};

const BASE: &str = "https://example.com/id";

/// Returns the names and attributes of the cookies in a response.
fn cookies(answer: &Answer) -> Vec<(String, String)> {
    let lines = answer.headers.get_all("set-cookie").iter();
    let lines = lines.map(|line| line.to_str().unwrap().split_once('=').unwrap());
    lines
        .map(|(name, rest)| (name.to_owned(), rest.to_owned()))
        .collect()
}

/// Every route of the service is below the path, and none outside it.
#[tokio::test]
async fn routes_documents_and_pages_are_below_the_path() {
    let host = Host::start(&[("PUBLIC_BASE_URL", BASE)]);
    for path in [
        "/",
        "/healthz",
        "/auth/me",
        "/login",
        "/idle",
        "/identity/healthz",
    ] {
        host.get(path).await.assert_error(404, "not_found");
    }
    for path in ["/id/healthz", "/id/readyz", "/id/.well-known/jwks.json"] {
        host.get(path).await.assert_ok();
    }
    for path in ["/id", "/id/", "/id/login", "/id/account/settings"] {
        let page = host.get(path).await;
        assert_eq!(page.status, 200, "{page:?}");
        let mut places = page.text.split("=\"/").skip(1).peekable();
        assert!(places.peek().is_some(), "{path}");
        for place in places {
            let place = place.split('"').next().unwrap();
            assert_eq!(host.get(&format!("/{place}")).await.status, 200, "{place}");
        }
    }
    let document = host.get("/id/openapi.json").await.body;
    assert_eq!(document["servers"], json!([{"url": "/id"}]));
    let schemes = &document["components"]["securitySchemes"];
    let token_url = &schemes["password"]["flows"]["password"]["tokenUrl"];
    assert_eq!(token_url, "/id/auth/token");
    // The host itself knows the routes there too: this one has its own form of errors.
    let long = host.request(Method::POST, "/id/auth/token");
    let long = Answer::of(long.body("x".repeat(70_000))).await;
    assert_eq!(
        (long.status.as_u16(), &long.body["error"]),
        (413, &json!("invalid_request"))
    );
    let other = host.request(Method::DELETE, "/id/auth/login");
    Answer::of(other)
        .await
        .assert_error(405, "method_not_allowed");
}

/// Mails, redirects and tokens contain the full URL.
#[tokio::test]
async fn links_and_tokens_name_the_whole_address() {
    let mail = MailService::start();
    let host = mail.host(&[("PUBLIC_BASE_URL", BASE)]);
    let person = json!({"email": "ada@example.com", "password": PASSWORD, "username": "ada"});
    let made = host.post("/id/auth/register", person).await;
    assert_eq!(made.status, 201, "{made:?}");
    let message = mail.next().message;
    for form in ["text", "html"] {
        // HTML escapes slashes.
        let text = message[form].as_str().unwrap().replace("&#x2f;", "/");
        assert!(text.contains(&format!("{BASE}/verify?token=")), "{text}");
    }
    let text = message["text"].as_str().unwrap();
    let token = text.split("?token=").nth(1).unwrap();
    let token: String = token.chars().take_while(|c| !c.is_whitespace()).collect();
    let link = host
        .request(Method::GET, &format!("/id/auth/verify/{token}"))
        .header("accept", "text/html");
    let link = Answer::of(link).await;
    assert_eq!(link.status, 303, "{link:?}");
    let place = link.header("location");
    assert!(
        place.starts_with(&format!("{BASE}/verify?token=")),
        "{place}"
    );
    let tokens = Tokens::of(&made.body["tokens"]);
    let me = host.get_as("/id/auth/me", &tokens.access_token).await;
    me.assert_ok();
    let claims = tokens.access_token.split('.').nth(1).unwrap();
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap();
    assert_eq!(
        (&claims["iss"], &claims["aud"]),
        (&json!(BASE), &json!(BASE))
    );
    let verified = json!({"password": PASSWORD});
    let verified = host
        .post(&format!("/id/auth/verify/{token}"), verified)
        .await;
    verified.assert_ok();
}

/// Cookies are limited to the path: another service on the host doesn't receive them, and can use the same names.
#[tokio::test]
async fn cookies_are_for_the_path_alone() {
    let host = Host::start(&[("PUBLIC_BASE_URL", BASE)]);
    let person = json!({"email": "ada@example.com", "password": PASSWORD});
    let made = host.post("/id/auth/register", person).await;
    assert_eq!(made.status, 201, "{made:?}");
    for (transport, names) in [
        ("cookie", &[("__Secure-session", "/id")][..]),
        (
            "jwt_cookie",
            &[("__Secure-access", "/id"), ("__Secure-refresh", "/id/auth")],
        ),
    ] {
        let login =
            json!({"email": "ada@example.com", "password": PASSWORD, "transport": transport});
        let signed_in = host.post("/id/auth/login", login).await;
        signed_in.assert_ok();
        let set = cookies(&signed_in);
        for (name, path) in names.iter().chain(&[("__Secure-device", "/id")]) {
            let (_, rest) = set.iter().find(|(set, _)| set == name).unwrap();
            assert!(rest.contains(&format!("; Path={path}; ")), "{name}={rest}");
        }
        let sent: Vec<_> = set
            .iter()
            .map(|(name, rest)| format!("{name}={}", rest.split(';').next().unwrap()))
            .collect();
        let send = |method: Method, path: &str| {
            let request = host.request(method, path).header("cookie", sent.join("; "));
            Answer::of(request.header("origin", "https://example.com"))
        };
        send(Method::GET, "/id/auth/me").await.assert_ok();
        let out = send(Method::POST, "/id/auth/logout").await;
        assert_eq!(out.status, 204, "{out:?}");
        let cleared = cookies(&out);
        for (name, path) in names {
            let is_it = |(cleared, rest): &(String, String)| {
                cleared == name
                    && rest.starts_with(';')
                    && rest.contains(&format!("; Path={path}; "))
                    && rest.ends_with("Max-Age=0")
            };
            assert!(cleared.iter().any(is_it), "{name}: {cleared:?}");
        }
        let ended: Value = send(Method::GET, "/id/auth/me").await.body;
        assert_eq!(ended["error"]["status_code"], 401);
    }
}
