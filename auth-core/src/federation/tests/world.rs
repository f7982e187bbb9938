//! A service with providers that answer as a test says.

use core::cell::RefCell;
use core::sync::atomic::Ordering;
use core::time::Duration;
use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::auth::Auth;
use crate::client::Client;
use crate::error::{Error, Result};
use crate::federation::Federation;
use crate::federation::arrival::{CallbackRequest, Failed, Returned};
use crate::federation::code::{FlowCookies, Presented, present};
use crate::federation::flow::{FlowCookie, FlowPurpose};
use crate::federation::person::Person;
use crate::federation::start::{StartRequest, Started};
use crate::jose::{Algorithm, SigningKey};
use crate::outbound::OutboundRequest;
use crate::platform::Platform as _;
use crate::stand_in::{StandIn, after_answer, at_once, auth, config};

/// An OpenID provider that is discovered.
pub(super) const ACME: [(&str, &str); 4] = [
    ("OIDC_PROVIDERS", "acme"),
    ("OIDC_ACME_ISSUER", "https://op.example"),
    ("OIDC_ACME_CLIENT_ID", "client"),
    ("OIDC_ACME_CLIENT_SECRET", "geheim"),
];
pub(super) const METADATA: &str = "https://op.example/.well-known/openid-configuration";
pub(super) const KEYS: &str = "https://op.example/keys";
pub(super) const TOKEN: &str = "https://op.example/token";
pub(super) const USERINFO: &str = "https://op.example/me";
pub(super) const ACCESS_TOKEN: &str = "ya29.a0AfH6SMBx-0123456789-abcdefghijklmnopqrstuvwxyz";

/// RFC 7636 appendix B.
pub(super) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub(super) const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

pub(super) const SIGN_IN: StartRequest<'_> = StartRequest {
    provider: "acme",
    redirect_to: None,
    purpose: FlowPurpose::SignIn,
    at_once: None,
    code_challenge: None,
    cross_site: false,
    compatible: false,
};

/// The service, and the cookies of one browser.
pub(super) struct World {
    pub(super) auth: Auth<StandIn>,
    cookies: RefCell<BTreeMap<String, String>>,
}

/// A flow that has begun.
pub(super) struct Begun {
    pub(super) parameters: BTreeMap<String, String>,
    pub(super) cookie: FlowCookie,
}

impl Begun {
    pub(super) fn state(&self) -> &str {
        &self.parameters["state"]
    }
}

impl World {
    /// A service with these settings beside those of `acme`, whose provider is up.
    pub(super) fn new(settings: &[(&str, &str)]) -> Self {
        let settings: Vec<_> = ACME.iter().chain(settings).copied().collect();
        let world = Self {
            auth: auth(&settings),
            cookies: RefCell::default(),
        };
        world.serve_json(METADATA, &metadata());
        world.serve(KEYS, 200, &key_set(&key(7)));
        world
    }

    /// The same service in an instance that has just started.
    pub(super) fn restarted(self, settings: &[(&str, &str)]) -> Self {
        let settings: Vec<_> = ACME.iter().chain(settings).copied().collect();
        Self {
            auth: Auth::new(self.auth.into_platform(), config(&settings)),
            cookies: self.cookies,
        }
    }

