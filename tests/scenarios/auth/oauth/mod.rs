//! Sign-in with accounts of other providers.

mod aliases;
mod at_once;
mod broken_endpoints;
mod client_authentication;
mod code_challenge;
mod completion;
mod concurrent;
mod first_sign_in;
mod flow;
mod form_post;
mod id_tokens;
mod key_rotation;
mod linking;
mod listed;
mod mix_up;
mod moved_address;
mod plain_oauth;
mod presets;
mod redirects;
mod refused;
mod second_factor;
mod sign_up;
mod unproved_account;
mod upstream_tokens;
mod userinfo;

use gatewright_tests::host::{Answer, Host, Tokens};
use gatewright_tests::identity::{IdentityService, challenge};
use reqwest::Method;
use serde_json::{Value, json};

use super::cookies::SITE;
use super::cookies::browser::Browser;

/// The settings of every host here: cookies have their prefixes, as behind HTTPS.
pub(crate) const OWN: [(&str, &str); 1] = [SITE];

/// Returns the claims of a person with a verified address.
pub(crate) fn verified(sub: &str, email: &str) -> Value {
    json!({"sub": sub, "email": email, "email_verified": true, "name": "Ada Lovelace"})
}

/// Returns a parameter of a URL.
pub(crate) fn parameter(url: &str, name: &str) -> Option<String> {
    let (_, query) = url.split_once('?')?;
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    pairs.find_map(|(given, value)| (given == name).then(|| value.into_owned()))
}

/// Returns the path at which a sign-in with this provider begins.
pub(crate) fn path_of(provider: &str) -> String {
    format!("/auth/oauth/{provider}")
}

/// The verifier of flows that link or prove an identity.
pub(crate) const VERIFIER: &str = "a-verifier-of-at-least-forty-three-characters";

/// Returns the path at which a flow with this purpose begins, whose code takes the verifier.
pub(crate) fn bound_path(provider: &str, purpose: &str) -> String {
    let challenge = challenge(VERIFIER);
    let path = path_of(provider);
    format!("{path}?purpose={purpose}&code_challenge={challenge}&code_challenge_method=S256")
}

impl Browser {
    /// Begins at a path, and returns the address of the provider's page.
    pub(crate) async fn begin(&mut self, host: &Host, path: &str) -> String {
        let answer = self.open(host, path, "same-origin").await;
        assert_eq!(answer.status, 303, "{answer:?}");
        answer.header("location").to_owned()
    }

    /// Comes back from the provider, and returns the address of the next page.
    pub(crate) async fn come_back(&mut self, host: &Host, callback: &str) -> String {
        let answer = self.open(host, callback, "cross-site").await;
        assert_eq!(answer.status, 303, "{answer:?}");
        answer.header("location").to_owned()
    }

    /// Begins at a path, visits the provider, comes back, and returns the address of the next page.
    pub(crate) async fn go_through(
        &mut self,
        host: &Host,
        service: &IdentityService,
        path: &str,
    ) -> String {
        let page = self.begin(host, path).await;
        let callback = service.visit(&page).await;
        self.come_back(host, &callback).await
    }

    /// Does the same, and returns the one-time code.
    pub(crate) async fn code(
        &mut self,
        host: &Host,
        service: &IdentityService,
        path: &str,
    ) -> String {
        let page = self.go_through(host, service, path).await;
        parameter(&page, "code").unwrap_or_else(|| panic!("{page}"))
    }

    /// Presents a one-time code.
    pub(crate) async fn exchange(&mut self, host: &Host, code: &str) -> Answer {
        let body = json!({"code": code});
        self.send(host, Method::POST, "/auth/oauth/exchange", Some(body))
            .await
    }

    /// Signs in with a provider, and returns the answer to the one-time code.
    pub(crate) async fn sign_in(
        &mut self,
        host: &Host,
        service: &IdentityService,
        provider: &str,
    ) -> Answer {
        let code = self.code(host, service, &path_of(provider)).await;
        self.exchange(host, &code).await
    }
}

/// Signs in with a provider in a browser of its own, and returns the tokens.
pub(crate) async fn signed_in(host: &Host, service: &IdentityService, provider: &str) -> Tokens {
    let answer = Browser::default().sign_in(host, service, provider).await;
    answer.assert_ok();
    Tokens::of(&answer.body)
}

/// Signs in with a provider in a browser of its own, and returns the error with which the browser comes back.
pub(crate) async fn error_of(host: &Host, service: &IdentityService, provider: &str) -> String {
    let mut browser = Browser::default();
    let page = browser.go_through(host, service, &path_of(provider)).await;
    let own = format!("{}/login?", SITE.1);
    assert!(page.starts_with(&own), "{page}");
    assert_eq!(parameter(&page, "code"), None, "{page}");
    parameter(&page, "error").unwrap_or_else(|| panic!("{page}"))
}

/// Returns the account of a session.
pub(crate) async fn account(host: &Host, tokens: &Tokens) -> Value {
    let answer = host.get_as("/account", &tokens.access_token).await;
    answer.assert_ok();
    answer.body
}

/// Returns the identities of a session's account.
pub(crate) async fn identities(host: &Host, token: &str) -> Vec<Value> {
    let answer = host.get_as("/account/identities", token).await;
    answer.assert_ok();
    answer.body["identities"].as_array().unwrap().clone()
}

/// Links an identity of this provider to the account of a session, in a browser of its own.
pub(crate) async fn link(
    host: &Host,
    service: &IdentityService,
    provider: &str,
    token: &str,
) -> Answer {
    let mut browser = Browser::default();
    let path = bound_path(provider, "link");
    let code = browser.code(host, service, &path).await;
    let body = json!({"code": code, "code_verifier": VERIFIER});
    present(&mut browser, host, "/account/identities", token, body).await
}

/// Posts JSON in a session, with the browser's cookies.
pub(crate) async fn present(
    browser: &mut Browser,
    host: &Host,
    path: &str,
    token: &str,
    body: Value,
) -> Answer {
    let request = host
        .request(Method::POST, path)
        .bearer_auth(token)
        .header("sec-fetch-site", "same-origin")
        .json(&body);
    browser.carry(path, request).await
}
