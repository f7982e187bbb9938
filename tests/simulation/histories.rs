//! Random histories of accounts and sessions, compared with a short model of the required behaviour. Calls of storage can
//! fail, before they do anything or afterwards; then the client repeats its request, and the model still holds.

use std::time::Duration;

use auth_core::{Auth, Error, Platform as _, Timestamp, TokenPair};
use futures::executor::block_on;
use gatewright_tests::host::PASSWORD;
use gatewright_tests::simulation::after_answer;
use gatewright_tests::{SimulatedPlatform, Unreliable, config};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};

use super::{client, login, refresh, register};

/// The default number of histories; `GATEWRIGHT_HISTORIES` overrides it.
const HISTORIES: u64 = 20;
const HISTORIES_ON_POSTGRES: u64 = 2;
const STEPS: u32 = 80;
const USERS: u64 = 3;
const GRACE: Duration = Duration::from_secs(10);
// Including the clock tolerance.
const ACCESS: Duration = Duration::from_secs(15 * 60 + 5);
const REFRESH: Duration = Duration::from_secs(7 * 86_400);
const SESSION: Duration = Duration::from_secs(30 * 86_400);

/// The number of exchanges within the grace window after which a late copy of a token no longer gets its successor.
const MAX_SUPERSEDED: usize = 8;

/// A session in the model.
struct Modelled {
    user: u64,
    ended: bool,
    begun: Timestamp,
    /// When the newest tokens were issued.
    renewed: Timestamp,
    current: TokenPair,
    /// Exchanged tokens in order, with the time of each exchange.
    used: Vec<(TokenPair, Timestamp)>,
}

impl Modelled {
    fn new(user: u64, current: TokenPair, now: Timestamp) -> Self {
        Self {
            user,
            ended: false,
            begun: now,
            renewed: now,
            current,
            used: Vec::new(),
        }
    }

    fn can_refresh(&self, now: Timestamp) -> bool {
        !self.ended && now < self.renewed + REFRESH && now < self.begun + SESSION
    }

    fn is_active(&self, now: Timestamp) -> bool {
        !self.ended && now < self.renewed + ACCESS && now < self.begun + SESSION
    }
}

/// Repeats a request until storage is available.
fn answered<T>(request: impl Fn() -> Result<T, Error>) -> Result<T, Error> {
    let answers = std::iter::repeat_with(request).take(100);
    let mut others = answers.skip_while(|answer| matches!(answer, Err(Error::Unavailable(_))));
    others.next().unwrap()
}

struct History {
    auth: Auth<SimulatedPlatform<Unreliable>>,
    rng: ChaCha20Rng,
    registered: Vec<u64>,
    sessions: Vec<Modelled>,
}

impl History {
    fn new(seed: u64, storage: Unreliable) -> Self {
        let settings = [
            ("LOGIN_ATTEMPTS_PER_ACCOUNT", "0"),
            ("LOGIN_ATTEMPTS_PER_IP", "0"),
        ];
        Self {
            auth: Auth::new(
                SimulatedPlatform::with_storage(seed, storage),
                config(&settings),
            ),
            rng: ChaCha20Rng::seed_from_u64(seed),
            registered: Vec::new(),
            sessions: Vec::new(),
        }
    }

    fn any(&mut self, below: u64) -> u64 {
        self.rng.next_u64() % below
    }

    fn now(&self) -> Timestamp {
        self.auth.platform().now()
    }

    fn any_session(&mut self) -> Option<usize> {
        let count = self.sessions.len() as u64;
        (count > 0).then(|| self.any(count) as usize)
    }

    fn step(&mut self) {
        let user = self.any(USERS);
        let email = format!("user{user}@example.com");
        match self.any(10) {
            0 | 1 if !self.registered.contains(&user) => {
                // A lost answer of a registration is repeated as a login, which the model doesn't know.
                let storage = self.auth.platform().storage();
                let tokens = storage.reliably(|| register(&self.auth, &email));
                self.registered.push(user);
                self.sessions.push(Modelled::new(user, tokens, self.now()));
            }
            0 | 1 => {
                let request = || login(&self.auth, &email, PASSWORD);
                let signed_in = answered(request).ok().unwrap();
                self.sessions
                    .push(Modelled::new(user, signed_in, self.now()));
            }
            2 => {
                let request = || login(&self.auth, &email, "not the password at all");
                let refused = answered(request).err();
                assert_eq!(refused, Some(Error::InvalidCredentials));
            }
            3..=5 => self.refresh(),
            6 => self.present_used_token(),
            7 => self.log_out(),
            8 => self.log_out_everywhere(),
            _ => {
                let spans = [1, 5, 11, 600, 901, 86_400, 3 * 86_400, 8 * 86_400];
                let span = spans[self.any(spans.len() as u64) as usize];
                self.auth.platform().advance(Duration::from_secs(span));
            }
        }
        after_answer(&self.auth);
    }

