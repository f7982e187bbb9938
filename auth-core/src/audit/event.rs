//! Events: what has happened, to whom and by whom.

use serde_json::{Map, Value};

use crate::storage::ActiveSession;

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
    SessionRenewed = "session.renewed",
    TokenReused = "token.reused",
    AccountRegistered = "account.registered",
    RegistrationRefused = "account.registration_refused",
    AccountUpdated = "account.updated",
    AccountDeleted = "account.deleted",
    EmailVerified = "email.verified",
    EmailChanged = "email.changed",
    EmailChangeUndone = "email.change_undone",
    EmailCollided = "email.collided",
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
    SecondFactorRemoved = "user.second_factor_removed",
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

/// An event that is being told.
pub(crate) struct Event {
    pub(super) kind: EventKind,
    pub(super) reason: Option<&'static str>,
    pub(super) actor: Option<String>,
    pub(super) target: Option<(&'static str, String)>,
    pub(super) session: Option<String>,
    pub(super) details: Map<String, Value>,
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
