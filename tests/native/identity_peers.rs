//! Sign-in by providers of others: `oidc-provider`, which is certified, and `oauth2-mock-server`.

use std::io::{BufRead as _, BufReader, Lines, Write as _};
use std::process::{Child, ChildStdout, Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use gatewright_tests::host::{Answer, Host, Tokens};
use gatewright_tests::identity::challenge;
use reqwest::Method;
use reqwest::header::COOKIE;
use serde_json::{Value, json};

const BASE: &str = "https://auth.example.com";

/// A provider in Node.js.
struct Peer {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    issuer: String,
}

impl Peer {
    fn start(script: &str) -> Self {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/javascript");
        let mut child = Command::new("node")
            .current_dir(folder)
            .arg(script)
            .arg(format!("{BASE}/auth/oauth/acme/callback"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut peer = Self {
            child,
            lines,
            issuer: String::new(),
        };
        peer.issuer = peer.next()["issuer"].as_str().unwrap().to_owned();
        peer
    }

    /// Returns the next line of JSON. Others are warnings.
    fn next(&mut self) -> Value {
        let mut lines = self.lines.by_ref().map(Result::unwrap);
        let line = lines.find(|line| line.starts_with('{')).unwrap();
        serde_json::from_str(&line).unwrap()
    }

    fn ask(&mut self, question: &Value) -> Value {
        let mut input = self.child.stdin.as_ref().unwrap();
        writeln!(input, "{question}").unwrap();
        self.next()
    }

    fn host(&self) -> Host {
        Host::start(&[
            ("PUBLIC_BASE_URL", BASE),
            ("OIDC_PROVIDERS", "acme"),
            ("OIDC_ACME_ISSUER", &self.issuer),
            ("OIDC_ACME_CLIENT_ID", "gatewright"),
            ("OIDC_ACME_CLIENT_SECRET", "a secret of the tests"),
            ("LINK_BY_VERIFIED_EMAIL", "all"),
        ])
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A flow in a browser.
struct Flow {
    /// The provider's page.
    page: String,
    cookie: String,
}

impl Flow {
    async fn begin(host: &Host, query: &str) -> Self {
        let answer = host.get(&format!("/auth/oauth/acme{query}")).await;
        assert_eq!(answer.status, 303, "{answer:?}");
        let cookie = answer.header("set-cookie").split(';').next().unwrap();
        Self {
            page: answer.header("location").to_owned(),
            cookie: cookie.to_owned(),
        }
    }

    /// Comes back, and returns the outcome: the name of the parameter, `code` or `error`, and its value.
    async fn come_back(&self, host: &Host, callback: &str) -> (String, String) {
        let path = callback.strip_prefix(BASE).unwrap();
        let request = host.request(Method::GET, path).header(COOKIE, &self.cookie);
        let answer = Answer::of(request).await;
        assert_eq!(answer.status, 303, "{answer:?}");
        let (_, result) = answer.header("location").split_once('?').unwrap();
        let (name, value) = result.split_once('=').unwrap();
        (name.to_owned(), value.to_owned())
    }

    async fn present(&self, host: &Host, path: &str, token: Option<&str>, body: Value) -> Answer {
        let mut request = host.request(Method::POST, path);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        Answer::of(request.header(COOKIE, &self.cookie).json(&body)).await
    }

    async fn exchange(&self, host: &Host, code: &str) -> Tokens {
        let body = json!({"code": code});
        let answer = self.present(host, "/auth/oauth/exchange", None, body).await;
        answer.assert_ok();
        Tokens::of(&answer.body)
    }
}

/// Returns the address of a callback with the state of the flow that this page belongs to.
fn with_state_of(callback: &str, page: &str) -> String {
    let of = |url: &str| {
        let (_, rest) = url.split_once("state=").unwrap();
        rest.split('&').next().unwrap().to_owned()
    };
    let injected = callback.replace(&of(callback), &of(page));
    assert_ne!(injected, callback);
    injected
}

fn subject(tokens: &Tokens) -> Value {
    let claims = tokens.access_token.split('.').nth(1).unwrap();
    let claims = URL_SAFE_NO_PAD.decode(claims).unwrap();
    serde_json::from_slice::<Value>(&claims).unwrap()["sub"].clone()
}

/// A person signs in and consents at the pages of a certified provider, refuses, and comes back after the provider has
/// changed its key in the meantime.
#[tokio::test]
async fn people_sign_in_at_a_certified_provider() {
    let mut peer = Peer::start("oidc-provider.mjs");
    let host = peer.host();
    let mut ids = Vec::new();
    for login in ["ada", "ada", "ben"] {
        let flow = Flow::begin(&host, "").await;
        let came = peer.ask(&json!({"visit": flow.page, "login": login}));
        let callback = came["url"].as_str().unwrap();
        let (name, code) = flow.come_back(&host, callback).await;
        assert_eq!(name, "code", "{code}");
        let tokens = flow.exchange(&host, &code).await;
        let account = host.get_as("/account", &tokens.access_token).await;
        assert_eq!(account.body["email"], format!("{login}@example.com"));
        assert_eq!(account.body["email_verified"], true);
        assert_eq!(account.body["display_name"], format!("The person {login}"));
        ids.push(subject(&tokens));
        // The service refuses a response that was used.
        let (_, error) = flow.come_back(&host, callback).await;
        assert_eq!(error, "oauth_state_invalid");
        // The provider refuses a code that was used, also in another flow.
        let flow = Flow::begin(&host, "").await;
        let injected = with_state_of(callback, &flow.page);
        let outcome = flow.come_back(&host, &injected).await;
        assert_eq!(outcome, ("error".to_owned(), "oauth_failed".to_owned()));
    }
    assert_eq!(ids[0], ids[1]);
    assert_ne!(ids[0], ids[2]);

    let flow = Flow::begin(&host, "").await;
    let came = peer.ask(&json!({"visit": flow.page}));
    let outcome = flow.come_back(&host, came["url"].as_str().unwrap()).await;
    assert_eq!(outcome, ("error".to_owned(), "oauth_denied".to_owned()));

    // The keys change while the person is on the way.
    let host = host.restart_later(120);
    let flow = Flow::begin(&host, "").await;
    peer.ask(&json!({"rotate": true}));
    let came = peer.ask(&json!({"visit": flow.page, "login": "ada"}));
    let (name, code) = flow.come_back(&host, came["url"].as_str().unwrap()).await;
    assert_eq!(name, "code", "{code}");
    let tokens = flow.exchange(&host, &code).await;
    assert_eq!(subject(&tokens), ids[0]);
}

/// A certified provider says when a person signed in again.
#[tokio::test]
async fn a_certified_provider_proves_a_person_once_more() {
    let mut peer = Peer::start("oidc-provider.mjs");
    let host = peer.host();
    let flow = Flow::begin(&host, "").await;
    let came = peer.ask(&json!({"visit": flow.page, "login": "ada"}));
    let (_, code) = flow.come_back(&host, came["url"].as_str().unwrap()).await;
    let tokens = flow.exchange(&host, &code).await;
    let verifier = "a-verifier-of-at-least-forty-three-characters";
    let challenge = challenge(verifier);
    let query =
        format!("?purpose=reauthenticate&code_challenge={challenge}&code_challenge_method=S256");
    let flow = Flow::begin(&host, &query).await;
    let came = peer.ask(&json!({"visit": flow.page, "login": "ada"}));
    let (name, code) = flow.come_back(&host, came["url"].as_str().unwrap()).await;
    assert_eq!(name, "code", "{code}");
    let body = json!({"oauth_code": code, "code_verifier": verifier});
    let token = Some(tokens.access_token.as_str());
    let proved = flow
        .present(&host, "/auth/reauthenticate", token, body)
        .await;
    proved.assert_ok();
    assert_eq!(subject(&Tokens::of(&proved.body)), subject(&tokens));
}

/// A provider for tests signs in, and its tokens are refused once they are wrong.
#[tokio::test]
async fn people_sign_in_at_a_mock_server() {
    let mut peer = Peer::start("oauth2-mock-server.mjs");
    let host = peer.host();
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
    let client = client.build().unwrap();
    let right = json!({"sub": "ada", "email": "ada@example.com", "email_verified": true});
    for (claims, expected) in [
        (json!({}), "code"),
        (json!({"aud": "another client"}), "error"),
        (json!({"iss": "https://other.example"}), "error"),
        (json!({"exp": 1}), "error"),
        (json!({"nonce": "another"}), "error"),
        (json!({}), "code"),
    ] {
        let mut all = right.clone();
        for (name, value) in claims.as_object().unwrap() {
            all[name] = value.clone();
        }
        peer.ask(&all);
        let flow = Flow::begin(&host, "").await;
        let answer = client.get(&flow.page).send().await.unwrap();
        let callback = answer.headers()["location"].to_str().unwrap();
        let (name, value) = flow.come_back(&host, callback).await;
        assert_eq!(name, expected, "{claims} {value}");
        if name == "code" {
            flow.exchange(&host, &value).await;
        } else {
            assert_eq!(value, "oauth_failed");
        }
    }
}