    pub(super) fn federation(&self) -> Federation<'_, StandIn> {
        self.auth.federation()
    }

    pub(super) fn serve(&self, url: &str, status: u16, body: &str) {
        self.auth.platform().serve(url, status, body);
    }

    pub(super) fn serve_json(&self, url: &str, body: &Value) {
        self.serve(url, 200, &body.to_string());
    }

    pub(super) fn break_down(&self, url: &str) {
        self.auth.platform().break_down(url);
    }

    pub(super) fn advance(&self, seconds: u64) {
        self.auth.platform().advance(Duration::from_secs(seconds));
    }

    pub(super) fn seconds(&self) -> u64 {
        self.auth.platform().now().as_secs()
    }

    pub(super) fn log(&self) -> String {
        self.auth.platform().log_text()
    }

    /// The number of requests to this address so far.
    pub(super) fn fetched(&self, url: &str) -> usize {
        self.auth.platform().fetched(url)
    }

    /// The last request to this address.
    pub(super) fn request_to(&self, url: &str) -> OutboundRequest {
        let requests = self.auth.platform().requests.lock().unwrap();
        let is_there = |request: &&OutboundRequest| request.url.split('?').next() == Some(url);
        requests.iter().rfind(is_there).cloned().unwrap()
    }

    /// The number of calls of storage that something needs.
    pub(super) fn storage_calls<T>(&self, of: impl FnOnce() -> T) -> (usize, T) {
        let calls = &self.auth.platform().storage_calls;
        let before = calls.load(Ordering::Relaxed);
        let result = of();
        (calls.load(Ordering::Relaxed) - before, result)
    }

    pub(super) fn run_deferred(&self) {
        after_answer(&self.auth);
    }

    pub(super) fn start(&self, request: StartRequest<'_>) -> Result<Started> {
        at_once(self.federation().start(request))
    }

    /// Begins a flow, whose cookie the browser takes.
    pub(super) fn begin(&self, request: StartRequest<'_>) -> Begun {
        let started = self.start(request).unwrap();
        let (_, query) = started.authorization_url.split_once('?').unwrap();
        let cookie = started.flow;
        let mut cookies = self.cookies.borrow_mut();
        cookies.insert(cookie.id.clone(), cookie.value.clone());
        Begun {
            parameters: pairs(query),
            cookie,
        }
    }

    /// Comes back to the callback with the cookies.
    pub(super) fn arrive(
        &self,
        provider: &str,
        query: &str,
    ) -> core::result::Result<Returned, Failed> {
        let cookies = self.cookies.borrow().clone();
        self.arrive_with(provider, query, &cookies, false)
    }

    pub(super) fn arrive_with(
        &self,
        provider: &str,
        query: &str,
        cookies: &BTreeMap<String, String>,
        compatible: bool,
    ) -> core::result::Result<Returned, Failed> {
        let request = CallbackRequest {
            provider,
            parameters: query,
            flow: &|id| cookies.get(id).cloned().into_iter().collect(),
            compatible,
            replaces: &[],
        };
        at_once(self.federation().callback(request, &Client::default()))
    }

    /// Begins a flow with `acme`, whose ID token has these claims beside the usual ones, and comes back.
    pub(super) fn visit(
        &self,
        request: StartRequest<'_>,
        claims: &Value,
    ) -> core::result::Result<Returned, Failed> {
        let begun = self.begin(request);
        self.serve_token(&begun, claims);
        self.arrive("acme", &format!("code=c&state={}", begun.state()))
    }

    /// Serves an ID token for a flow with `acme`.
    pub(super) fn serve_token(&self, begun: &Begun, claims: &Value) {
        let token = key(7).sign("JWT", &self.claims(begun, claims));
        self.serve_json(TOKEN, &token_response(&token));
    }

    /// The usual claims for a flow with `acme`, with others in their place. Null means none.
    pub(super) fn claims(&self, begun: &Begun, others: &Value) -> Value {
        let now = self.seconds();
        let mut claims = json!({
            "iss": "https://op.example", "sub": "ada", "aud": "client", "iat": now, "exp": now + 60,
            "nonce": begun.parameters.get("nonce"), "name": "Ada Lovelace",
            "email": "ada@example.com", "email_verified": true,
        });
        for (name, value) in others.as_object().unwrap() {
            claims[name] = value.clone();
        }
        let members = claims.as_object_mut().unwrap();
        members.retain(|_, value| !value.is_null());
        claims
    }

    /// Presents a code with all the cookies of the browser.
    pub(super) fn present(&self, code: &str, purpose: FlowPurpose) -> Result<Person> {
        let cookies = self.cookies.borrow().clone();
        let flows: Vec<_> = cookies.values().map(String::as_str).collect();
        self.present_with(code, None, &flows, purpose)
    }

    pub(super) fn present_with(
        &self,
        code: &str,
        verifier: Option<&str>,
        flows: &[&str],
        purpose: FlowPurpose,
    ) -> Result<Person> {
        let flows = FlowCookies::new(flows.iter().map(|value| ("", *value)).collect());
        let presented = Presented {
            code,
            verifier,
            flows: &flows,
        };
        at_once(present(self.federation().context, presented, &[purpose]))
    }

    /// The person of a flow with `acme` and these claims.
    pub(super) fn person(&self, claims: &Value) -> Person {
        let code = code(self.visit(SIGN_IN, claims));
        self.present(&code, FlowPurpose::SignIn).unwrap()
    }
}

/// The metadata of `acme`.
pub(super) fn metadata() -> Value {
    json!({
        "issuer": "https://op.example",
        "authorization_endpoint": "https://login.op.example/authorize",
        "token_endpoint": TOKEN,
        "userinfo_endpoint": USERINFO,
        "jwks_uri": KEYS,
        "token_endpoint_auth_methods_supported": ["client_secret_post"],
    })
}

pub(super) fn key(byte: u8) -> SigningKey {
    SigningKey::from_private(Algorithm::EdDsa, &[byte; 32]).unwrap()
}

pub(super) fn key_set(key: &SigningKey) -> String {
    format!("{{\"keys\":[{}]}}", key.public_jwk().unwrap())
}

pub(super) fn token_response(id_token: &str) -> Value {
    json!({
        "access_token": ACCESS_TOKEN, "token_type": "Bearer", "expires_in": 3600,
        "refresh_token": "r", "id_token": id_token, "scope": "openid email",
    })
}

pub(super) fn pairs(query: &str) -> BTreeMap<String, String> {
    form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect()
}

/// The code in the address that a flow returns to.
pub(super) fn code(returned: core::result::Result<Returned, Failed>) -> String {
    match returned {
        Ok(Returned::Code { redirect_to }) => {
            let (_, query) = redirect_to.split_once('?').unwrap();
            pairs(query)["code"].clone()
        }
        Ok(_) => panic!("no code"),
        Err(failed) => panic!("{}", failed.error),
    }
}

pub(super) fn error(returned: core::result::Result<Returned, Failed>) -> Error {
    match returned {
        Ok(_) => panic!("the flow has succeeded"),
        Err(failed) => failed.error,
    }
}
