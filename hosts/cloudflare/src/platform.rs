//! The core's platform, met by what Cloudflare gives a Worker.

use std::pin::pin;

use auth_core::config::{LogConfig, SettingError, parse};
use auth_core::{Deferred, Level, MailError, Message, Platform, Settings, Timestamp};
use bytes::Bytes;
use futures::FutureExt as _;
use futures::future::{Either, select};
use gatewright_mail::{MailConfig, TIMEOUT, accepted, console};
use gatewright_sql::SqlStorage;
use http::{Request, StatusCode};
use js_sys::{Promise, Reflect};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen_futures::future_to_promise;
use worker::{
    AbortController, Delay, Env, Fetch, RequestInit, console_error, console_log, console_warn,
};

use crate::SERVICE;
use crate::d1::D1;

/// Binding of the database.
const DATABASE: &str = "DB";

#[wasm_bindgen(module = "cloudflare:workers")]
extern "C" {
    /// Keeps the request's context until a promise is settled.
    #[wasm_bindgen(js_name = waitUntil)]
    fn wait_until(promise: &Promise);
}

/// What an isolate keeps of its bindings and variables.
pub(crate) struct Host {
    storage: SqlStorage<D1>,
    mail: MailConfig,
    log: LogConfig,
    worker: WorkerConfig,
}

auth_core::settings! {
    /// What an operator can set about the Worker.
    pub(crate) struct WorkerConfig;

    /// How many requests may wait for a password hash in one isolate; more are answered with 503.
    MAX_WAITING_HASHES max_waiting_hashes: usize = "64", |text| parse::whole(text, 1, 65_536).map(|n| n as usize), "1 to 65536";
}

impl Host {
    /// Reads the settings that are not the service's. Nothing in that waits.
    pub(crate) fn new(env: Env) -> Result<Self, String> {
        let database = env
            .d1(DATABASE)
            .map_err(|error| format!("the binding {DATABASE} has to be a D1 database: {error}"))?;
        let variables = Variables(env);
        let text = |error: SettingError| error.to_string();
        Ok(Self {
            storage: SqlStorage::new(D1::new(database)),
            mail: at_once(MailConfig::from_settings(&variables))?.map_err(text)?,
            log: at_once(LogConfig::load(&variables))?.map_err(text)?,
            worker: at_once(WorkerConfig::load(&variables))?.map_err(text)?,
        })
    }

    /// How many requests may wait for a password hash.
    pub(crate) fn max_waiting_hashes(&self) -> usize {
        self.worker.max_waiting_hashes
    }

    /// The database.
    pub(crate) fn d1(&self) -> &D1 {
        self.storage.executor()
    }
}

/// The result of a future that never waits.
fn at_once<T>(future: impl Future<Output = T>) -> Result<T, String> {
    let waited = "a variable had to be waited for";
    future.now_or_never().ok_or_else(|| waited.to_owned())
}

impl Platform for Host {
    type Storage = SqlStorage<D1>;

    fn storage(&self) -> &Self::Storage {
        &self.storage
    }

    fn now(&self) -> Timestamp {
        now()
    }

    fn fill_random(&self, bytes: &mut [u8]) {
        getrandom::fill(bytes).expect("crypto.getRandomValues is there");
    }

    async fn send_mail(&self, message: Message) -> Result<(), MailError> {
        match self.mail.request(&message)? {
            Some(request) => accepted(send(request).await?),
            None => {
                let (line, fields) = console(&message);
                self.log(Level::Info, &line, &fields);
                Ok(())
            }
        }
    }

    fn defer(&self, work: Deferred) {
        wait_until(&future_to_promise(async {
            // What is deferred comes from a service that was made.
            if let Some(service) = SERVICE.get() {
                service.run(work).await;
            }
            Ok(JsValue::UNDEFINED)
        }));
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

/// The time, which stands still while a request computes.
pub(crate) fn now() -> Timestamp {
    Timestamp::from_millis(js_sys::Date::now() as u64)
}

/// Writes what went wrong before there was a log.
pub(crate) fn report(cause: &str) {
    console_error!("ERROR the settings can't be used cause={cause:?}");
}

/// Sends a request, and returns the status of its answer.
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
                MailError::Unavailable(format!("the e-mail service answered {status}"))
            })
        }
        Either::Right(((), _)) => {
            aborting.abort();
            let late = "the e-mail service does not answer".to_owned();
            Err(MailError::Unavailable(late))
        }
    }
}

/// Variables and secrets.
pub(crate) struct Variables(pub(crate) Env);

impl Settings for Variables {
    async fn get(&self, name: &str) -> Result<Option<String>, String> {
        let value = Reflect::get(&self.0, &name.into())
            .map_err(|_| format!("the variables can't be read for {name}"))?;
        if value.is_undefined() || value.is_null() {
            return Ok(None);
        }
        // A number or a truth value in the configuration is meant as its text.
        match value.as_string() {
            Some(text) => Ok(Some(text)),
            None => Ok(value
                .as_f64()
                .map(|number| number.to_string())
                .or_else(|| value.as_bool().map(|truth| truth.to_string()))),
        }
    }
}
