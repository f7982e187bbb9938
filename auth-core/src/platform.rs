//! What the core is given: storage, mail, settings, time, randomness and a log. It has none of its own.

use core::time::Duration;

use crate::deferred::task::Deferred;
use crate::mail::message::{MailError, Message};
use crate::outbound::{OutboundRequest, OutboundResponse};
use crate::password::parameters::Parameters;
use crate::storage::Storage;
use crate::time::Timestamp;

/// Everything outside the core that it may touch, for one instance.
///
/// With a seeded [`fill_random`](Platform::fill_random), a simulated [`now`](Platform::now) and the same storage
/// the core gives the same bytes: that is what makes races, clock jumps and lost replies testable.
#[allow(
    async_fn_in_trait,
    reason = "futures are Send where the platform's are; Workers' are not"
)]
pub trait Platform {
    /// Where records live.
    type Storage: Storage;

    /// The storage.
    fn storage(&self) -> &Self::Storage;

    /// The current time.
    fn now(&self) -> Timestamp;

    /// Fills `bytes` from a cryptographically secure source.
    fn fill_random(&self, bytes: &mut [u8]);

    /// Hands one message over for delivery.
    ///
    /// # Errors
    /// It was not taken.
    async fn send_mail(&self, message: Message) -> Result<(), MailError>;

    /// Sends a request and returns its answer, whatever its status. It gives up after [`FETCH_TIMEOUT`](crate::FETCH_TIMEOUT), and on a body that
    /// is longer than [`FETCH_LIMIT`](crate::FETCH_LIMIT).
    ///
    /// # Errors
    /// The cause, for the log: the service can't be reached, or its answer can't be read.
    async fn fetch(&self, request: OutboundRequest) -> Result<OutboundResponse, String>;

    /// Waits.
    async fn pause(&self, span: Duration);

    /// Waits for its turn where requests share an instance, so that a password hash holds up none of them in the middle
    /// of a transaction. Called right before each hash: nothing is waited for in between.
    async fn before_hash(&self) {}

    /// Takes work that nobody waits for: it is given to [`Auth::run`](crate::Auth::run) once the request that it
    /// comes from is answered. Work that a platform loses with an instance is lost; nothing depends on it. A platform
    /// that holds too much of it makes requests wait, or hands it to [`Auth::give_up`](crate::Auth::give_up).
    fn defer(&self, work: Deferred);

    /// Hears of sessions that have ended before their time, for verifiers that don't ask storage: no access token of
    /// theirs is accepted by its `exp` alone after `until`. Nothing is decided by it here.
    fn sessions_ended(&self, _sessions: Vec<String>, _until: Timestamp) {}

    /// Most memory, in KiB, that this host has for a password hash. Stored ones that take more are refused when they are
    /// imported; no less than `ARGON2_MEMORY_KIB`.
    fn hash_memory(&self) -> u32 {
        Parameters::MAX_MEMORY
    }

    /// Writes one line for the operator. `fields` are names and values; none is ever a secret.
    fn log(&self, level: Level, message: &str, fields: &[(&str, &str)]);
}

/// Where configuration comes from.
#[allow(
    async_fn_in_trait,
    reason = "futures are Send where the platform's are; Workers' are not"
)]
pub trait Settings {
    /// The value of a setting by its upper-case name; none: not set.
    ///
    /// # Errors
    /// The cause, for the log, when settings can't be read.
    async fn get(&self, name: &str) -> Result<Option<String>, String>;
}

/// How much a log line matters, least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Of interest while looking for a fault.
    Debug,
    /// Normal operation.
    Info,
    /// Something failed or looks like an attack; the service goes on.
    Warn,
    /// A request could not be answered, or a setting is wrong.
    Error,
}

impl Level {
    /// The name in settings.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "debug" => Some(Self::Debug),
            "info" => Some(Self::Info),
            "warn" => Some(Self::Warn),
            "error" => Some(Self::Error),
            _ => None,
        }
    }

    /// The name in log lines.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Debug => "DEBUG",
            Self::Info => "INFO",
            Self::Warn => "WARN",
            Self::Error => "ERROR",
        }
    }
}
