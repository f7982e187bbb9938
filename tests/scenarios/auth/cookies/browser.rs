//! A browser that stores cookies.

use gatewright_tests::host::{Answer, Host, PASSWORD};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use super::SITE;

/// A cookie as stored by a browser.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Cookie {
    pub(crate) name: String,
    pub(crate) value: String,
    pub(crate) path: String,
    /// `None` for a cookie of the host only.
    pub(crate) domain: Option<String>,
    pub(crate) max_age: String,
}

impl Cookie {
    pub(crate) fn of(name: &str, value: &str, path: &str, domain: Option<&str>) -> Self {
        Self {
            name: name.into(),
            value: value.into(),
            path: path.into(),
            domain: domain.map(str::to_owned),
            max_age: "3600".into(),
        }
    }

    pub(crate) fn is_same(&self, other: &Self) -> bool {
        (&self.name, &self.path, &self.domain) == (&other.name, &other.path, &other.domain)
    }
}

/// The cookies of a browser at `https://auth.example.com`, and the requests of its pages there.
#[derive(Debug, Clone, Default)]
pub(crate) struct Browser(pub(crate) Vec<Cookie>);

impl Browser {
    /// Signs in with this transport.
    pub(crate) async fn login(&mut self, host: &Host, transport: &str) {
        let body =
            json!({"email": "ada@example.com", "password": PASSWORD, "transport": transport});
        self.send(host, Method::POST, "/auth/login", Some(body))
            .await
            .assert_ok();
    }

    pub(crate) async fn send(
        &mut self,
        host: &Host,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Answer {
        let mut request = host
            .request(method, path)
            .header("sec-fetch-site", "same-origin");
        if let Some(body) = body {
            request = request.json(&body);
        }
        self.carry(path, request).await
    }

    /// Follows a link or a redirect to the service. `from` is the site of the page that has it, as browsers name it.
    pub(crate) async fn open(&mut self, host: &Host, url: &str, from: &str) -> Answer {
        let path = url.strip_prefix(SITE.1).unwrap_or(url);
        let request = host
            .request(Method::GET, path)
            .header("accept", "text/html,application/xhtml+xml,*/*;q=0.8")
            .header("sec-fetch-dest", "document")
            .header("sec-fetch-mode", "navigate")
            .header("sec-fetch-site", from);
        self.carry(path, request).await
    }

    /// Sends a request with the cookies of its path, and stores those of the response.
    pub(crate) async fn carry(&mut self, path: &str, request: RequestBuilder) -> Answer {
        let path = path.split('?').next().unwrap_or_default();
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
        let request = match pairs.as_slice() {
            [] => request,
            pairs => request.header("cookie", pairs.join("; ")),
        };
        let answer = Answer::of(request).await;
        for line in answer.headers.get_all("set-cookie") {
            self.take(line.to_str().unwrap());
        }
        answer
    }

    pub(crate) fn take(&mut self, line: &str) {
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

    pub(crate) fn names(&self) -> Vec<&str> {
        self.0.iter().map(|cookie| cookie.name.as_str()).collect()
    }

    pub(crate) fn find(&self, name: &str) -> Cookie {
        let found = self.0.iter().find(|cookie| cookie.name == name);
        found.cloned().unwrap()
    }

    /// Requests the signed-in user from the service.
    pub(crate) async fn me(&mut self, host: &Host) -> Answer {
        self.send(host, Method::GET, "/auth/me", None).await
    }

    pub(crate) async fn refresh(&mut self, host: &Host) -> Answer {
        self.send(host, Method::POST, "/auth/refresh", None).await
    }
}
