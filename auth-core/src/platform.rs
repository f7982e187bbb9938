//! The platform of the core: storage, mail, settings, time, randomness and a log. The core has none of its own.

use core::time::Duration;

use crate::deferred::task::Deferred;
use crate::mail::message::{MailError, Message};
use crate::outbound::{OutboundRequest, OutboundResponse};
use crate::password::parameters::Parameters;
use crate::storage::Storage;
use crate::time::Timestamp;

/// Everything outside the core that it can use, for one instance.
///
/// With a seeded [`fill_random`](Platform::fill_random), a simulated [`now`](Platform::now) and the same storage, the
/// core gives the same bytes. This makes race conditions, clock jumps and lost replies testable.
#[allow(
    async_fn_in_trait,
    reason = "futures are Send where the platform's are; Workers' are not"
)]
pub trait Platform {
    /// The type of the storage.
    type Storage: Storage;

    /// Returns the storage.
    fn storage(&self) -> &Self::Storage;

    /// Returns the current time.
    fn now(&self) -> Timestamp;

    /// Fills `bytes` from a cryptographically secure source.
    fn fill_random(&self, bytes: &mut [u8]);

    /// Hands over one message for delivery.
    ///
    /// # Errors
    /// The message was not accepted.
    async fn send_mail(&self, message: Message) -> Result<(), MailError>;

    /// Sends a request and returns its response, whatever its status; a redirect is not followed. It fails after
    /// [`FETCH_TIMEOUT`](crate::FETCH_TIMEOUT), and if the body is longer than [`FETCH_LIMIT`](crate::FETCH_LIMIT).
    ///
    /// # Errors
    /// The cause, for the log: the service can't be reached, or its response can't be read.
    async fn fetch(&self, request: OutboundRequest) -> Result<OutboundResponse, String>;

    /// Waits for this duration.
    async fn pause(&self, span: Duration);

    /// Waits until the password hash can run, where requests share an instance, so that it blocks no request in the
    /// middle of a transaction. Called right before each hash, with no other wait in between.
    async fn before_hash(&self) {}

    /// Accepts deferred work, which is passed to [`Auth::run`](crate::Auth::run) once the request that caused it is
    /// answered. Work that is lost with an instance stays lost; nothing depends on it. A platform with too much
    /// deferred work delays requests, or passes it to [`Auth::give_up`](crate::Auth::give_up).
    fn defer(&self, work: Deferred);

    /// Receives the sessions that have ended early, for verifiers that don't query storage: after `until`, `exp` alone
    /// makes all their access tokens invalid. The core bases no decision on it.
    fn sessions_ended(&self, _sessions: Vec<String>, _until: Timestamp) {}

    /// The maximum memory, in KiB, that this host has for a password hash. Imported hashes that need more are refused.
    /// At least `ARGON2_MEMORY_KIB`.
    fn hash_memory(&self) -> u32 {
        Parameters::MAX_MEMORY
    }

    /// Writes one line for the operator. `fields` are names and values, and never contain a secret.
    fn log(&self, level: Level, message: &str, fields: &[(&str, &str)]);
}

/// The source of the configuration.
#[allow(
    async_fn_in_trait,
    reason = "futures are Send where the platform's are; Workers' are not"
)]
pub trait Settings {
    /// Returns the value of a setting by its upper-case name, or `None` if it is not set.
    ///
    /// # Errors
    /// The cause, for the log, if settings can't be read.
    async fn get(&self, name: &str) -> Result<Option<String>, String>;
}

/// The level of a log line, lowest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Details for debugging.
    Debug,
    /// Normal operation.
    Info,
    /// Something failed or looks like an attack; the service continues.
    Warn,
    /// A request failed, or a setting is invalid.
    Error,
}

impl Level {
    /// Parses the name in settings.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "debug" => Some(Self::Debug),
            "info" => Some(Self::Info),
            "warn" => Some(Self::Warn),
            "error" => Some(Self::Error),
            _ => None,
        }
    }

    /// Returns the name in log lines.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Debug => "DEBUG",
            Self::Info => "INFO",
            Self::Warn => "WARN",
            Self::Error => "ERROR",
        }
    }
}
