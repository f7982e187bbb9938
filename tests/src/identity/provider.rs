//! The state of local providers.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::Value;
use tokio::sync::watch;

use super::script::Script;
use crate::received::Received;

/// The client secret of every provider. Its characters have to be encoded in a header.
pub const CLIENT_SECRET: &str = "the secret/of: the+client %";

/// The state of all providers.
#[derive(Default)]
pub(super) struct Shared {
    pub(super) providers: Mutex<BTreeMap<String, Provider>>,
    /// The seconds by which the service's clock is ahead.
    pub(super) ahead: AtomicU64,
    /// The number of requests so far.
    pub(super) received: watch::Sender<usize>,
    /// The numbers of the requests that are open and have no answer.
    pub(super) unanswered: watch::Sender<BTreeSet<u64>>,
}

/// A request that is open and has no answer, until this is dropped.
pub(super) struct Unanswered<'a>(&'a Shared, u64);

impl Shared {
    pub(super) fn leave_unanswered(&self) -> Unanswered<'_> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let number = COUNT.fetch_add(1, Ordering::SeqCst);
        self.unanswered.send_modify(|open| {
            open.insert(number);
        });
        Unanswered(self, number)
    }
}

impl Drop for Unanswered<'_> {
    fn drop(&mut self) {
        self.0.unanswered.send_modify(|open| {
            open.remove(&self.1);
        });
    }
}

/// The state of a provider.
#[derive(Default)]
pub(super) struct Provider {
    pub(super) script: Script,
    pub(super) requests: Vec<Request>,
    /// Codes that are not used yet.
    pub(super) codes: BTreeMap<String, Grant>,
    /// The claims of the person of each access token.
    pub(super) access_tokens: BTreeMap<String, Value>,
    /// The claims of the person of each refresh token.
    pub(super) refresh_tokens: BTreeMap<String, Value>,
    /// The number of codes and tokens so far.
    pub(super) made: usize,
}

/// The result of an authorization request.
#[derive(Clone)]
pub(super) struct Grant {
    pub(super) person: Value,
    pub(super) parameters: BTreeMap<String, String>,
}

/// A request that a provider received.
#[derive(Debug, Clone)]
pub struct Request {
    /// The name of its endpoint: the last part of the path.
    pub endpoint: String,
    /// The parameters of its query or its form.
    pub parameters: BTreeMap<String, String>,
    /// The request.
    pub received: Received,
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
