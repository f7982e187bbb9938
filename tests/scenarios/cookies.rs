use gatewright_tests::host::{Answer, Host, PASSWORD, Tokens};
use reqwest::Method;
use serde_json::{Value, json};

const SITE: (&str, &str) = ("PUBLIC_BASE_URL", "https://auth.example.com");
const DOMAIN: (&str, &str) = ("COOKIE_DOMAIN", "example.com");
const NO_DOMAIN: (&str, &str) = ("COOKIE_DOMAIN", "");
/// The longest, so that no test depends on how fast it runs.
const GRACE: (&str, &str) = ("REFRESH_TOKEN_GRACE_SECONDS", "300");

/// A cookie as a browser keeps it.
#[derive(Debug, Clone, PartialEq)]
struct Cookie {
    name: String,
    value: String,
    path: String,
    /// None: of the host alone.
    domain: Option<String>,
    max_age: String,
}

impl Cookie {
    fn of(name: &str, value: &str, path: &str, domain: Option<&str>) -> Self {
        Self {
            name: name.into(),
            value: value.into(),
            path: path.into(),
            domain: domain.map(str::to_owned),
            max_age: "3600".into(),
        }
    }

    fn is_same(&self, other: &Self) -> bool {
        (&self.name, &self.path, &self.domain) == (&other.name, &other.path, &other.domain)
    }
}

/// The cookies of a browser at `https://auth.example.com`, and the requests of its pages there.
#[derive(Debug, Clone, Default)]
struct Browser(Vec<Cookie>);

impl Browser {
    /// Signs in, in this transport.
    async fn login(&mut self, host: &Host, transport: &str) {
        let body =
            json!({"email": "ada@example.com", "password": PASSWORD, "transport": transport});
        self.send(host, Method::POST, "/auth/login", Some(body))
            .await
            .assert_ok();
    }

