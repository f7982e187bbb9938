//! The core's platform, implemented with the bindings and variables of a Cloudflare Worker.

use std::pin::pin;
use std::sync::OnceLock;
use std::time::Duration;

use auth_core::config::{LogConfig, SettingError};
use auth_core::{
    Deferred, FETCH_LIMIT, FETCH_TIMEOUT, Level, MailError, Message, OutboundMethod,
    OutboundRequest, OutboundResponse, Platform, Settings, Timestamp,
};
use bytes::Bytes;
use futures::future::{Either, select};
use futures::{FutureExt as _, StreamExt as _};
use gatewright_http::{BodyConfig, HashQueueConfig, Service};
use gatewright_mail::{Delivery, MailConfig, Mailbox, Provider, TIMEOUT, accepted, console};
use gatewright_storage_d1::D1;
use gatewright_storage_sqlite::SqliteStorage;
use http::{Request, StatusCode};
use js_sys::{Promise, Reflect, Uint8Array};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen_futures::future_to_promise;
use worker::{
    AbortController, Delay, EmailAddress, Env, Fetch, RequestInit, RequestRedirect, SendEmail,
    SendEmailBuilder, console_error, console_log, console_warn,
};

use crate::cache::Cache;

/// The service of this isolate. Deferred work, which outlives its request, uses it.
pub(crate) static SERVICE: OnceLock<Service<Host>> = OnceLock::new();
/// The memory of an isolate that password hashes can use: the part of its 128 MiB that code, JavaScript and requests
/// leave.
pub(crate) const HASH_MEMORY_KIB: u32 = 64 * 1024;
/// The binding of the database.
const DATABASE: &str = "DB";
/// The binding that sends e-mail.
const EMAIL: &str = "EMAIL";

#[wasm_bindgen(module = "cloudflare:workers")]
extern "C" {
    /// Keeps the request's context alive until a promise is settled.
    #[wasm_bindgen(js_name = waitUntil)]
    fn wait_until(promise: &Promise);
}

/// The bindings and variables that an isolate keeps.
pub(crate) struct Host {
    storage: SqliteStorage<D1>,
    cache: Option<Cache>,
    mail: MailConfig,
    email: Option<SendEmail>,
    log: LogConfig,
    hashes: HashQueueConfig,
    bodies: BodyConfig,
}

impl Host {
    /// Reads the settings that are not the service's, without waiting.
    pub(crate) fn new(env: Env) -> Result<Self, String> {
        let database = env
            .d1(DATABASE)
            .map_err(|error| format!("the binding {DATABASE} must be a D1 database: {error}"))?;
        let cache = Cache::new(&env);
        let variables = Variables(env);
        let text = |error: SettingError| error.to_string();
        let own = [Provider::Cloudflare];
        let mail = ready_now(MailConfig::from_settings(&variables, &own))?.map_err(text)?;
        let email = (mail.provider == Provider::Cloudflare)
            .then(|| variables.0.send_email(EMAIL))
            .transpose()
            .map_err(|_| format!("EMAIL_PROVIDER cloudflare needs the binding {EMAIL}"))?;
        Ok(Self {
            storage: SqliteStorage::new(D1::new(database)),
            cache,
            mail,
            email,
            log: ready_now(LogConfig::load(&variables))?.map_err(text)?,
            hashes: ready_now(HashQueueConfig::load(&variables))?.map_err(text)?,
            bodies: ready_now(BodyConfig::load(&variables))?.map_err(text)?,
        })
    }

    /// Returns the maximum number of requests that wait for a password hash.
    pub(crate) fn max_waiting_hashes(&self) -> usize {
        self.hashes.max_waiting
    }

    /// Returns the maximum number of bytes that all request bodies use together.
    pub(crate) fn body_memory(&self) -> usize {
        self.bodies.memory
    }

    /// Returns the database.
    pub(crate) fn d1(&self) -> &D1 {
        self.storage.executor()
    }
}

/// Returns a random number.
pub(crate) fn random() -> u64 {
    let mut random = [0; 8];
    getrandom::fill(&mut random).expect("crypto.getRandomValues is available");
    u64::from_be_bytes(random)
}