    fn refresh(&mut self) {
        let Some(index) = self.any_session() else {
            return;
        };
        let now = self.now();
        let session = &mut self.sessions[index];
        match answered(|| refresh(&self.auth, &session.current)) {
            Ok(next) => {
                assert!(session.can_refresh(now), "a dead session was renewed");
                let used = std::mem::replace(&mut session.current, next);
                session.used.push((used, now));
                session.renewed = now;
            }
            Err(error) => {
                assert_eq!(error, Error::RefreshToken);
                assert!(!session.can_refresh(now), "a live session was not renewed");
            }
        }
    }

    /// A used token returns its successor within the grace window. Later it ends the session.
    fn present_used_token(&mut self) {
        let Some(index) = self.any_session() else {
            return;
        };
        let now = self.now();
        let chance = self.any(1000) as usize;
        let session = &mut self.sessions[index];
        // Any of them, because the rows of older ones are already deleted.
        let count = session.used.len().max(1);
        let chosen = chance % count;
        let Some((used, when)) = session.used.get(chosen) else {
            return;
        };
        let presented = answered(|| refresh(&self.auth, used));
        if session.ended || now >= session.begun + SESSION {
            assert_eq!(presented.err(), Some(Error::RefreshToken));
        } else if now < *when + GRACE {
            // A copy that is late by more exchanges gets no successor, and ends nothing.
            if count - chosen > MAX_SUPERSEDED {
                assert_eq!(presented.err(), Some(Error::RefreshToken));
            } else {
                let again = presented.ok().unwrap();
                assert!(again.refresh_token == session.current.refresh_token);
            }
        } else {
            assert_eq!(presented.err(), Some(Error::RefreshToken));
            // A clean-up may have deleted the tokens of a session that was not renewed in time.
            if now < session.renewed + REFRESH {
                session.ended = true;
            }
        }
    }

    fn log_out(&mut self) {
        let Some(index) = self.any_session() else {
            return;
        };
        let now = self.now();
        let session = &mut self.sessions[index];
        let token = &session.current.access_token;
        // A repeated request is refused if the lost one has ended the session.
        let ended = answered(|| block_on(self.auth.sessions().logout(token, &client())));
        if ended.is_ok() || session.is_active(now) {
            session.ended = true;
        }
    }

    fn log_out_everywhere(&mut self) {
        let Some(index) = self.any_session() else {
            return;
        };
        let (now, user) = (self.now(), self.sessions[index].user);
        let session = &self.sessions[index];
        let auth = &self.auth;
        let token = &session.current.access_token;
        let Ok(active) = answered(|| block_on(auth.sessions().authenticate(token))) else {
            assert!(!session.is_active(now));
            return;
        };
        answered(|| block_on(auth.sessions().logout_all(&active, &client()))).unwrap();
        let theirs = self.sessions.iter_mut().filter(|one| one.user == user);
        theirs.for_each(|one| one.ended = true);
    }

    fn check(&self) {
        let now = self.now();
        for session in &self.sessions {
            let token = &session.current.access_token;
            let request = || block_on(self.auth.sessions().authenticate(token));
            let authenticated = answered(request);
            assert_eq!(authenticated.is_ok(), session.is_active(now));
        }
    }
}

fn agree_with_the_model(usually: u64, storage: impl Fn(u64) -> Unreliable) {
    let asked = std::env::var("GATEWRIGHT_HISTORIES").ok();
    let histories = asked.map_or(usually, |text| text.parse().unwrap());
    for seed in 0..histories {
        let mut history = History::new(seed, storage(seed));
        for step in 0..STEPS {
            let checked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                history.step();
                history.check();
            }));
            assert!(checked.is_ok(), "history {seed} failed at step {step}");
        }
    }
}

#[test]
fn histories_agree_with_the_model() {
    agree_with_the_model(HISTORIES, |_| Unreliable::in_memory());
}

#[test]
fn histories_with_failing_calls_agree_with_the_model() {
    agree_with_the_model(HISTORIES, |seed| Unreliable::in_memory().failing(seed));
}

#[test]
fn histories_with_failing_calls_on_postgres_agree_with_the_model() {
    agree_with_the_model(HISTORIES_ON_POSTGRES, |seed| {
        Unreliable::on_postgres().failing(seed)
    });
}
