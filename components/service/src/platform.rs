//! The core's platform, implemented by the component's imports.

use std::time::Duration;

use auth_core::storage::{
    Account, ActiveSession, AuditEvent, AuditPage, AuditQuery, ChangeOutcome, CreateUserOutcome,
    DeleteUserOutcome, Document, EmailKey, EventCount, Grounds, IdentifiedAccount, Identity, Limit,
    LimitState, LoginName, Mirror as _, NewSession, NewUser, OneTimeSecret, PasswordCost,
    Permission, Role, Rotation, RotationOutcome, Session, Standing, StartSessionOutcome,
    StorageError, StoreOutcome, StoredSigningKey, Subject, UserChange, UserDetails, UserPage,
    UserQuery,
};
use auth_core::{
    Deferred, FETCH_LIMIT, FETCH_TIMEOUT, Level, MailError, Message, OutboundMethod,
    OutboundRequest, OutboundResponse, Platform, Settings, Timestamp,
};
use gatewright_http::{StorageCall, Turns};
use http::Request;
use http::header::CONTENT_LENGTH;
use http_body_util::{BodyExt as _, Full, Limited};
use wasip3::clocks::system_clock;
use wasip3::http::client;
use wasip3::http::types::{ErrorCode, RequestOptions};
use wasip3::http_compat::{
    RequestOptionsExtension, http_from_wasi_response, http_into_wasi_request,
};
use wasip3::random::random;

use crate::bindings::gatewright::auth::{self, log, mail, settings};
use crate::clock::{wait, within};
use crate::later;

auth_core::storage::mirror_storage!(crate::bindings::gatewright::auth);
auth_core::mirror_mail!(crate::bindings::gatewright::auth::mail);

/// The turns of password hashes and storage calls in this instance.
static TURNS: Turns = Turns::new();
/// The time until a waiting request first checks for its turn, and the longest time between checks.
const LOOK: Duration = Duration::from_millis(1);
const LONGEST_LOOK: Duration = Duration::from_millis(16);

/// Waits until a storage call can begin.
async fn begin_call() -> StorageCall<'static> {
    let mut look = LOOK;
    loop {
        if let Some(call) = TURNS.call() {
            return call;
        }
        Host.pause(look).await;
        look = LONGEST_LOOK.min(look * 2);
    }
}

/// The imports as a platform.
pub(crate) struct Host;

macro_rules! call_imports {
    ($($noun:ident in $module:ident {
        $($name:ident($($argument:ident: $ty:ty),*) -> $output:ty;)*
    })*) => {
        $(impl auth_core::storage::$noun for Host {
            $(async fn $name(&self, $($argument: $ty),*) -> Result<$output, StorageError> {
                let _call = begin_call().await;
                auth::$module::$name($($argument.mirror()),*).await.mirror()
            })*
        })*
    };
}
auth_core::storage::storage_functions!(call_imports);

impl Platform for Host {
    type Storage = Self;

    fn storage(&self) -> &Self {
        self
    }

    fn now(&self) -> Timestamp {
        let now = system_clock::now();
        Timestamp::from_unix(now.seconds, now.nanoseconds)
    }

    fn fill_random(&self, bytes: &mut [u8]) {
        let mut filled = 0;
        // The import can return fewer bytes than requested.
        while filled < bytes.len() {
            let drawn = random::get_random_bytes((bytes.len() - filled) as u64);
            bytes[filled..filled + drawn.len()].copy_from_slice(&drawn);
            filled += drawn.len();
        }
    }

    async fn send_mail(&self, message: Message) -> Result<(), MailError> {
        mail::send(message.mirror()).await.mirror()
    }

    async fn fetch(&self, outbound: OutboundRequest) -> Result<OutboundResponse, String> {
        let mut request = Request::builder()
            .method(outbound.method.as_str())
            .uri(outbound.url);
        for (name, value) in outbound.headers {
            request = request.header(name, value);
        }
        // Without it the host sends chunks, which some servers don't read.
        if outbound.method == OutboundMethod::Post {
            request = request.header(CONTENT_LENGTH, outbound.body.len());
        }
        let mut request = request
            .body(Full::new(bytes::Bytes::from(outbound.body)))
            .map_err(|error| error.to_string())?;
        let options = RequestOptions::new();
        let limit = u64::try_from(FETCH_TIMEOUT.as_nanos()).ok();
        // A host can lack support for one of these limits; the others still apply.
        let _ = options.set_connect_timeout(limit);
        let _ = options.set_first_byte_timeout(limit);
        let _ = options.set_between_bytes_timeout(limit);
        request
            .extensions_mut()
            .insert(RequestOptionsExtension(options));
        let fetched = async {
            let sent = client::send(http_into_wasi_request(request)?).await?;
            let response = http_from_wasi_response(sent)?;
            let status = response.status().as_u16();
            let body = Limited::new(response.into_body(), FETCH_LIMIT);
            Ok((status, body.collect().await))
        };
        // Also in total, because a body that drips keeps each of the other limits.
        let fetched = within(FETCH_TIMEOUT, fetched).await;
        let fetched = fetched.ok_or("it does not respond")?;
        let (status, body) =
            fetched.map_err(|code: ErrorCode| format!("it can't be reached: {code}"))?;
        let body = body.map_err(|error| format!("its response can't be read: {error}"))?;
        let body = body.to_bytes().to_vec();
        Ok(OutboundResponse { status, body })
    }

    async fn pause(&self, span: Duration) {
        wait(span).await;
    }

    async fn before_hash(&self) {
        let waiting = TURNS.hash();
        let mut look = LOOK;
        while !waiting.may_start() {
            self.pause(look).await;
            look = LONGEST_LOOK.min(look * 2);
        }
    }

    fn defer(&self, work: Deferred) {
        later::defer(work);
    }

    fn log(&self, level: Level, message: &str, fields: &[(&str, &str)]) {
        let level = match level {
            Level::Debug => log::Level::Debug,
            Level::Info => log::Level::Info,
            Level::Warn => log::Level::Warn,
            Level::Error => log::Level::Error,
        };
        let fields: Vec<_> = fields
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        log::emit(level, message, &fields);
    }
}

/// The settings import.
pub(crate) struct ContractSettings;

impl Settings for ContractSettings {
    async fn get(&self, name: &str) -> Result<Option<String>, String> {
        settings::get(name.to_owned())
            .await
            .map_err(|settings::Error::Unavailable(cause)| cause)
    }
}
