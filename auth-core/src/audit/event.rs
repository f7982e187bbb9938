//! Audit events: what happened, to whom and by whom.

use serde_json::{Map, Value};

use crate::storage::ActiveSession;

/// Declares the kinds of events with their names.
macro_rules! events {
    ($($name:ident = $text:literal),* $(,)?) => {
        /// The kind of an event.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum EventKind {
            $($name),*
        }

        impl EventKind {
            /// Returns the name in the audit log.
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
    IdentityLinked = "identity.linked",
    IdentityUnlinked = "identity.unlinked",
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

/// An event to record.
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

    /// Returns an event of users who act on their own account, or of an administrator who impersonates the user.
    pub(crate) fn own(kind: EventKind, active: &ActiveSession) -> Self {
        let actor = active.session.actor_id.as_ref().unwrap_or(&active.user.id);
        Self::new(kind)
            .by(Some(actor))
            .on("user", &active.user.id)
            .during(Some(&active.session.id))
    }

    /// Returns an event of users who have proved to own an account without a session.
    pub(crate) fn of_user(kind: EventKind, user_id: &str) -> Self {
        Self::new(kind).by(Some(user_id)).on("user", user_id)
    }

    /// Sets the reason.
    pub(crate) fn because(mut self, reason: &'static str) -> Self {
        self.reason = Some(reason);
        self
    }

    /// Sets the actor.
    pub(crate) fn by(mut self, actor: Option<&str>) -> Self {
        self.actor = actor.map(str::to_owned);
        self
    }

    /// Sets the target.
    pub(crate) fn on(mut self, sort: &'static str, id: &str) -> Self {
        self.target = Some((sort, id.to_owned()));
        self
    }

    /// Sets the session.
    pub(crate) fn during(mut self, session: Option<&str>) -> Self {
        self.session = session.map(str::to_owned);
        self
    }

    /// Adds a detail.
    pub(crate) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.details.insert(name.to_owned(), value.into());
        self
    }
}
