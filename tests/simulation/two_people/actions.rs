//! The actions of a person: what anybody can ask of the service.

use std::time::Duration;

use auth_core::storage::ActiveSession;
use auth_core::{
    CallbackRequest, Completion, Evidence, Exchange, FlowCookies, FlowPurpose, Login, LoginRequest,
    Platform as _, Presented, Registration, Returned, StartRequest, TokenFormat, totp,
};
use gatewright_tests::identity::challenge;

use serde_json::{Map, Value, json};

use crate::client;

use super::actor::{Actor, gain, text};
use super::mailbox::letters;
use super::person::Gain;
use super::provider::{self, OTHER, TRUSTED};

/// An action that must never succeed.
pub(super) const FOREIGN: &str = "present what is the other's";

/// Does one of all actions, with the things that the person has at its beginning.
pub(super) async fn act(mut actor: Actor<'_>) -> Gain {
    if !actor.me.challenges.is_empty() && actor.numbers.one_in(2) {
        return actor.answer_challenge().await;
    }
    match actor.numbers.below(30) {
        0 | 1 => actor.register().await,
        2 | 3 => actor.log_in().await,
        4..=8 => actor.sign_in_by_provider().await,
        9 => actor.visit(FlowPurpose::SignIn).await,
        10 | 11 => actor.present_code().await,
        12 | 13 => actor.complete_sign_up().await,
        14 => actor.present_foreign().await,
        15 | 16 => actor.ask_for_reset().await,
        17..=20 => actor.open_letter().await,
        21 => actor.answer_challenge().await,
        within => match actor.session().await {
            Some(session) => actor.act_within(within, &session).await,
            None => actor.sign_in_by_provider().await,
        },
    }
}