    async fn send(
        &mut self,
        host: &Host,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Answer {
        let mut request = host.request(method, path);
        let below = |cookie: &&Cookie| {
            let rest = path.strip_prefix(cookie.path.trim_end_matches('/'));
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let mut sent: Vec<_> = self.0.iter().filter(below).collect();
        // RFC 6265 section 5.4: longer paths first, else in the order in which they were made.
        sent.sort_by_key(|cookie| std::cmp::Reverse(cookie.path.len()));
        let pairs: Vec<_> = sent
            .iter()
            .map(|cookie| format!("{}={}", cookie.name, cookie.value))
            .collect();
        if !pairs.is_empty() {
            request = request.header("cookie", pairs.join("; "));
        }
        request = request.header("sec-fetch-site", "same-origin");
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = Answer::of(request).await;
        for line in answer.headers.get_all("set-cookie") {
            self.take(line.to_str().unwrap());
        }
        answer
    }

    fn take(&mut self, line: &str) {
        // What the device is known by at its next login carries no session, and outlasts it.
        if line.starts_with("__Host-device=") {
            return;
        }
        let mut parts = line.split("; ");
        let (name, value) = parts.next().unwrap().split_once('=').unwrap();
        let mut cookie = Cookie::of(name, value, "/", None);
        let mut is_secure = false;
        for part in parts {
            match part.split_once('=').unwrap_or((part, "")) {
                ("Path", path) => cookie.path = path.into(),
                ("Domain", domain) => cookie.domain = Some(domain.into()),
                ("Max-Age", seconds) => cookie.max_age = seconds.into(),
                ("Secure", _) => is_secure = true,
                ("HttpOnly", _) | ("SameSite", "Lax") => {}
                other => panic!("{other:?}"),
            }
        }
        // RFC 6265bis section 5.7: what a browser refuses.
        let is_of_host = cookie.domain.is_none() && cookie.path == "/";
        let has_prefix = |prefix| cookie.name.starts_with(prefix);
        assert!(is_secure || !has_prefix("__"), "{line}");
        assert!(is_of_host || !has_prefix("__Host-"), "{line}");
        let is_refused = |domain: &String| !"auth.example.com".ends_with(domain.as_str());
        assert!(!cookie.domain.as_ref().is_some_and(is_refused), "{line}");
        let place = self.0.iter().position(|known| known.is_same(&cookie));
        match (place, cookie.max_age == "0") {
            (Some(at), true) => drop(self.0.remove(at)),
            (Some(at), false) => self.0[at] = cookie,
            (None, true) => {}
            (None, false) => self.0.push(cookie),
        }
    }

    fn names(&self) -> Vec<&str> {
        self.0.iter().map(|cookie| cookie.name.as_str()).collect()
    }

    fn find(&self, name: &str) -> Cookie {
        let found = self.0.iter().find(|cookie| cookie.name == name);
        found.cloned().unwrap()
    }

    /// Who the service says it is.
    async fn me(&mut self, host: &Host) -> Answer {
        self.send(host, Method::GET, "/auth/me", None).await
    }

    async fn refresh(&mut self, host: &Host) -> Answer {
        self.send(host, Method::POST, "/auth/refresh", None).await
    }
}

/// The answer to a request with these cookies, from a page of ours.
async fn with(host: &Host, method: Method, path: &str, cookies: &[u8]) -> Answer {
    let cookies = reqwest::header::HeaderValue::from_bytes(cookies).unwrap();
    let request = host
        .request(method, path)
        .header("cookie", cookies)
        .header("sec-fetch-site", "same-origin");
    Answer::of(request).await
}

/// A cookie of another application may hold any bytes.
#[tokio::test]
async fn a_neighbour_signs_nobody_out() {
    let host = Host::start(&[SITE, GRACE]);
    host.register("ada@example.com").await;
    for transport in ["cookie", "jwt_cookie"] {
        let mut browser = Browser::default();
        browser.login(&host, transport).await;
        let ours: Vec<_> = browser
            .0
            .iter()
            .map(|cookie| format!("{}={}", cookie.name, cookie.value))
            .collect();
        let ours = ours.join("; ");
        for (before, after) in [
            (&b"theme=caf\xe9; "[..], &b""[..]),
            (b"", b"; theme=\xff\x80"),
            ("größe=ü; ".as_bytes(), b"; =; ;;x"),
            (b"a=\"b; ", b"; c=d\\\""),
        ] {
            let line = [before, ours.as_bytes(), after].concat();
            let me = with(&host, Method::GET, "/auth/me", &line).await;
            me.assert_ok();
            if transport == "jwt_cookie" {
                let refreshed = with(&host, Method::POST, "/auth/refresh", &line).await;
                refreshed.assert_ok();
            }
        }
    }
}

/// A browser sends several cookies of one name where they were set for different domains or paths: what is dead among them
/// doesn't matter, up to a bound.
#[tokio::test]
async fn each_cookie_of_a_name_is_tried() {
    let host = Host::start(&[SITE, DOMAIN, GRACE]);
    host.register("ada@example.com").await;
    for (transport, name, dead) in [
        (
            "cookie",
            "__Secure-session",
            format!("s_{}", "A".repeat(86)),
        ),
        ("jwt_cookie", "__Secure-access", "a.b.c".into()),
        ("jwt_cookie", "__Secure-refresh", "A".repeat(43)),
    ] {
        let mut browser = Browser::default();
        browser.login(&host, transport).await;
        let live = format!("{name}={}", browser.find(name).value);
        let (method, path) = match name {
            "__Secure-refresh" => (Method::POST, "/auth/refresh"),
            _ => (Method::GET, "/auth/me"),
        };
        // The other ones are as dead, but different.
        let dead = |count: usize| {
            let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ";
            let (begin, end) = (&dead[..3], &dead[4..]);
            let other = |at: usize| format!("{name}={begin}{}{end}; ", letters[at] as char);
            (0..count).map(other).collect::<String>()
        };
        for cookies in [
            live.clone(),
            format!("{name}=; {live}"),
            format!("{}{live}", dead(1)),
            format!("{}{live}", dead(3)),
            format!("{name}=no token; {}{live}; {}", dead(1), dead(20)),
        ] {
            let answer = with(&host, method.clone(), path, cookies.as_bytes()).await;
            assert_eq!(answer.status, 200, "{cookies} {answer:?}");
        }
        let answer = with(
            &host,
            method,
            path,
            format!("{}{live}", dead(20)).as_bytes(),
        )
        .await;
        // A refresh token is told from the others by its tag.
        let expected = if name == "__Secure-refresh" { 200 } else { 401 };
        assert_eq!(answer.status, expected, "{name} {answer:?}");
    }
}

/// Cookies of a former `COOKIE_DOMAIN` come before the new ones: people sign in once more, and that is all.
#[tokio::test]
async fn a_changed_domain_leaves_nobody_in_a_loop() {
    let mut host = Host::start(&[SITE, NO_DOMAIN]);
    host.register("ada@example.com").await;
    let mut browsers = [
        ("cookie", Browser::default()),
        ("jwt_cookie", Browser::default()),
    ];
    for (transport, browser) in &mut browsers {
        browser.login(&host, transport).await;
    }
    for domain in [
        DOMAIN,
        ("COOKIE_DOMAIN", "auth.example.com"),
        NO_DOMAIN,
        DOMAIN,
    ] {
        host = host.restart(&[domain]);
        for (transport, browser) in &mut browsers {
            let before = browser.clone();
            browser.login(&host, transport).await;
            browser.me(&host).await.assert_ok();
            if *transport == "jwt_cookie" {
                for _ in 0..2 {
                    browser.refresh(&host).await.assert_ok();
                    browser.me(&host).await.assert_ok();
                }
            }
            // Also where the old ones stayed, as the answer that clears them was lost, and where they are dead by now.
            let is_gone = |old: &&Cookie| !browser.0.iter().any(|new| new.is_same(old));
            let mut both = Browser(before.0.iter().filter(is_gone).cloned().collect());
            let old = both.0.len();
            both.0.extend(browser.0.clone());
            both.me(&host).await.assert_ok();
            for cookie in &mut both.0[..old] {
                cookie.value = "A".repeat(43);
            }
            both.me(&host).await.assert_ok();
            if *transport == "jwt_cookie" {
                both.refresh(&host).await.assert_ok();
                both.me(&host).await.assert_ok();
            }
            let out = both.send(&host, Method::POST, "/auth/logout", None).await;
            assert_eq!(out.status, 204, "{out:?}");
            assert!(both.0.is_empty(), "{domain:?} {transport} {:?}", both.0);
            browser.me(&host).await.assert_error(401, "session_ended");
            assert!(browser.0.is_empty(), "{domain:?} {transport} {browser:?}");
            browser.login(&host, transport).await;
        }
    }
}

/// Another subdomain can set `__Secure-refresh` for all of them, with a token of its own account. It chooses nobody's session.
#[tokio::test]
async fn a_planted_refresh_token_is_refused() {
    let host = Host::start(&[SITE]);
    host.register("ada@example.com").await;
    let mut browser = Browser::default();
    browser.login(&host, "jwt_cookie").await;
    let me = browser.me(&host).await.body;
    let (sid, refresh) = (browser.find("__Host-sid"), browser.find("__Secure-refresh"));
    assert_eq!(sid.value, me["session_id"]);
    assert_eq!(sid.max_age, refresh.max_age);
    assert_eq!(
        browser.names(),
        ["__Host-access", "__Secure-refresh", "__Host-sid"]
    );

    let eve = host.register("eve@example.com").await;
    let planted: Vec<_> = [
        ("/auth/refresh", Some("example.com")),
        ("/auth", Some("example.com")),
    ]
    .map(|(path, domain)| Cookie::of("__Secure-refresh", &eve.refresh_token, path, domain))
    .into();
    // Beside the browser's own.
    browser.0.splice(0..0, planted.clone());
    for _ in 0..2 {
        browser.refresh(&host).await.assert_ok();
        let now = browser.me(&host).await.body;
        assert_eq!(now["id"], me["id"]);
        assert_eq!(now["session_id"], me["session_id"]);
    }
    // In its place, and where there was none.
    for known in [vec![browser.find("__Host-sid")], Vec::new()] {
        let mut browser = Browser([planted.clone(), known].concat());
        browser
            .refresh(&host)
            .await
            .assert_error(401, "invalid_refresh_token");
        assert!(
            browser
                .names()
                .iter()
                .all(|name| *name == "__Secure-refresh")
        );
        browser.me(&host).await.assert_error(401, "unauthenticated");
    }
    // It was not used up, so that nobody can end a session of another by it.
    let eve = host.refresh(&eve.refresh_token).await;
    eve.assert_ok();
    // What a page signs in with is believed as before.
    let token = Tokens::of(&eve.body).refresh_token;
    let body = json!({ "refresh_token": token });
    let mut empty = Browser::default();
    let sent = empty.send(&host, Method::POST, "/auth/refresh", Some(body));
    sent.await.assert_ok();
}

/// However many refresh cookies another subdomain plants before it, the browser's own is found: to refresh, and to sign out.
#[tokio::test]
async fn planted_refresh_tokens_crowd_out_none() {
    let host = Host::start(&[SITE]);
    host.register("ada@example.com").await;
    host.register("eve@example.com").await;
    let mut browser = Browser::default();
    browser.login(&host, "jwt_cookie").await;
    let mut values: Vec<_> = (0..6).map(|at| format!("a{at}")).collect();
    // Those of earlier versions name no session, and those of Eve's sessions name another.
    values.extend((0..6).map(|at| format!("{}{at}", "A".repeat(42))));
    for _ in 0..6 {
        values.push(host.login("eve@example.com").await.refresh_token);
    }
    let planted: Vec<_> = values
        .iter()
        .map(|value| Cookie::of("__Secure-refresh", value, "/auth", Some("example.com")))
        .collect();
    browser.0.splice(0..0, planted);
    browser.refresh(&host).await.assert_ok();
    let refresh_token = browser
        .0
        .iter()
        .rev()
        .find(|cookie| cookie.name == "__Secure-refresh");
    let refresh_token = refresh_token.unwrap().value.clone();
    browser.0.retain(|cookie| cookie.name != "__Host-access");
    let ended = browser
        .send(&host, Method::POST, "/auth/logout", None)
        .await;
    assert_eq!(ended.status, 204);
    host.refresh(&refresh_token)
        .await
        .assert_error(401, "invalid_refresh_token");
}

/// Signing out, deleting the account and a session that has ended leave no cookie behind: of no name, and for no domain.
#[tokio::test]
async fn what_has_ended_leaves_no_cookie() {
    for domain in [NO_DOMAIN, DOMAIN] {
        let host = Host::start(&[SITE, domain, ("LOGIN_ATTEMPTS_PER_ACCOUNT", "0")]);
        for transport in ["cookie", "jwt_cookie"] {
            for (method, path) in [
                (Method::POST, "/auth/logout"),
                (Method::POST, "/auth/logout-all"),
                (Method::DELETE, "/account/sessions/{id}"),
                (Method::GET, "/auth/me"),
                (Method::GET, "/account"),
                (Method::POST, "/auth/refresh"),
                (Method::DELETE, "/account"),
            ] {
                if path == "/auth/refresh" && transport == "cookie" {
                    continue;
                }
                let told = format!("{domain:?} {transport} {method} {path}");
                let person = json!({"email": "ada@example.com", "password": PASSWORD});
                host.post("/auth/register", person).await;
                let mut browser = Browser::default();
                browser.login(&host, transport).await;
                let me = browser.me(&host).await.body;
                // From before COOKIE_DOMAIN was changed, either way.
                let hosts = ["__Host-session", "__Host-access", "__Host-sid"];
                let of_host = hosts.map(|name| Cookie::of(name, "old", "/", None));
                let of_domain = |domain| {
                    [
                        ("__Secure-session", "/"),
                        ("__Secure-access", "/"),
                        ("__Secure-refresh", "/auth"),
                    ]
                    .map(|(name, path)| Cookie::of(name, "old", path, domain))
                };
                let domains = [None, Some("example.com"), Some("auth.example.com")];
                let others = of_host
                    .into_iter()
                    .chain(domains.into_iter().flat_map(of_domain));
                for old in others.chain([Cookie::of("theme", "dark", "/", None)]) {
                    if !browser.0.iter().any(|known| known.is_same(&old)) {
                        browser.0.push(old);
                    }
                }
                let ended = path == "/auth/me" || path == "/auth/refresh" || path == "/account";
                let is_dead = ended && method != Method::DELETE;
                if is_dead {
                    let elsewhere = host.login("ada@example.com").await;
                    let ended = host
                        .post_as("/auth/logout-all", &elsewhere.access_token)
                        .await;
                    assert_eq!(ended.status, 204, "{told}");
                }
                let path = path.replace("{id}", me["session_id"].as_str().unwrap());
                let body = (method == Method::DELETE && path == "/account")
                    .then(|| json!({"password": PASSWORD}));
                let answer = browser.send(&host, method, &path, body).await;
                assert_eq!(
                    answer.status,
                    if is_dead { 401 } else { 204 },
                    "{told} {answer:?}"
                );
                assert_eq!(browser.names(), ["theme"], "{told}");
            }
        }
    }
}

/// Every session that a cookie is of ends when its person signs out, also the one of an earlier `COOKIE_DOMAIN`.
#[tokio::test]
async fn signing_out_ends_each_session() {
    let host = Host::start(&[SITE, DOMAIN]);
    host.register("ada@example.com").await;
    for transport in ["cookie", "jwt_cookie"] {
        let (mut first, mut second) = (Browser::default(), Browser::default());
        first.login(&host, transport).await;
        second.login(&host, transport).await;
        let mut both = first.clone();
        for cookie in &mut both.0 {
            cookie.domain = None;
        }
        both.0.extend(second.0.clone());
        let out = both.send(&host, Method::POST, "/auth/logout", None).await;
        assert_eq!(out.status, 204);
        for browser in [&mut first, &mut second] {
            browser.me(&host).await.assert_error(401, "session_ended");
        }
    }
}

/// An access token that has expired ends nothing: its session goes on by the refresh token.
#[tokio::test]
async fn an_expired_access_token_clears_nothing() {
    let host = Host::start(&[SITE]);
    host.register("ada@example.com").await;
    let mut browser = Browser::default();
    browser.login(&host, "jwt_cookie").await;
    let host = host.restart_later(16 * 60);
    let answer = browser.me(&host).await;
    answer.assert_error(401, "token_expired");
    assert_eq!(browser.names().len(), 3);
    browser.refresh(&host).await.assert_ok();
    browser.me(&host).await.assert_ok();
    // A page of another site clears nothing either.
    let cookies = format!("__Host-access={}", browser.find("__Host-access").value);
    let sent = host
        .request(Method::POST, "/auth/logout")
        .header("cookie", cookies)
        .header("sec-fetch-site", "cross-site");
    let answer = Answer::of(sent).await;
    answer.assert_error(403, "cross_site_request");
    assert!(answer.headers.get("set-cookie").is_none());
}
