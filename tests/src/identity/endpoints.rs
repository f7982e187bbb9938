//! The endpoints of a local provider.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use form_urlencoded::{Serializer, parse};
use serde_json::{Value, json};

use super::keys::{challenge, token_hash};
use super::provider::{CLIENT_SECRET, Grant, Provider, Request, Shared, lock};
use super::script::Reply;
use crate::received::Received;

/// A response.
pub(super) struct Response {
    pub(super) status: u16,
    /// Whole lines.
    pub(super) headers: String,
    pub(super) body: Vec<u8>,
}

impl Response {
    fn of(status: u16, media_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            headers: format!("content-type: {media_type}\r\n"),
            body: body.into(),
        }
    }

    fn json(status: u16, body: &Value) -> Self {
        Self::of(status, "application/json", body.to_string())
    }

    fn error(status: u16, code: &str) -> Self {
        Self::json(status, &json!({ "error": code }))
    }

    /// Returns a page that posts these parameters to an address at once.
    fn form(to: &str, parameters: &Value) -> Self {
        let inputs = parameters.as_object().unwrap().iter().map(|(name, value)| {
            let value = value.as_str().unwrap().replace('"', "&quot;");
            format!(r#"<input name="{name}" value="{value}">"#)
        });
        let inputs: String = inputs.collect();
        let page = format!(
            r#"<form method="post" action="{to}">{inputs}</form><script>document.forms[0].submit()</script>"#
        );
        Self::of(200, "text/html", page)
    }

    fn redirect(to: &str) -> Self {
        Self {
            status: 302,
            headers: format!("location: {to}\r\n"),
            body: Vec::new(),
        }
    }
}

/// The outcome of a request.
pub(super) enum Outcome {
    Response(Response),
    Silence,
    Drip,
    End,
}

/// Answers a request.
pub(super) fn answer(received: Received, address: SocketAddr, shared: &Shared) -> Outcome {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let now = now.as_secs() + shared.ahead.load(Ordering::SeqCst);
    let target = received.head.split(' ').nth(1).unwrap().to_owned();
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let name = path.split('/').nth(1).unwrap_or_default();
    let endpoint = path.rsplit('/').next().unwrap_or_default();
    let input = if received.body.is_empty() {
        query.as_bytes()
    } else {
        &received.body
    };
    let parameters: BTreeMap<_, _> = parse(input).into_owned().collect();
    let mut providers = lock(&shared.providers);
    let provider = providers.entry(name.to_owned()).or_default();
    provider.requests.push(Request {
        endpoint: endpoint.to_owned(),
        parameters: parameters.clone(),
        received: received.clone(),
    });
    let issuer = format!("http://{address}/{name}");
    Outcome::Response(match provider.script.replies.get(endpoint).cloned() {
        Some(Reply::Of(status, media_type, body)) => Response::of(status, media_type, body),
        Some(Reply::Silence) => return Outcome::Silence,
        Some(Reply::Drip) => return Outcome::Drip,
        Some(Reply::End) => return Outcome::End,
        Some(Reply::Redirect(origin)) => Response::redirect(&format!("{origin}{target}")),
        Some(Reply::Huge) => {
            let mut response = provider.answer(endpoint, &issuer, &received, parameters, now);
            response.body.splice(0..0, vec![b' '; 2 << 20]);
            response
        }
        None => provider.answer(endpoint, &issuer, &received, parameters, now),
    })
}

impl Provider {
    /// Answers a request as the script says.
    fn answer(
        &mut self,
        endpoint: &str,
        issuer: &str,
        received: &Received,
        parameters: BTreeMap<String, String>,
        now: u64,
    ) -> Response {
        match endpoint {
            "openid-configuration" => self.metadata(issuer),
            "keys" => {
                let named = self.script.keys_are_named;
                let keys: Vec<_> = self.script.keys.iter().map(|key| key.jwk(named)).collect();
                Response::json(200, &json!({ "keys": keys }))
            }
            "authorize" => self.authorize(issuer, received, parameters, now),
            // The second name is GitHub's.
            "token" | "access_token" => self.token(issuer, received, &parameters, now),
            "userinfo" | "user" => self.userinfo(received),
            _ => Response::error(404, "unknown_endpoint"),
        }
    }

    fn metadata(&self, issuer: &str) -> Response {
        let mut metadata = json!({
            "issuer": issuer,
            "authorization_endpoint": format!("{issuer}/authorize"),
            "token_endpoint": format!("{issuer}/token"),
            "userinfo_endpoint": format!("{issuer}/userinfo"),
            "jwks_uri": format!("{issuer}/keys"),
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256", "ES256", "EdDSA"],
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": true,
        });
        (self.script.metadata)(&mut metadata);
        Response::json(200, &metadata)
    }

    /// Returns a new code or token.
    fn make(&mut self, kind: &str) -> String {
        self.made += 1;
        format!("{kind}-{}-of-the-provider", self.made)
    }