impl Actor<'_> {
    /// Returns any of the addresses, more often the one that the history is about.
    pub(super) fn email(&mut self) -> &'static str {
        if !self.numbers.one_in(3) {
            return self.topic;
        }
        let whose = [&self.me, &self.other][self.numbers.below(2)];
        whose.emails[self.numbers.below(2)]
    }

    pub(super) async fn session(&mut self) -> Option<ActiveSession> {
        let token = self.numbers.any(&self.me.sessions)?;
        self.auth.sessions().authenticate(token).await.ok()
    }

    /// Returns the next code of one of the keys in the app.
    pub(super) fn code_of(&self, key: &[u8]) -> String {
        let platform = self.auth.platform();
        platform.advance(Duration::from_secs(totp::STEP));
        totp::code(key, platform.now().as_secs() / totp::STEP)
    }

    pub(super) fn code(&mut self) -> Option<String> {
        let key = self.key()?;
        Some(self.code_of(&key))
    }

    /// Returns a key of the app, more often the last.
    fn key(&mut self) -> Option<Vec<u8>> {
        let last = self.me.keys.last().cloned();
        if self.numbers.one_in(4) {
            self.numbers.any(&self.me.keys).cloned()
        } else {
            last
        }
    }

    /// Returns the data that every account needs.
    fn profile(&self) -> Option<Map<String, Value>> {
        let profile = json!({ "city": "Bergen" });
        profile
            .as_object()
            .filter(|_| self.rules.needs_city)
            .cloned()
    }

    pub(super) fn password(&mut self) -> Option<&'static str> {
        (!self.numbers.one_in(3)).then_some(self.me.password)
    }

    async fn register(&mut self) -> Gain {
        let profile = self.profile();
        let registration = Registration {
            email: self.email(),
            password: self.me.password,
            username: None,
            display_name: Some(self.me.name),
            profile: profile.as_ref(),
            token_format: TokenFormat::Opaque,
            replaces: &[],
        };
        let client = client();
        let registered = self.auth.accounts().register(registration, &client).await;
        let tokens = registered.as_ref().ok().and_then(|new| new.tokens.as_ref());
        Gain {
            sessions: tokens.map(text).into_iter().collect(),
            ..gain("register", registered.is_ok())
        }
    }

    async fn log_in(&mut self) -> Gain {
        let name = self.email();
        let code = if self.numbers.one_in(2) {
            self.code()
        } else {
            None
        };
        let request = LoginRequest {
            name,
            password: self.me.password,
            code: code.as_deref(),
            token_format: TokenFormat::Opaque,
            replaces: &[],
        };
        let mut gain = gain("log in", false);
        match self.auth.sign_in().login(request, &client()).await {
            Ok(Login::SignedIn(tokens)) => gain.sessions.push(text(&tokens)),
            Ok(Login::MfaRequired(challenge)) => {
                gain.challenges.push(challenge.token.expose().to_owned());
            }
            Err(_) => return gain,
        }
        gain.is_done = true;
        gain
    }

    async fn sign_in_by_provider(&mut self) -> Gain {
        let mut gain = self.visit(FlowPurpose::SignIn).await;
        match gain.codes.pop() {
            Some(code) => self.exchange(&code, gain).await,
            None => gain,
        }
    }

    /// Goes to a provider and comes back, or stays there for now.
    pub(super) async fn visit(&mut self, purpose: FlowPurpose) -> Gain {
        let mut gain = gain("visit a provider", false);
        let provider = [TRUSTED, OTHER][self.numbers.below(2)];
        let challenge = (purpose != FlowPurpose::SignIn).then(|| challenge(&self.verifier()));
        let request = StartRequest {
            provider,
            redirect_to: None,
            purpose,
            at_once: None,
            code_challenge: challenge.as_deref(),
            cross_site: false,
            compatible: false,
        };
        let Ok(started) = self.auth.federation().start(request).await else {
            return gain;
        };
        let (_, query) = started.authorization_url.split_once('?').unwrap();
        let mut parameters = form_urlencoded::parse(query.as_bytes());
        let (_, state) = parameters.find(|(name, _)| name == "state").unwrap();
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("state", &state);
        let query = query.append_pair("code", &self.provided(provider)).finish();
        gain.cookies.push((started.flow.id, started.flow.value));
        if self.numbers.one_in(8) {
            gain.returns.push((provider, query));
            return gain;
        }
        self.come_back(provider, &query, gain).await
    }

    /// Returns the verifier of the person's page, for the flows that link.
    pub(super) fn verifier(&self) -> String {
        format!("{:-<43}", self.me.name)
    }

    /// Returns the code of a provider for whatever the person can make it say. They can't verify the other's mailbox,
    /// except at a provider that isn't trusted.
    fn provided(&mut self, provider: &str) -> String {
        let is_gullible = provider == OTHER && self.rules.links != "all";
        let email = self.email();
        let is_own = self.me.emails.contains(&email);
        let is_verified = (is_own || is_gullible) && !self.numbers.one_in(4);
        let email = (!self.numbers.one_in(6)).then_some(email);
        let subject = self.me.subjects[provider];
        provider::code(subject, self.me.name, email, is_verified)
    }

    async fn come_back(&self, provider: &'static str, query: &str, mut gain: Gain) -> Gain {
        let mut cookies = self.me.cookies.clone();
        cookies.extend(gain.cookies.iter().cloned());
        let request = CallbackRequest {
            provider,
            parameters: query,
            flow: &|id| cookies.get(id).cloned().into_iter().collect(),
            compatible: false,
            replaces: &[],
        };
        let returned = self.auth.federation().callback(request, &client()).await;
        if let Ok(Returned::Code { redirect_to }) = returned {
            let (_, query) = redirect_to.split_once('?').unwrap();
            let mut parameters = form_urlencoded::parse(query.as_bytes());
            let code = parameters.find(|(name, _)| name == "code");
            gain.codes.extend(code.map(|(_, code)| code.into_owned()));
            gain.is_done = true;
        }
        gain
    }

    /// Presents a code to sign in.
    pub(super) async fn exchange(&self, code: &str, mut gain: Gain) -> Gain {
        gain.action = "sign in by a provider";
        let flows = self.flows(&gain);
        let flows = FlowCookies::new(flows.iter().map(|value| ("", value.as_str())).collect());
        let presented = Presented {
            code,
            verifier: None,
            flows: &flows,
        };
        let client = client();
        let format = TokenFormat::Opaque;
        let exchange = self
            .auth
            .federation()
            .exchange(presented, format, &[], &client);
        let exchange = exchange.await.map(|exchanged| exchanged.exchange);
        self.entered(exchange, gain)
    }

    fn flows(&self, gain: &Gain) -> Vec<String> {
        let new = gain.cookies.iter().map(|(_, value)| value);
        self.me.cookies.values().chain(new).cloned().collect()
    }

    fn entered(&self, exchange: auth_core::Result<Exchange>, mut gain: Gain) -> Gain {
        gain.is_done = exchange.is_ok();
        match exchange {
            Ok(Exchange::SignedIn(tokens)) => gain.sessions.push(text(&tokens)),
            Ok(Exchange::MfaRequired(challenge)) => {
                gain.challenges.push(challenge.token.expose().to_owned());
            }
            Ok(Exchange::CompletionRequired(required)) => {
                gain.completions.push(required.token.expose().to_owned());
            }
            Ok(Exchange::VerificationRequired) | Err(_) => {}
        }
        gain
    }

    /// Comes back from a provider later, or presents a code later.
    async fn present_code(&mut self) -> Gain {
        if self.numbers.one_in(3)
            && let Some((provider, query)) = self.numbers.any(&self.me.returns).cloned()
        {
            let gain = gain("come back later", false);
            return self.come_back(provider, &query, gain).await;
        }
        match self.me.codes.pop() {
            Some(code) => self.exchange(&code, Gain::default()).await,
            None => self.sign_in_by_provider().await,
        }
    }

    async fn complete_sign_up(&mut self) -> Gain {
        let email = self.email();
        match self.me.completions.pop() {
            Some(token) => self.complete(&token, email).await,
            None => self.sign_in_by_provider().await,
        }
    }

    /// Completes a first sign-in with this address.
    pub(super) async fn complete(&self, token: &str, email: &str) -> Gain {
        let profile = self.profile();
        let completion = Completion {
            token,
            email: Some(email),
            username: None,
            display_name: None,
            profile: profile.as_ref(),
            token_format: TokenFormat::Opaque,
            replaces: &[],
        };
        let client = client();
        let exchange = self.auth.federation().complete(completion, &client).await;
        self.entered(exchange, gain("complete", false))
    }

    /// Opens a return of the other person's flow, or presents their code, with the own cookies.
    async fn present_foreign(&mut self) -> Gain {
        let foreign = gain(FOREIGN, false);
        let found = if self.numbers.one_in(2) {
            let found = self.numbers.any(&self.other.returns).cloned();
            match found {
                Some((provider, query)) => self.come_back(provider, &query, foreign).await,
                None => foreign,
            }
        } else {
            match self.numbers.any(&self.other.codes).cloned() {
                Some(code) => self.exchange(&code, foreign).await,
                None => foreign,
            }
        };
        Gain {
            action: FOREIGN,
            ..found
        }
    }

    async fn ask_for_reset(&mut self) -> Gain {
        let (email, client) = (self.email(), client());
        let accounts = self.auth.accounts();
        if self.numbers.one_in(3) {
            let asked = accounts.resend_verification(email, &client).await;
            return gain("ask for a link to verify", asked.is_ok());
        }
        let asked = accounts.forgot_password(email, &client).await;
        gain("ask for a reset", asked.is_ok())
    }

    /// Opens one of the last letters.
    async fn open_letter(&mut self) -> Gain {
        let mut letters = letters(self.auth, &self.me);
        let undoes = |kind: &str| ["email_changed", "mfa_enabled"].contains(&kind);
        if !self.numbers.one_in(3) {
            letters.retain(|(kind, _)| !undoes(kind));
        }
        let last = &letters[letters.len().saturating_sub(6)..];
        let Some(letter) = self.numbers.any(last).cloned() else {
            return self.ask_for_reset().await;
        };
        let session = self.session().await;
        let mut proof = Gain::default();
        if self.numbers.one_in(3) {
            proof = self.visit(FlowPurpose::Verify).await;
        }
        let (code, verifier) = (proof.codes.pop(), self.verifier());
        let flows = FlowCookies::default();
        let identity = code.as_deref().map(|code| Presented {
            code,
            verifier: Some(&verifier),
            flows: &flows,
        });
        let evidence = Evidence {
            session: session.as_ref(),
            password: self.password(),
            identity,
            ..Evidence::default()
        };
        let Gain {
            action, is_done, ..
        } = self.open(&letter, evidence).await;
        Gain {
            action,
            is_done,
            ..proof
        }
    }

    async fn answer_challenge(&mut self) -> Gain {
        let key = self.key();
        match (self.me.challenges.pop(), key) {
            (Some(challenge), Some(key)) => self.answer(&challenge, &key).await,
            _ => self.log_in().await,
        }
    }

    /// Answers a challenge with a code of this key.
    pub(super) async fn answer(&self, challenge: &str, key: &[u8]) -> Gain {
        let (code, client) = (self.code_of(key), client());
        let format = TokenFormat::Opaque;
        let sign_in = self.auth.sign_in();
        let answered = sign_in.login_by_second_factor(challenge, &code, format, &[], &client);
        let answered = answered.await;
        Gain {
            sessions: answered.iter().map(text).collect(),
            ..gain("answer a challenge", answered.is_ok())
        }
    }
}