/// Returns the result of a future that never waits.
fn ready_now<T>(future: impl Future<Output = T>) -> Result<T, String> {
    let waited = "a variable can't be read without waiting";
    future.now_or_never().ok_or_else(|| waited.to_owned())
}

impl Platform for Host {
    type Storage = SqliteStorage<D1>;

    fn storage(&self) -> &Self::Storage {
        &self.storage
    }

    fn now(&self) -> Timestamp {
        now()
    }

    fn fill_random(&self, bytes: &mut [u8]) {
        getrandom::fill(bytes).expect("crypto.getRandomValues is available");
    }

    async fn send_mail(&self, message: Message) -> Result<(), MailError> {
        match (self.mail.delivery(&message)?, &self.email) {
            (Delivery::Request(request), _) => accepted(send(request).await?),
            (Delivery::Binding, Some(email)) => {
                send_by_binding(email, self.mail.from.as_ref(), &message).await
            }
            (Delivery::Log | Delivery::Smtp | Delivery::Binding, _) => {
                let (line, fields) = console(&message);
                self.log(Level::Info, &line, &fields);
                Ok(())
            }
        }
    }

    async fn fetch(&self, outbound: OutboundRequest) -> Result<OutboundResponse, String> {
        let text = |error: worker::Error| error.to_string();
        let given = worker::Headers::new();
        for (name, value) in &outbound.headers {
            given.set(name, value).map_err(text)?;
        }
        let mut init = RequestInit::new();
        init.with_method(match outbound.method {
            OutboundMethod::Get => worker::Method::Get,
            OutboundMethod::Post => worker::Method::Post,
        });
        // A redirect is a response, because the core decides where requests go.
        init.with_headers(given)
            .with_redirect(RequestRedirect::Manual);
        if !outbound.body.is_empty() {
            init.with_body(Some(Uint8Array::from(outbound.body.as_slice()).into()));
        }
        let request = worker::Request::new_with_init(&outbound.url, &init).map_err(text)?;
        let aborting = AbortController::default();
        let signal = aborting.signal();
        let fetched = pin!(async {
            let sending = Fetch::Request(request);
            let mut response = sending.send_with_signal(&signal).await.map_err(text)?;
            let status = response.status_code();
            let mut chunks = response.stream().map_err(text)?;
            let mut body = Vec::new();
            while let Some(chunk) = chunks.next().await {
                body.extend(chunk.map_err(text)?);
                if body.len() > FETCH_LIMIT {
                    return Err("its response is too large".to_owned());
                }
            }
            Ok(OutboundResponse { status, body })
        });
        match select(fetched, Delay::from(FETCH_TIMEOUT)).await {
            Either::Left((response, _)) => response,
            Either::Right(((), _)) => {
                aborting.abort();
                Err("it does not respond".to_owned())
            }
        }
    }

    async fn pause(&self, span: Duration) {
        if !span.is_zero() {
            Delay::from(span).await;
        }
    }

    fn defer(&self, work: Deferred) {
        in_background(async {
            // Work is deferred only by a service that exists.
            if let Some(service) = SERVICE.get() {
                service.run(work).await;
            }
        });
    }

    fn sessions_ended(&self, sessions: Vec<String>, until: Timestamp) {
        if self.cache.is_none() {
            return;
        }
        in_background(async move {
            // Sessions end only in a service that exists.
            let Some(host) = SERVICE.get().map(Service::platform) else {
                return;
            };
            let Some(cache) = &host.cache else { return };
            let message = "ended sessions could not be published to verifiers at the edge";
            match cache.revoke(&sessions, host.now(), until).await {
                Ok(0) => {}
                Ok(left) => host.log(Level::Warn, message, &[("number", &left.to_string())]),
                Err(error) => host.log(Level::Warn, message, &[("cause", &error.to_string())]),
            }
        });
    }

    fn hash_memory(&self) -> u32 {
        HASH_MEMORY_KIB
    }

    fn log(&self, level: Level, message: &str, fields: &[(&str, &str)]) {
        let Some(line) = self.log.line(None, level, message, fields) else {
            return;
        };
        match level {
            Level::Debug | Level::Info => console_log!("{line}"),
            Level::Warn => console_warn!("{line}"),
            Level::Error => console_error!("{line}"),
        }
    }
}

