//! The service in this process, on the database of the settings. The command line and the start of the host use it. Anyone
//! with access to the database has full rights.

use std::sync::{Mutex, PoisonError};
use std::task::Poll;
use std::time::Duration;

use anyhow::{Context as _, Result};
use auth_core::{
    Auth, Client, Deferred, Error, FETCH_LIMIT, FETCH_TIMEOUT, FirstAdministrator, Level,
    MailError, Message, OutboundRequest, OutboundResponse, Platform, Timestamp,
};
use bytes::Bytes;
use futures::StreamExt as _;
use futures::stream::FuturesOrdered;
use gatewright_http::{Operator, Service};
use gatewright_mail::MailConfig;
use gatewright_smtp::Mailer;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full, Limited};
use tokio::runtime::{Builder, Runtime};
use wasmtime_wasi_http::RequestOptions;

use crate::database::{Database, HostStorage, now};
use crate::destinations::Destinations;
use crate::log::write_line;
use crate::mail::deliver;
use crate::outbound;
use crate::settings::{HostConfig, LayeredSettings};
use crate::sqlite::Workload;

/// The service on the database of the settings. Another process can serve the same database at the same time.
pub struct Local {
    runtime: Runtime,
    service: Service<InProcess>,
    database: Database,
}

impl Local {
    /// Opens the database of the settings, and migrates it to the newest schema.
    ///
    /// # Errors
    /// A file or setting is missing or can't be used.
    pub fn open(settings: &LayeredSettings, host: &HostConfig) -> Result<Self> {
        let config = settings.config()?;
        let destinations = Destinations::new(&config);
        let mail = settings.mail_config()?;
        let mailer = settings.mailer(&mail)?;
        let database = Database::open(host, Workload::Bulk)?;
        database.check_secret_key(&config.secret_key)?;
        let platform = InProcess {
            storage: database.storage().clone(),
            mail,
            mailer,
            destinations,
            deferred: Mutex::default(),
        };
        Ok(Self {
            runtime: Builder::new_current_thread().enable_all().build()?,
            service: Service::new(Auth::new(platform, config), usize::MAX),
            database,
        })
    }

    /// Answers a request of the operator, who has full rights, and does the deferred work.
    ///
    /// # Errors
    /// The response can't be read.
    pub fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>> {
        let mut answers = self.send_all(std::iter::once(request));
        answers.pop().context("the response is missing")?
    }

    /// Answers requests, each as [`send`](Self::send) does, and several at the same time: as many as the database answers
    /// best.
    pub fn send_all(
        &self,
        requests: impl Iterator<Item = Request<Vec<u8>>>,
    ) -> Vec<Result<Response<Vec<u8>>>> {
        self.runtime.block_on(async {
            let (mut answers, mut awaited) = (Vec::new(), FuturesOrdered::new());
            let at_most = self.database.bulk_concurrency();
            for request in requests {
                if awaited.len() >= at_most {
                    answers.extend(awaited.next().await);
                }
                let mut request = request.map(|body| Full::new(Bytes::from(body)));
                request.extensions_mut().insert(Operator);
                awaited.push_back(self.service.handle(request));
                // Started before the next one is created, so that the writer has work.
                while let Poll::Ready(Some(answer)) = futures::poll!(awaited.next()) {
                    answers.push(answer);
                }
            }
            answers.extend(awaited.collect::<Vec<_>>().await);
            self.finish().await;
            let answer = |answer: Response<Bytes>| Ok(answer.map(|body| body.to_vec()));
            answers.into_iter().map(answer).collect()
        })
    }