    fn authorize(
        &mut self,
        issuer: &str,
        received: &Received,
        mut parameters: BTreeMap<String, String>,
        now: u64,
    ) -> Response {
        let Some(redirect_uri) = parameters.get("redirect_uri").cloned() else {
            return Response::error(400, "invalid_request");
        };
        let accepts = received.header("accept").unwrap_or_default();
        let posts = parameters.get("response_mode").map(String::as_str) == Some("form_post");
        let mut answer = json!({"iss": issuer});
        if let Some(state) = parameters.get("state") {
            answer["state"] = state.as_str().into();
        }
        if let Some(error) = self.script.refuses_with {
            answer["error"] = error.into();
            answer["error_description"] = "<b>the provider's own words</b>".into();
        } else {
            let code = self.make("code");
            answer["code"] = code.as_str().into();
            parameters.insert("auth_time".to_owned(), now.to_string());
            let person = self.script.person.clone();
            self.codes.insert(code, Grant { person, parameters });
        }
        (self.script.response)(&mut answer);
        // The tests in Rust are no browser, and post themselves.
        if posts && accepts.contains("text/html") {
            return Response::form(&redirect_uri, &answer);
        }
        let mut query = Serializer::new(String::new());
        for (name, value) in answer.as_object().unwrap() {
            query.append_pair(name, value.as_str().unwrap());
        }
        Response::redirect(&format!("{redirect_uri}?{}", query.finish()))
    }

    fn token(
        &mut self,
        issuer: &str,
        received: &Received,
        parameters: &BTreeMap<String, String>,
        now: u64,
    ) -> Response {
        let given = |name: &str| parameters.get(name).map(String::as_str);
        let Some(client) = client(received, parameters) else {
            return Response::error(401, "invalid_client");
        };
        let (grant, person) = match given("grant_type") {
            Some("authorization_code") => {
                let code = given("code").unwrap_or_default();
                // Used once, whatever comes of it.
                let Some(grant) = self.codes.remove(code) else {
                    return Response::error(400, "invalid_grant");
                };
                let asked = |name: &str| grant.parameters.get(name).map(String::as_str);
                let verifier = given("code_verifier").map(challenge);
                if asked("client_id") != Some(&client)
                    || asked("redirect_uri") != given("redirect_uri")
                    || asked("code_challenge") != verifier.as_deref()
                {
                    return Response::error(400, "invalid_grant");
                }
                let person = grant.person.clone();
                (Some(grant), person)
            }
            Some("refresh_token") => {
                let token = given("refresh_token").unwrap_or_default();
                match self.refresh_tokens.remove(token) {
                    Some(person) => (None, person),
                    None => return Response::error(400, "invalid_grant"),
                }
            }
            _ => return Response::error(400, "unsupported_grant_type"),
        };
        let (access_token, refresh_token) = (self.make("access"), self.make("refresh"));
        self.access_tokens
            .insert(access_token.clone(), person.clone());
        self.refresh_tokens
            .insert(refresh_token.clone(), person.clone());
        let mut answer = json!({
            "access_token": access_token,
            "token_type": "Bearer",
            "expires_in": 3600,
            "refresh_token": refresh_token,
        });
        let openid = |grant: &Grant| {
            grant
                .parameters
                .get("scope")?
                .contains("openid")
                .then_some(())
        };
        if let Some(grant) = grant.filter(|grant| openid(grant).is_some()) {
            let mut claims = json!({
                "iss": issuer,
                "aud": client,
                "iat": now,
                "exp": now + 3600,
                "at_hash": token_hash(&access_token),
            });
            if let Some(nonce) = grant.parameters.get("nonce") {
                claims["nonce"] = nonce.as_str().into();
            }
            if grant.parameters.contains_key("max_age") {
                claims["auth_time"] = grant.parameters["auth_time"].parse::<u64>().unwrap().into();
            }
            for (name, value) in person.as_object().unwrap() {
                claims[name] = value.clone();
            }
            (self.script.id_token)(&mut claims);
            answer["id_token"] = self.script.signature.sign(&claims, CLIENT_SECRET).into();
        }
        (self.script.token)(&mut answer);
        if self.script.answers_with_forms {
            let mut form = Serializer::new(String::new());
            for (name, value) in answer.as_object().unwrap() {
                let text = value
                    .as_str()
                    .map_or_else(|| value.to_string(), str::to_owned);
                form.append_pair(name, &text);
            }
            return Response::of(200, "application/x-www-form-urlencoded", form.finish());
        }
        Response::json(200, &answer)
    }

    fn userinfo(&self, received: &Received) -> Response {
        let token = received
            .header("authorization")
            .and_then(|value| value.strip_prefix("Bearer "));
        let Some(person) = token.and_then(|token| self.access_tokens.get(token)) else {
            return Response::error(401, "invalid_token");
        };
        let mut person = person.clone();
        (self.script.userinfo)(&mut person);
        Response::json(200, &person)
    }
}

/// Returns the client that a request authenticates: by the secret in the header or in the body, or by a JWT, whose
/// signature is not checked.
fn client(received: &Received, parameters: &BTreeMap<String, String>) -> Option<String> {
    let given = |name: &str| parameters.get(name).map(String::as_str);
    if let Some(basic) = received.header("authorization") {
        let text = BASE64_STANDARD.decode(basic.strip_prefix("Basic ")?).ok()?;
        let text = String::from_utf8(text).ok()?;
        let (id, secret) = text.split_once(':')?;
        let plain = |text: &str| Some(parse(text.as_bytes()).next()?.0.into_owned());
        return (plain(secret)? == CLIENT_SECRET && given("client_secret").is_none())
            .then(|| plain(id))?;
    }
    let assertion = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
    let known = given("client_secret") == Some(CLIENT_SECRET)
        || (given("client_assertion_type") == Some(assertion)
            && given("client_assertion").is_some());
    known.then(|| given("client_id").map(str::to_owned))?
}
