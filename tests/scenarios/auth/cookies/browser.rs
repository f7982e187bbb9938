//! A browser that stores cookies.

use gatewright_tests::host::{Answer, Host, PASSWORD};
use reqwest::Method;
use serde_json::{Value, json};

/// A cookie as stored by a browser.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Cookie {
    pub(super) name: String,
    pub(super) value: String,
    pub(super) path: String,
    /// `None` for a cookie of the host only.
    pub(super) domain: Option<String>,
    pub(super) max_age: String,
}

impl Cookie {
    pub(super) fn of(name: &str, value: &str, path: &str, domain: Option<&str>) -> Self {
        Self {
            name: name.into(),
            value: value.into(),
            path: path.into(),
            domain: domain.map(str::to_owned),
            max_age: "3600".into(),
        }
    }

    pub(super) fn is_same(&self, other: &Self) -> bool {
        (&self.name, &self.path, &self.domain) == (&other.name, &other.path, &other.domain)
    }
}

/// The cookies of a browser at `https://auth.example.com`, and the requests of its pages there.
#[derive(Debug, Clone, Default)]
pub(super) struct Browser(pub(super) Vec<Cookie>);

impl Browser {
    /// Signs in with this transport.
    pub(super) async fn login(&mut self, host: &Host, transport: &str) {
        let body =
            json!({"email": "ada@example.com", "password": PASSWORD, "transport": transport});
        self.send(host, Method::POST, "/auth/login", Some(body))
            .await
            .assert_ok();
    }

    pub(super) async fn send(
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
        // RFC 6265 section 5.4: longer paths first, then in the order of creation.
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

    pub(super) fn take(&mut self, line: &str) {
        // The device cookie for the next login carries no session, and outlasts it.
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
        // RFC 6265bis section 5.7: cookies that a browser refuses.
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

    pub(super) fn names(&self) -> Vec<&str> {
        self.0.iter().map(|cookie| cookie.name.as_str()).collect()
    }

    pub(super) fn find(&self, name: &str) -> Cookie {
        let found = self.0.iter().find(|cookie| cookie.name == name);
        found.cloned().unwrap()
    }

    /// Requests the signed-in user from the service.
    pub(super) async fn me(&mut self, host: &Host) -> Answer {
        self.send(host, Method::GET, "/auth/me", None).await
    }

    pub(super) async fn refresh(&mut self, host: &Host) -> Answer {
        self.send(host, Method::POST, "/auth/refresh", None).await
    }
}
