//! Work that is done after a request is answered.

use core::time::Duration;

use zeroize::Zeroizing;

use crate::audit::{Event, EventKind};
use crate::auth::{Auth, Client};
use crate::change::Change;
use crate::device::device_name;
use crate::error::{Error, Result};
use crate::mail::{MailContext, MailError, MailKind, Message};
use crate::platform::{Level, Platform};
use crate::storage::{
    AuditEvent, Credential, Credentials as _, LoginName, Sessions as _, User, Users as _,
};
use crate::time::Timestamp;
use crate::warning::Warning;

/// Work that nobody waits for.
pub struct Deferred(pub(crate) Work);

pub(crate) enum Work {
    /// Tell a person something.
    Mail(Message),
    /// Store an event of the audit log.
    Audit(Box<AuditEvent>),
    /// Note that nobody gets into an account until then, and tell its owner.
    Lock {
        name: LoginName,
        until: Timestamp,
        client: Client,
    },
    /// Tell with which settings the service goes on, unless that was told.
    Settings,
    /// Write a warning, unless that was done.
    Warn(Warning),
    /// Say that a session was used.
    Touch(String),
    /// Bring a stored hash, which this password has just matched and which proves it, to the current parameters.
    Rehash {
        credential: Credential,
        password: Zeroizing<String>,
    },
}

impl Deferred {
    /// Whether it waits for an e-mail service, and not for storage.
    pub fn is_mail(&self) -> bool {
        matches!(self.0, Work::Mail(_))
    }
}

/// How long to wait before each try to deliver a message.
const PAUSES: [Duration; 3] = [
    Duration::ZERO,
    Duration::from_millis(500),
    Duration::from_secs(2),
];

impl<P: Platform> Auth<P> {
    /// Does deferred work. What fails is in the log, and harms nobody.
    pub async fn run(&self, deferred: Deferred) {
        match deferred.0 {
            Work::Mail(message) => self.deliver(message).await,
            Work::Audit(event) => self.append(*event).await,
            Work::Lock {
                name,
                until,
                client,
            } => self.lock(name, until, &client).await,
            Work::Settings => self.tell_settings().await,
            Work::Warn(warning) => self.warn(warning).await,
            Work::Touch(session_id) => self.touch(session_id).await,
            Work::Rehash {
                credential,
                password,
            } => self.rehash(credential, &password).await,
        }
    }

    /// Says of work that it will not be done, as too much waits already.
    pub fn give_up(&self, deferred: Deferred) {
        let cause = "too much waits already";
        match deferred.0 {
            Work::Mail(message) => self.not_sent(&message, cause),
            Work::Audit(_) => self.not_stored(cause),
            Work::Lock { .. }
            | Work::Settings
            | Work::Warn(_)
            | Work::Touch(_)
            | Work::Rehash { .. } => {
                let message = "work after an answer was given up";
                let fields = [("cause", cause)];
                self.platform.log(Level::Warn, message, &fields);
            }
        }
    }

    /// A message from the templates. One of the operator's that fails is in the log.
    pub(crate) fn message(&self, kind: MailKind, to: &str, context: &MailContext<'_>) -> Message {
        let (message, failure) = self.config.templates.render(kind, to, context);
        if let Some(cause) = failure {
            self.platform.log(
                Level::Warn,
                "a mail template failed; the built-in one took its place",
                &[("cause", &cause.to_string())],
            );
        }
        message
    }

    /// Hands a message over after the answer.
    pub(crate) fn send(&self, message: Message) {
        self.platform.defer(Deferred(Work::Mail(message)));
    }

    /// Tells a user what has happened to his account, and from where.
    pub(crate) fn notify_user(&self, user: &User, kind: MailKind, client: &Client) {
        if let Some(notice) = self.notice(user, kind, client) {
            self.send(notice);
        }
    }

