//! A platform with controlled time and randomness.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use auth_core::storage::Storage;
use auth_core::{
    Deferred, Level, MailError, Message, OutboundRequest, OutboundResponse, Platform, Timestamp,
};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};

use gatewright_storage_memory::MemoryStorage;

/// Answers a request to another service. `None` means that nothing is there.
type Service = Box<dyn Fn(&OutboundRequest) -> Option<OutboundResponse> + Send>;

/// Storage in memory, a clock that moves only on request, seeded randomness, and recorded mail and log.
pub struct SimulatedPlatform<S = MemoryStorage> {
    storage: S,
    now: Mutex<Timestamp>,
    random: Mutex<ChaCha20Rng>,
    mail: Mutex<Vec<Message>>,
    deferred: Mutex<Vec<Deferred>>,
    log: Mutex<Vec<String>>,
    service: Mutex<Option<Service>>,
}

impl SimulatedPlatform {
    /// Creates a platform with empty storage; the same seed gives the same randomness.
    pub fn new(seed: u64) -> Self {
        Self::with_storage(seed, MemoryStorage::default())
    }
}

impl<S> SimulatedPlatform<S> {
    /// Creates a platform on a given storage.
    pub fn with_storage(seed: u64, storage: S) -> Self {
        Self {
            storage,
            // 2026-01-01T00:00:00Z
            now: Mutex::new(Timestamp::from_millis(1_767_225_600_000)),
            random: Mutex::new(ChaCha20Rng::seed_from_u64(seed)),
            mail: Mutex::default(),
            deferred: Mutex::default(),
            log: Mutex::default(),
            service: Mutex::default(),
        }
    }

    /// Answers requests to other services from now on.
    pub fn serve(
        &self,
        service: impl Fn(&OutboundRequest) -> Option<OutboundResponse> + Send + 'static,
    ) {
        *self.service.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(service));
    }

    /// Moves the clock forward.
    pub fn advance(&self, span: Duration) {
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        *now = *now + span;
    }

    /// Returns the mail so far.
    pub fn mail(&self) -> Vec<Message> {
        self.mail
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Returns the work that was deferred since the last call.
    pub fn take_deferred(&self) -> Vec<Deferred> {
        let mut deferred = self.deferred.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut deferred)
    }

    /// Returns the log lines so far.
    pub fn log_lines(&self) -> Vec<String> {
        self.log
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl<S: Storage> Platform for SimulatedPlatform<S> {
    type Storage = S;

    fn storage(&self) -> &S {
        &self.storage
    }

    fn now(&self) -> Timestamp {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fill_random(&self, bytes: &mut [u8]) {
        self.random
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .fill_bytes(bytes);
    }

    async fn send_mail(&self, message: Message) -> Result<(), MailError> {
        self.mail
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(message);
        Ok(())
    }

    async fn fetch(&self, request: OutboundRequest) -> Result<OutboundResponse, String> {
        let service = self.service.lock().unwrap_or_else(PoisonError::into_inner);
        let response = service.as_ref().and_then(|service| service(&request));
        response.ok_or_else(|| format!("nothing is at {}", request.url))
    }

    async fn pause(&self, span: Duration) {
        self.advance(span);
    }

    fn defer(&self, work: Deferred) {
        self.deferred
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(work);
    }

    fn log(&self, level: Level, message: &str, fields: &[(&str, &str)]) {
        self.log
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(format!("{level:?} {message} {fields:?}"));
    }
}
