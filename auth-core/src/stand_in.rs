//! A platform for tests: storage in memory, a clock that the test moves, and randomness that repeats.

use core::future::{Future, poll_fn};
use core::pin::pin;
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use core::task::{Context as TaskContext, Poll, Waker};
use core::time::Duration;
use std::collections::BTreeMap;
use std::sync::{LazyLock, Mutex};

use gatewright_storage_memory::MemoryStorage;
use sha2::{Digest as _, Sha256};

use crate::Auth;
use crate::client::Client;
use crate::config::Config;
use crate::deferred::task::Deferred;
use crate::mail::{MailError, Message};
use crate::outbound::{OutboundRequest, OutboundResponse};
use crate::platform::{Level, Platform, Settings};
use crate::time::Timestamp;

/// The password of everybody.
pub(crate) const PASSWORD: &str = "correct horse battery staple";

/// A platform that does nothing by itself.
pub(crate) struct StandIn {
    storage: MemoryStorage,
    now: Mutex<Timestamp>,
    random: Mutex<u64>,
    /// An event before the next random number, which is between the reading of an account and its change.
    meanwhile: Mutex<Option<Box<dyn FnOnce() + Send>>>,
    deferred: Mutex<Vec<Deferred>>,
    /// The mails so far.
    pub(crate) mail: Mutex<Vec<Message>>,
    /// The answers to outbound requests, by the address without its query: status and body, or the failure.
    answers: Mutex<BTreeMap<String, Answer>>,
    /// The address whose answers have to be waited for.
    slow: Mutex<Option<String>>,
    /// Whether the next pause has to be waited for.
    waits_in_pause: AtomicBool,
    /// The outbound requests so far.
    pub(crate) requests: Mutex<Vec<OutboundRequest>>,
    log: Mutex<Vec<String>>,
    /// The number of calls of storage so far.
    pub(crate) storage_calls: AtomicUsize,
}

type Answer = Result<(u16, String), &'static str>;

impl Platform for StandIn {
    type Storage = MemoryStorage;

    fn storage(&self) -> &MemoryStorage {
        self.storage_calls.fetch_add(1, Ordering::Relaxed);
        &self.storage
    }

    fn now(&self) -> Timestamp {
        *self.now.lock().unwrap()
    }

    fn fill_random(&self, bytes: &mut [u8]) {
        let meanwhile = self.meanwhile.lock().unwrap().take();
        if let Some(meanwhile) = meanwhile {
            meanwhile();
        }
        let mut count = self.random.lock().unwrap();
        for chunk in bytes.chunks_mut(32) {
            *count += 1;
            chunk.copy_from_slice(&Sha256::digest(count.to_be_bytes())[..chunk.len()]);
        }
    }

    async fn send_mail(&self, message: Message) -> Result<(), MailError> {
        self.mail.lock().unwrap().push(message);
        Ok(())
    }

    async fn fetch(&self, request: OutboundRequest) -> Result<OutboundResponse, String> {
        let url = request.url.clone();
        self.requests.lock().unwrap().push(request);
        let place = url.split('?').next().unwrap_or_default();
        let mut waits = self.slow.lock().unwrap().as_deref() == Some(place);
        wait_once(&mut waits).await;
        let answer = self.answers.lock().unwrap().get(place).cloned();
        let (status, body) = answer.ok_or_else(|| format!("nothing is at {url}"))??;
        let body = body.into_bytes();
        Ok(OutboundResponse { status, body })
    }

    async fn pause(&self, span: Duration) {
        let mut waits = self.waits_in_pause.swap(false, Ordering::Relaxed);
        wait_once(&mut waits).await;
        self.advance(span);
    }

    fn defer(&self, work: Deferred) {
        self.deferred.lock().unwrap().push(work);
    }

    fn log(&self, level: Level, message: &str, fields: &[(&str, &str)]) {
        let line = format!("{} {message} {fields:?}\n", level.as_str());
        self.log.lock().unwrap().push(line);
    }
}

/// Lets a future wait once if `waits` is set.
async fn wait_once(waits: &mut bool) {
    poll_fn(|_| match core::mem::take(waits) {
        true => Poll::Pending,
        false => Poll::Ready(()),
    })
    .await;
}