    /// What tells a user what has happened to his account; none: he has no address.
    fn notice(&self, user: &User, kind: MailKind, client: &Client) -> Option<Message> {
        let email = user.email.as_ref()?;
        let ip = client.ip.map(|ip| ip.to_canonical().to_string());
        let device = client.user_agent.as_deref().map(device_name);
        let context = MailContext {
            // Who never proved the address may have written it for a stranger to read.
            name: user
                .display_name
                .as_deref()
                .filter(|_| user.email_verified_at.is_some()),
            email: Some(email),
            device: device.as_deref(),
            ip: ip.as_deref(),
            time: Some(self.platform.now()),
            ..MailContext::default()
        };
        Some(self.message(kind, email, &context))
    }

    async fn lock(&self, name: LoginName, until: Timestamp, client: &Client) {
        if let Err(error) = self.try_lock(name, until, client).await {
            let cause = error.to_string();
            self.platform.log(
                Level::Warn,
                "that an account is locked could not be noted",
                &[("cause", &cause)],
            );
        }
    }

    async fn try_lock(&self, name: LoginName, until: Timestamp, client: &Client) -> Result<()> {
        let Some(account) = self.platform.storage().find_account(name).await? else {
            return Ok(());
        };
        let user = self
            .change(&account.user.id, |account| {
                let mut user = account.user;
                user.locked_until = Some(until);
                Ok(Change::of(user))
            })
            .await?;
        let event = Event::new(EventKind::UserLocked).on("user", &user.id);
        self.append(self.tell(event, client)).await;
        self.notify_user(&user, MailKind::AccountLocked, client);
        Ok(())
    }

    /// Delivers a message, and tries again where that may help.
    async fn deliver(&self, message: Message) {
        let mut failed = Ok(());
        for pause in PAUSES {
            self.platform.pause(pause).await;
            failed = self.platform.send_mail(message.clone()).await;
            match &failed {
                Err(MailError::Unavailable(cause)) => {
                    self.platform.log(
                        Level::Debug,
                        "a mail could not be sent yet",
                        &[("kind", &message.kind), ("cause", cause)],
                    );
                }
                _ => break,
            }
        }
        if let Err(cause) = failed {
            self.not_sent(&message, &cause.to_string());
        }
    }

    fn not_sent(&self, message: &Message, cause: &str) {
        self.platform.log(
            Level::Warn,
            "a mail could not be sent",
            &[("kind", &message.kind), ("cause", cause)],
        );
        let event = Event::new(EventKind::MailFailed).with("mail", message.kind.as_str());
        self.record(event, &Client::default());
    }

    async fn touch(&self, session_id: String) {
        let now = self.platform.now();
        if let Err(error) = self.platform.storage().touch_session(session_id, now).await {
            let cause = Error::from(error).to_string();
            self.platform.log(
                Level::Warn,
                "the last use of a session could not be stored",
                &[("cause", &cause)],
            );
        }
    }

    async fn rehash(&self, credential: Credential, password: &str) {
        match self.try_rehash(&credential, password).await {
            Ok(true) => self.platform.log(
                Level::Info,
                "rehashed a password",
                &[("user", &credential.user_id)],
            ),
            Ok(false) => {}
            Err(error) => {
                let cause = error.to_string();
                self.platform.log(
                    Level::Warn,
                    "a password could not be rehashed",
                    &[("cause", &cause)],
                );
            }
        }
    }

    async fn try_rehash(&self, credential: &Credential, password: &str) -> Result<bool> {
        // A stored hash that proves nothing of what was typed stays.
        if !self.hasher.should_rehash(password, &credential.secret) {
            return Ok(false);
        }
        self.admit_hash().await?;
        let rehashed = self
            .hasher
            .rehash(&self.platform, password, &credential.secret);
        let Some(replacement) = rehashed else {
            return Ok(false);
        };
        let replaced = self.platform.storage().replace_credential_secret(
            credential.id.clone(),
            credential.secret.clone(),
            replacement,
            self.platform.now(),
        );
        Ok(replaced.await?)
    }
}
