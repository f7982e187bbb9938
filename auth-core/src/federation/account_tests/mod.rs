//! The rules by which a person of a provider and an account belong together. Each test is about something that one person
//! would otherwise have of another.

mod completion;
mod identities;
mod races;
mod reauthentication;
mod rules;
mod sign_ups;
mod two_people;
mod upstream_tokens;

use std::sync::LazyLock;

use super::code::{Binding, Content, FlowCookies, Presented, create_code};
use super::exchange::{CompletionRequired, Exchange};
use super::flow::FlowPurpose;
use super::person::Person;
use super::resolve::sign_in;
use crate::admin::actor::Actor;
use crate::admin::users::creation::NewAccount;
use crate::client::Client;
use crate::error::{Error, Result};
use crate::mfa::totp;
use crate::platform::Platform as _;
use crate::sessions::tokens::Tokens;
use crate::sessions::transport::TokenFormat;
use crate::sign_in::login::{Login, LoginRequest};
use crate::sign_in::reauthentication::Evidence;
use crate::stand_in::{PASSWORD, StandIn, after_answer, at_once, auth, client};
use crate::storage::{ActiveSession, UserDetails};
use crate::{Auth, MfaChallenge};

type Service = Auth<StandIn>;

/// A provider that is trusted, and one that is not.
const PROVIDERS: [(&str, &str); 5] = [
    ("GOOGLE_CLIENT_ID", "app"),
    ("GOOGLE_CLIENT_SECRET", "secret"),
    ("SPOTIFY_CLIENT_ID", "app"),
    ("SPOTIFY_CLIENT_SECRET", "secret"),
    ("REGISTER_AUTO_LOGIN", "true"),
];

fn service(settings: &[(&'static str, &'static str)]) -> Service {
    let all: Vec<_> = PROVIDERS.iter().chain(settings).copied().collect();
    auth(&all)
}

fn first_id(auth: &Service, active: &ActiveSession) -> String {
    at_once(auth.identities().list(active)).unwrap()[0]
        .id
        .clone()
}

/// A person whose address Google has verified.
fn google(subject: &str, email: &str) -> Person {
    Person {
        provider: "google".to_owned(),
        issuer: "https://accounts.google.com".to_owned(),
        subject: subject.to_owned(),
        email: Some(email.to_owned()),
        email_verified: true,
        name: Some("Ada Lovelace".to_owned()),
        username: Some("ada".to_owned()),
        picture: None,
        locale: Some("en".to_owned()),
        auth_time: None,
        tokens: None,
    }
}

/// A person whose address nobody has verified.
fn unverified(subject: &str, email: &str) -> Person {
    Person {
        provider: "spotify".to_owned(),
        issuer: "https://accounts.spotify.com".to_owned(),
        email_verified: false,
        ..google(subject, email)
    }
}

fn arrive(auth: &Service, person: &Person) -> Result<Exchange> {
    let signed_in = sign_in(
        auth.federation().context,
        person.clone(),
        TokenFormat::Opaque,
        &[],
        client(),
    );
    let exchange = at_once(signed_in);
    after_answer(auth);
    exchange
}

fn session_of(exchange: Result<Exchange>) -> ActiveSession {
    match exchange {
        Ok(Exchange::SignedIn(tokens)) => tokens.active().clone(),
        Ok(Exchange::MfaRequired(_)) => panic!("a second factor"),
        Ok(Exchange::CompletionRequired(_)) => panic!("a completion"),
        Ok(Exchange::VerificationRequired) => panic!("a verification"),
        Err(error) => panic!("{error}"),
    }
}

/// Returns the session of a person who signs in.
fn enter(auth: &Service, person: &Person) -> ActiveSession {
    session_of(arrive(auth, person))
}

fn challenge_of(exchange: Result<Exchange>) -> MfaChallenge {
    match exchange {
        Ok(Exchange::MfaRequired(challenge)) => challenge,
        _ => panic!("no second factor"),
    }
}

fn completion_of(exchange: Result<Exchange>) -> CompletionRequired {
    match exchange {
        Ok(Exchange::CompletionRequired(required)) => required,
        _ => panic!("no completion"),
    }
}