impl StandIn {
    /// Lets something happen before the next random number.
    pub(crate) fn meanwhile(&self, happens: impl FnOnce() + Send + 'static) {
        *self.meanwhile.lock().unwrap() = Some(Box::new(happens));
    }

    /// Answers requests to an address from now on.
    pub(crate) fn serve(&self, url: &str, status: u16, body: &str) {
        let answer = Ok((status, body.to_owned()));
        self.answers.lock().unwrap().insert(url.to_owned(), answer);
    }

    /// Lets futures wait once for each answer from an address from now on.
    pub(crate) fn slow_down(&self, url: &str) {
        *self.slow.lock().unwrap() = Some(url.to_owned());
    }

    /// Lets a future wait in its next pause.
    pub(crate) fn wait_in_pause(&self) {
        self.waits_in_pause.store(true, Ordering::Relaxed);
    }

    /// Lets requests to an address fail from now on.
    pub(crate) fn break_down(&self, url: &str) {
        let answer = Err("the provider is too slow");
        self.answers.lock().unwrap().insert(url.to_owned(), answer);
    }

    /// Returns the number of requests to an address so far.
    pub(crate) fn fetched(&self, url: &str) -> usize {
        let requests = self.requests.lock().unwrap();
        let is_there = |request: &&OutboundRequest| request.url.split('?').next() == Some(url);
        requests.iter().filter(is_there).count()
    }

    /// Returns the log so far.
    pub(crate) fn log_text(&self) -> String {
        self.log.lock().unwrap().concat()
    }

    /// Moves the clock forward.
    pub(crate) fn advance(&self, span: Duration) {
        let mut now = self.now.lock().unwrap();
        *now = *now + span;
    }
}

/// Returns the result of a future that waits for nothing.
pub(crate) fn at_once<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut TaskContext::from_waker(Waker::noop())) {
        Poll::Ready(result) => result,
        Poll::Pending => unreachable!("storage in memory answers at once"),
    }
}

/// Returns a configuration with cheap hashes and these settings.
pub(crate) fn config(settings: &[(&str, &str)]) -> Config {
    struct Given<'a>(BTreeMap<&'a str, &'a str>);
    impl Settings for Given<'_> {
        async fn get(&self, name: &str) -> Result<Option<String>, String> {
            Ok(self.0.get(name).map(|value| (*value).to_owned()))
        }
    }
    let usual = [
        ("SECRET_KEY", "0123456789abcdef0123456789abcdef"),
        ("ARGON2_MEMORY_KIB", "64"),
        ("ARGON2_ITERATIONS", "1"),
    ];
    let given = Given(usual.into_iter().chain(settings.iter().copied()).collect());
    let config = at_once(Config::from_settings(&given));
    config.map_err(|error| error.to_string()).ok().unwrap()
}

/// Returns an instance with these settings.
pub(crate) fn auth(settings: &[(&str, &str)]) -> Auth<StandIn> {
    let platform = StandIn {
        storage: MemoryStorage::default(),
        // 2026-01-01T00:00:00Z
        now: Mutex::new(Timestamp::from_millis(1_767_225_600_000)),
        random: Mutex::default(),
        meanwhile: Mutex::default(),
        deferred: Mutex::default(),
        mail: Mutex::default(),
        answers: Mutex::default(),
        slow: Mutex::default(),
        waits_in_pause: AtomicBool::default(),
        requests: Mutex::default(),
        log: Mutex::default(),
        storage_calls: AtomicUsize::default(),
    };
    Auth::new(platform, config(settings))
}

/// Does the deferred work, as a host does after an answer.
pub(crate) fn after_answer(auth: &Auth<StandIn>) {
    loop {
        let deferred = core::mem::take(&mut *auth.platform().deferred.lock().unwrap());
        if deferred.is_empty() {
            return;
        }
        for work in deferred {
            at_once(auth.run(work));
        }
    }
}

/// Returns a client.
pub(crate) fn client() -> &'static Client {
    static CLIENT: LazyLock<Client> = LazyLock::new(|| Client {
        ip: "192.0.2.1".parse().ok(),
        ..Client::default()
    });
    &CLIENT
}