/// Does work after the response. The request's context is kept alive for it.
fn in_background(work: impl Future<Output = ()> + 'static) {
    wait_until(&future_to_promise(async {
        work.await;
        Ok(JsValue::UNDEFINED)
    }));
}

/// Returns the time, which does not advance while a request computes.
pub(crate) fn now() -> Timestamp {
    Timestamp::from_millis(js_sys::Date::now() as u64)
}

/// Reports an error before the log is configured.
pub(crate) fn report(cause: &str) {
    console_error!("ERROR the settings can't be used cause={cause:?}");
}

/// Sends a request and returns the status of the response.
async fn send(request: Request<Bytes>) -> Result<StatusCode, MailError> {
    let unreachable = |error: worker::Error| {
        MailError::Unavailable(format!("the e-mail service can't be reached: {error}"))
    };
    let (parts, body) = request.into_parts();
    let body = JsValue::from_str(&String::from_utf8_lossy(&body));
    let mut init = RequestInit::new();
    init.with_method(worker::Method::Post)
        .with_headers(worker::Headers::from(parts.headers))
        .with_body(Some(body));
    let request = worker::Request::new_with_init(&parts.uri.to_string(), &init);
    let aborting = AbortController::default();
    let signal = aborting.signal();
    let sending = Fetch::Request(request.map_err(unreachable)?);
    let sending = pin!(sending.send_with_signal(&signal));
    match select(sending, Delay::from(TIMEOUT)).await {
        Either::Left((response, _)) => {
            let status = response.map_err(unreachable)?.status_code();
            StatusCode::from_u16(status).map_err(|_| {
                MailError::Unavailable(format!("the e-mail service returned the status {status}"))
            })
        }
        Either::Right(((), _)) => {
            aborting.abort();
            let late = "the e-mail service does not respond".to_owned();
            Err(MailError::Unavailable(late))
        }
    }
}

/// Hands a message to Cloudflare's e-mail service.
async fn send_by_binding(
    email: &SendEmail,
    from: Option<&Mailbox>,
    message: &Message,
) -> Result<(), MailError> {
    let sender = from.map_or("", |from| from.address.as_str());
    let request = SendEmailBuilder::new(sender, &message.to, &message.subject);
    if let Some(name) = from.and_then(|from| from.name.as_deref()) {
        request.set_from_with_email_address(&EmailAddress::new(name, sender));
    }
    request.set_text(&message.text);
    if let Some(html) = &message.html {
        request.set_html(html);
    }
    let sent = pin!(email.send_with_builder(&request));
    let error = match select(sent, Delay::from(TIMEOUT)).await {
        Either::Left((Ok(_), _)) => return Ok(()),
        Either::Left((Err(error), _)) => error,
        Either::Right(((), _)) => {
            let late = "the e-mail service does not respond".to_owned();
            return Err(MailError::Unavailable(late));
        }
    };
    let code = Reflect::get(&error, &"code".into()).unwrap_or_default();
    let code = code.as_string().unwrap_or_default();
    let cause = format!(
        "the e-mail service: {code} {}",
        String::from(error.message())
    );
    // The documented codes that concern the message, the sender or the account.
    let lasting = [
        "E_VALIDATION",
        "E_FIELD",
        "E_TOO_MANY_RECIPIENTS",
        "E_SENDER",
        "E_RECIPIENT",
        "E_CONTENT",
        "E_HEADER",
    ];
    Err(if lasting.iter().any(|prefix| code.starts_with(prefix)) {
        MailError::Refused(cause)
    } else {
        MailError::Unavailable(cause)
    })
}

/// Variables and secrets.
pub(crate) struct Variables(pub(crate) Env);

impl Settings for Variables {
    async fn get(&self, name: &str) -> Result<Option<String>, String> {
        let value = Reflect::get(&self.0, &name.into())
            .map_err(|_| format!("the variable {name} can't be read"))?;
        if value.is_undefined() || value.is_null() {
            return Ok(None);
        }
        // A number or a boolean in the configuration is read as its text.
        match value.as_string() {
            Some(text) => Ok(Some(text)),
            None => Ok(value
                .as_f64()
                .map(|number| number.to_string())
                .or_else(|| value.as_bool().map(|truth| truth.to_string()))),
        }
    }
}
