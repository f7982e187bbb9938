//! What happened that matters to security: a line of the log at once, and an event in storage after the answer.

use core::sync::atomic::Ordering;
use core::time::Duration;

use serde_json::{Map, Value};

use crate::auth::{Auth, Client};
use crate::deferred::{Deferred, Work};
use crate::error::{Error, Result};
use crate::identifier::new_id;
use crate::platform::{Level, Platform};
use crate::storage::{
    ActiveSession, Audit as _, AuditEvent, AuditPage, AuditQuery, EventCount, StorageError,
    TimeRange,
};

/// Names of events.
macro_rules! events {
    ($($name:ident = $text:literal),* $(,)?) => {
        /// What has happened.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum EventKind {
            $($name),*
        }

        impl EventKind {
            /// The name in the audit log.
            pub(crate) fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text),*
                }
            }
        }
    };
}

events! {
    LoginSucceeded = "login.succeeded",
    LoginFailed = "login.failed",
    Logout = "logout",
    SessionRevoked = "session.revoked",
    TokenReused = "token.reused",
    AccountRegistered = "account.registered",
    RegistrationRefused = "account.registration_refused",
    AccountUpdated = "account.updated",
    AccountDeleted = "account.deleted",
    EmailVerified = "email.verified",
    EmailChanged = "email.changed",
    EmailChangeUndone = "email.change_undone",
    PasswordChanged = "password.changed",
    PasswordResetRequested = "password.reset_requested",
    PasswordReset = "password.reset",
    MfaEnabled = "mfa.enabled",
    MfaDisabled = "mfa.disabled",
    RecoveryCodesMade = "mfa.recovery_codes_made",
    RecoveryCodeUsed = "mfa.recovery_code_used",
    UserCreated = "user.created",
    UserUpdated = "user.updated",
    UserDisabled = "user.disabled",
    UserEnabled = "user.enabled",
    UserLocked = "user.locked",
    UserUnlocked = "user.unlocked",
    UserDeleted = "user.deleted",
    PasswordResetForced = "user.password_reset_forced",
    UserSessionsRevoked = "user.sessions_revoked",
    RoleAdded = "user.role_added",
    RoleRemoved = "user.role_removed",
    UserImpersonated = "user.impersonated",
    UsersImported = "users.imported",
    UsersExported = "users.exported",
    RoleCreated = "role.created",
    RoleUpdated = "role.updated",
    RoleDeleted = "role.deleted",
    PermissionCreated = "permission.created",
    PermissionUpdated = "permission.updated",
    PermissionDeleted = "permission.deleted",
    KeyRotated = "key.rotated",
    SettingsLoaded = "settings.loaded",
    SetupCompleted = "setup.completed",
    MailFailed = "mail.failed",
    BreachCheckFailed = "breach_check.failed",
    EventsLost = "audit.lost",
}

/// How long to wait before each try to store an event. Storage itself may have waited for a lock for seconds.
const PAUSES: [Duration; 4] = [
    Duration::ZERO,
    Duration::from_millis(100),
    Duration::from_millis(500),
    Duration::from_secs(2),
];

/// An event that is being told.
pub(crate) struct Event {
    kind: EventKind,
    reason: Option<&'static str>,
    actor: Option<String>,
    target: Option<(&'static str, String)>,
    session: Option<String>,
    details: Map<String, Value>,
}

impl Event {
    pub(crate) fn new(kind: EventKind) -> Self {
        Self {
            kind,
            reason: None,
            actor: None,
            target: None,
            session: None,
            details: Map::new(),
        }
    }

    /// Of a person who does something to his own account, or of an administrator who acts as him.
    pub(crate) fn own(kind: EventKind, active: &ActiveSession) -> Self {
        let actor = active.session.actor_id.as_ref().unwrap_or(&active.user.id);
        Self::new(kind)
            .by(Some(actor))
            .on("user", &active.user.id)
            .during(Some(&active.session.id))
    }

    /// Of a person who has shown that an account is his without a session.
    pub(crate) fn of_user(kind: EventKind, user_id: &str) -> Self {
        Self::new(kind).by(Some(user_id)).on("user", user_id)
    }

    /// Why it failed.
    pub(crate) fn because(mut self, reason: &'static str) -> Self {
        self.reason = Some(reason);
        self
    }

    /// Who did it.
    pub(crate) fn by(mut self, actor: Option<&str>) -> Self {
        self.actor = actor.map(str::to_owned);
        self
    }

    /// What it was done to.
    pub(crate) fn on(mut self, sort: &'static str, id: &str) -> Self {
        self.target = Some((sort, id.to_owned()));
        self
    }

    /// In which session.
    pub(crate) fn during(mut self, session: Option<&str>) -> Self {
        self.session = session.map(str::to_owned);
        self
    }

    /// A further fact.
    pub(crate) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.details.insert(name.to_owned(), value.into());
        self
    }
}

impl<P: Platform> Auth<P> {
    /// Tells that something has happened: the log at once, storage after the answer.
    pub(crate) fn record(&self, event: Event, client: &Client) {
        let event = self.tell(event, client);
        self.platform.defer(Deferred(Work::Audit(Box::new(event))));
    }