    /// Creates the first superadmin, unless there is one. Returns whether it was created.
    ///
    /// # Errors
    /// The address, the password or the database can't be used.
    pub fn first_administrator(&self, email: &str, password: &str) -> Result<bool> {
        let first = FirstAdministrator {
            email,
            username: None,
            password,
        };
        self.runtime.block_on(async {
            let auth = self.service.auth();
            let made = auth
                .setup()
                .first_administrator(first, &Client::default())
                .await;
            self.finish().await;
            match made {
                Ok(_) => Ok(true),
                Err(Error::AlreadySetUp) => Ok(false),
                Err(Error::EmailTaken) => {
                    tracing::warn!("ADMIN_EMAIL is the address of an existing user, who is left unchanged; `gatewright user add-role` gives the role superadmin");
                    Ok(false)
                }
                Err(Error::Invalid(rules)) => {
                    let rule = rules.into_iter().next();
                    let rule = rule
                        .map(|rule| (rule.field, rule.message))
                        .unwrap_or_default();
                    let name = if rule.0 == "email" {
                        "ADMIN_EMAIL"
                    } else {
                        "ADMIN_PASSWORD"
                    };
                    anyhow::bail!("{name}: {}", rule.1)
                }
                Err(error) => Err(error.into()),
            }
        })
    }

    /// Does the deferred work.
    async fn finish(&self) {
        loop {
            let deferred = std::mem::take(&mut *lock(&self.service.platform().deferred));
            if deferred.is_empty() {
                return;
            }
            for work in deferred {
                self.service.run(work).await;
            }
        }
    }
}

impl Drop for Local {
    fn drop(&mut self) {
        self.database.close();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// This process as a platform.
struct InProcess {
    storage: HostStorage,
    mail: MailConfig,
    mailer: Option<Mailer>,
    destinations: Destinations,
    deferred: Mutex<Vec<Deferred>>,
}

impl Platform for InProcess {
    type Storage = HostStorage;

    fn storage(&self) -> &Self::Storage {
        &self.storage
    }

    fn now(&self) -> Timestamp {
        now()
    }

    fn fill_random(&self, bytes: &mut [u8]) {
        let mut filled = 0;
        while filled < bytes.len() {
            let flags = rustix::rand::GetRandomFlags::empty();
            filled += rustix::rand::getrandom(&mut bytes[filled..], flags)
                .expect("the operating system has randomness");
        }
    }

    async fn send_mail(&self, message: Message) -> Result<(), MailError> {
        deliver(&self.mail, self.mailer.as_ref(), message).await
    }

    async fn fetch(&self, outbound: OutboundRequest) -> Result<OutboundResponse, String> {
        let mut request = Request::builder()
            .method(outbound.method.as_str())
            .uri(outbound.url);
        for (name, value) in outbound.headers {
            request = request.header(name, value);
        }
        let body = Full::new(Bytes::from(outbound.body)).map_err(|never| match never {});
        let request = request
            .body(body.boxed_unsync())
            .map_err(|error| error.to_string())?;
        if !self.destinations.allow(request.uri()) {
            return Err("no setting names the service".to_owned());
        }
        let options = RequestOptions {
            connect_timeout: Some(FETCH_TIMEOUT),
            first_byte_timeout: Some(FETCH_TIMEOUT),
            between_bytes_timeout: Some(FETCH_TIMEOUT),
        };
        let fetched = async {
            let (response, reading) = outbound::send(request, options)
                .await
                .map_err(|error| format!("the service can't be reached: {error}"))?;
            let status = response.status().as_u16();
            let body = Limited::new(response.into_body(), FETCH_LIMIT).collect();
            let (body, _) = tokio::join!(body, reading);
            let body = body.map_err(|error| format!("the response can't be read: {error}"))?;
            let body = body.to_bytes().to_vec();
            Ok(OutboundResponse { status, body })
        };
        let fetched = tokio::time::timeout(FETCH_TIMEOUT, fetched).await;
        fetched.unwrap_or_else(|_| Err("the service does not respond".to_owned()))
    }

    async fn pause(&self, span: Duration) {
        tokio::time::sleep(span).await;
    }

    fn defer(&self, work: Deferred) {
        lock(&self.deferred).push(work);
    }

    fn log(&self, level: Level, message: &str, fields: &[(&str, &str)]) {
        write_line(level, message, fields);
    }
}