fn refusal(exchange: Result<Exchange>) -> Error {
    exchange.map(|_| ()).unwrap_err()
}

/// Creates a user with a password.
fn account(auth: &Service, email: &str, verified: bool) -> String {
    let operator = Actor::operator(Client::default());
    let fields = auth.config().profile_fields.iter();
    let profile = fields
        .map(|field| (field.name.clone(), "Bergen".into()))
        .collect();
    let new = NewAccount {
        profile: Some(&profile),
        email: Some(email),
        email_verified: verified,
        password: Some(PASSWORD),
        ..NewAccount::default()
    };
    let created = at_once(auth.users().create(&operator, new));
    created.unwrap().account.user.id
}

fn member(auth: &Service, user_id: &str) -> UserDetails {
    at_once(auth.users().get(user_id)).unwrap()
}

/// Returns the session of a user who signs in with the password.
fn login(auth: &Service, name: &str, password: &str) -> Result<ActiveSession> {
    let request = LoginRequest {
        name,
        password,
        code: None,
        token_format: TokenFormat::Opaque,
        replaces: &[],
    };
    let login = at_once(auth.sign_in().login(request, client()));
    after_answer(auth);
    match login? {
        Login::SignedIn(tokens) => Ok(tokens.active().clone()),
        Login::MfaRequired(_) => panic!("a second factor"),
    }
}

/// Whether a session has not ended.
fn lives(auth: &Service, active: &ActiveSession) -> bool {
    let sessions = at_once(auth.sessions().list(active)).unwrap();
    sessions
        .iter()
        .any(|session| session.id == active.session.id)
}

/// Presents a code of a flow that has just ended.
fn code(auth: &Service, person: &Person, purpose: FlowPurpose) -> String {
    let binding = Binding::Cookie(crate::secret::digest("cookie"));
    let content = Content {
        person: person.clone(),
        purpose,
        binding,
        continuation: None,
    };
    let code = at_once(create_code(auth.federation().context, &content));
    code.unwrap().expose().to_owned()
}

static COOKIES: LazyLock<FlowCookies<'_>> =
    LazyLock::new(|| FlowCookies::new(vec![("id", "cookie")]));

fn presented(code: &str) -> Presented<'_> {
    Presented {
        code,
        verifier: None,
        flows: &COOKIES,
    }
}

fn link(auth: &Service, active: &ActiveSession, person: &Person) -> Result<()> {
    let code = code(auth, person, FlowPurpose::Link);
    let linked = auth.identities().link(active, presented(&code), client());
    let linked = at_once(linked).map(|_| ());
    after_answer(auth);
    linked
}

/// Puts a second factor into force, and returns its key and the session that has proved it.
fn enable_factor(auth: &Service, active: &ActiveSession) -> (Vec<u8>, ActiveSession) {
    let enabled = auth
        .mfa()
        .enable_totp(active, Evidence::default(), client());
    let key = totp::decode_key(
        &at_once(enabled)
            .map_err(|e| e.to_string())
            .ok()
            .unwrap()
            .secret,
    );
    let key = key.unwrap();
    let code = current_code(auth, &key);
    let confirmed = at_once(auth.mfa().confirm_totp(active, &code, client()));
    let (_, tokens) = confirmed.map_err(|e| e.to_string()).ok().unwrap();
    after_answer(auth);
    (key, tokens.active().clone())
}

fn current_code(auth: &Service, key: &[u8]) -> String {
    totp::code(key, auth.platform().now().as_millis() / 30_000)
}

fn active_of(tokens: Result<Tokens>) -> Result<ActiveSession> {
    tokens.map(|tokens| tokens.active().clone())
}

/// Returns the token of the last mail's link.
fn mailed_token(auth: &Service) -> String {
    let mail = auth.platform().mail.lock().unwrap();
    let text = &mail.last().unwrap().text;
    let token = text.split("token=").nth(1).unwrap();
    token.split_whitespace().next().unwrap().to_owned()
}