    /// Tells the log, and returns what is to be stored.
    pub(crate) fn tell(&self, event: Event, client: &Client) -> AuditEvent {
        let Event {
            kind,
            reason,
            actor,
            target,
            session,
            details,
        } = event;
        let (target_type, target_id) = target.unzip();
        let event = AuditEvent {
            id: new_id(&self.platform),
            at: self.platform.now(),
            kind: kind.as_str().to_owned(),
            reason: reason.map(str::to_owned),
            actor_id: actor,
            target_type: target_type.map(str::to_owned),
            target_id,
            session_id: session,
            ip: client.ip.map(|ip| ip.to_canonical().to_string()),
            user_agent: client.user_agent.clone(),
            request_id: client.request_id.clone(),
            details: Value::from(details).to_string(),
        };
        let mut fields = vec![("event", event.kind.as_str()), ("id", event.id.as_str())];
        let further = [
            ("reason", &event.reason),
            ("actor", &event.actor_id),
            ("target_type", &event.target_type),
            ("target", &event.target_id),
            ("session", &event.session_id),
            ("ip", &event.ip),
            ("user_agent", &event.user_agent),
            ("request_id", &event.request_id),
        ];
        for (name, value) in further {
            fields.extend(value.as_deref().map(|value| (name, value)));
        }
        if event.details != "{}" {
            fields.push(("details", &event.details));
        }
        self.platform.log(Level::Info, "audit", &fields);
        event
    }

    /// Has it told with which settings the service goes on, secrets aside, unless these were the last that were told.
    pub fn begin(&self) {
        self.platform.defer(Deferred(Work::Settings));
    }

    pub(crate) async fn tell_settings(&self) {
        let given = self.config.given.iter();
        let given: Map<_, _> = given
            .map(|(name, value)| ((*name).to_owned(), Value::from(value.as_str())))
            .collect();
        let details = Value::from(given).to_string();
        let kind = EventKind::SettingsLoaded;
        let last = AuditQuery {
            kind: Some(kind.as_str().to_owned()),
            actor_id: None,
            target_id: None,
            at: TimeRange::default(),
            after: None,
            limit: 1,
        };
        match self.platform.storage().list_audit(last).await {
            Ok(page)
                if page
                    .events
                    .first()
                    .is_some_and(|last| last.details == details) => {}
            Ok(_) => {
                let mut event = self.tell(Event::new(kind), &Client::default());
                event.details = details;
                self.append(event).await;
            }
            Err(error) => {
                let cause = Error::from(error).to_string();
                self.platform.log(
                    Level::Warn,
                    "with which settings the service goes on could not be told",
                    &[("cause", &cause)],
                );
            }
        }
    }

    /// Stores an event, and tries again where that may help. The first one that is stored after others were lost is
    /// followed by an event that says how many these were.
    pub(crate) async fn append(&self, event: AuditEvent) {
        if let Err(error) = self.try_append(event).await {
            self.not_stored(&Error::from(error).to_string());
            return;
        }
        let lost = self.lost_events.swap(0, Ordering::Relaxed);
        if lost > 0 {
            let event = Event::new(EventKind::EventsLost).with("number", lost);
            let event = self.tell(event, &Client::default());
            if self.platform.storage().append_audit(event).await.is_err() {
                self.lost_events.fetch_add(lost, Ordering::Relaxed);
            }
        }
    }

    async fn try_append(&self, event: AuditEvent) -> core::result::Result<bool, StorageError> {
        // Where the last one was lost after all tries, the next need not show the same.
        let tries = match self.lost_events.load(Ordering::Relaxed) {
            0 => PAUSES.len(),
            _ => 1,
        };
        let mut appended = Ok(false);
        for pause in &PAUSES[..tries] {
            self.platform.pause(*pause).await;
            // An event is stored once, also when an answer was lost.
            appended = self.platform.storage().append_audit(event.clone()).await;
            match &appended {
                Err(StorageError::Unavailable(cause)) => self.platform.log(
                    Level::Debug,
                    "an event of the audit log could not be stored yet",
                    &[("cause", cause)],
                ),
                _ => break,
            }
        }
        appended
    }

    pub(crate) fn not_stored(&self, cause: &str) {
        self.lost_events.fetch_add(1, Ordering::Relaxed);
        self.platform.log(
            Level::Error,
            "an event of the audit log could not be stored; it is in this log alone",
            &[("cause", cause)],
        );
    }

    /// A page of the audit log, newest first.
    ///
    /// # Errors
    /// A failure of the platform.
    pub async fn audit_log(&self, query: AuditQuery) -> Result<AuditPage> {
        Ok(self.platform.storage().list_audit(query).await?)
    }

    /// How often each event has happened, by kind and reason.
    ///
    /// # Errors
    /// A failure of the platform.
    pub async fn event_counts(&self) -> Result<Vec<EventCount>> {
        Ok(self.platform.storage().count_events().await?)
    }
}
