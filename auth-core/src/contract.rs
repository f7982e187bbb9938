//! Crossing the component boundary: the same records on both sides, copied field by field.
//!
//! Bindings generated from `wit/storage.wit` have types of their own in every crate that generates them. The
//! macros here hold the list of records and of functions once; the service component expands them to call its
//! imports, a host or a provider to serve its exports.

use core::time::Duration;

use crate::time::Timestamp;

/// Turns a value into its equal on the other side of the boundary.
pub trait Mirror<T> {
    /// The equal.
    fn mirror(self) -> T;
}

macro_rules! same_on_both_sides {
    ($($ty:ty),*) => {
        $(impl Mirror<$ty> for $ty {
            fn mirror(self) -> $ty {
                self
            }
        })*
    };
}
same_on_both_sides!((), bool, u64, String);

impl Mirror<u64> for Timestamp {
    fn mirror(self) -> u64 {
        self.as_millis()
    }
}

impl Mirror<Timestamp> for u64 {
    fn mirror(self) -> Timestamp {
        Timestamp::from_millis(self)
    }
}

impl Mirror<u64> for Duration {
    fn mirror(self) -> u64 {
        self.as_millis() as u64
    }
}

impl Mirror<Duration> for u64 {
    fn mirror(self) -> Duration {
        Duration::from_millis(self)
    }
}

impl<A: Mirror<B>, B> Mirror<Option<B>> for Option<A> {
    fn mirror(self) -> Option<B> {
        self.map(A::mirror)
    }
}

impl<A: Mirror<B>, B> Mirror<Vec<B>> for Vec<A> {
    fn mirror(self) -> Vec<B> {
        self.into_iter().map(A::mirror).collect()
    }
}

impl<A: Mirror<B>, B, E: Mirror<F>, F> Mirror<Result<B, F>> for Result<A, E> {
    fn mirror(self) -> Result<B, F> {
        self.map(A::mirror).map_err(E::mirror)
    }
}

/// Implements [`Mirror`] both ways between `auth_core::storage` and bindings generated from `storage.wit`, whose
/// module is the argument: `auth_core::mirror_storage!(bindings::gatewright::auth::storage);`
#[macro_export]
macro_rules! mirror_storage {
    ($($wit:tt)*) => {
        const _: () = {
            use $($wit)* as wit;
            $crate::mirror_types! { storage;
                record User { id, email, email_verified_at, username, display_name, profile, disabled_at, locked_until, created_at, updated_at, last_login_at }
                record Credential { id, user_id, kind, secret, counter, label, created_at, updated_at, last_used_at }
                record NewUser { user, email_key, username_key, credentials, roles, terms, unless_held, grounds }
                record Standing { rank, roles, permissions }
                record SeenStanding { subject, standing }
                record Grounds { session, now, standings }
                record Account { user, credentials }
                record Session { id, user_id, client_id, actor_id, parent_id, amr, authenticated_at, created_at, last_seen_at, expires_at, ip, token, user_agent, revoked_at, revocation_reason }
                record RefreshToken { digest, expires_at, names_session }
                record NewSession { session, refresh_token, credential, ends_others }
                record StartedSession { active, ended }
                record Acting { opaque, last_seen_at, expires_at, revoked_at, disabled_at, standing }
                record ActiveSession { session, user, roles, permissions, rank, acting }
                record Rotation { presented, session, successor, sealed, now, grace }
                record ReplayedRotation { sealed, superseded, active }
                record OneTimeSecret { digest, purpose, user_id, payload, created_at, expires_at, consumed_at }
                record UserChange { id, user, email_key, username_key, expected_updated_at, consumes, voids, deletes_credentials, credentials, adds_roles, removes_roles, ends_sessions, terms, keeps_holder, grounds }
                record VoidedSecrets { purpose, since }
                record SessionEnding { except, only, only_acting, reason }
                variant ChangeOutcome = ChangeOutcome { Changed(ended), Conflict, EmailTaken, UsernameTaken, SecretRefused, LastHolder }
                record Member { account, roles, permissions, rank }
                record Place { part, key, tie_break }
                record TimeRange { begin, end }
                record UserQuery { search, role, verified, disabled, locked, created, last_login, order, descending, after, limit, now }
                record UserPage { members, next }
                record Permission { id, name, description, built_in, updated_at }
                record Role { id, name, description, built_in, rank, permissions, updated_at }
                record AuditEvent { id, at, kind, reason, actor_id, target_type, target_id, session_id, ip, user_agent, request_id, details }
                record AuditQuery { kind, actor_id, target_id, at, after, limit }
                record AuditPlace { at, id }
                record EventCount { kind, reason, count }
                record PasswordCost { kind, work, decoy }
                record SigningKey { kid, algorithm, public_jwk, sealed, created_at, retired_at, expires_at }
                record Limit { key, window, most }
                record LimitState { count, resets_at }
                variant StorageError = Error { Unavailable(cause), Invalid(cause) }
                variant CreateUserOutcome = CreateUserOutcome { Created, EmailTaken, UsernameTaken, IdTaken, RoleHeld, Conflict }
                variant Subject = Subject { User(id), Role(id), RoleHolders(id), PermissionHolders(id) }
                variant DeleteUserOutcome = DeleteUserOutcome { Deleted(ended), Unknown, Conflict, LastHolder }
                variant UserOrder = UserOrder { CreatedAt, LastLoginAt, Email, Username }
                variant StoreOutcome = StoreOutcome { Stored, Conflict, NameTaken }
                variant LoginName = LoginName { Email(key), Username(key), Id(id) }
                variant StartSessionOutcome = StartSessionOutcome { Started(session), UserInactive }
                variant RotationOutcome = RotationOutcome { Rotated(active), Replayed(rotation), Reused(active), Expired, Revoked, Unknown }
            }
        };
    };
}

/// Implements [`Mirror`] both ways between [`Message`](crate::Message), [`MailError`](crate::MailError) and bindings
/// generated from the interface `mail`, whose module is the argument.
#[macro_export]
macro_rules! mirror_mail {
    ($($wit:tt)*) => {
        const _: () = {
            use $($wit)* as wit;
            $crate::mirror_types! { mail;
                record Message { to, subject, text, html, kind }
                variant MailError = Error { Unavailable(cause), Refused(cause) }
            }
        };
    };
}

/// Writes the implementations for types of a module of this crate; expects the bindings to be named `wit`.
#[doc(hidden)]
#[macro_export]
macro_rules! mirror_types {
    ($module:ident;) => {};
    ($module:ident; record $name:ident { $($field:ident),* } $($rest:tt)*) => {
        impl $crate::contract::Mirror<wit::$name> for $crate::$module::$name {
            fn mirror(self) -> wit::$name {
                wit::$name { $($field: self.$field.mirror()),* }
            }
        }
        impl $crate::contract::Mirror<$crate::$module::$name> for wit::$name {
            fn mirror(self) -> $crate::$module::$name {
                $crate::$module::$name { $($field: self.$field.mirror()),* }
            }
        }
        $crate::mirror_types! { $module; $($rest)* }
    };
    ($module:ident; variant $name:ident = $wit:ident { $($case:ident $(($payload:ident))?),* } $($rest:tt)*) => {
        impl $crate::contract::Mirror<wit::$wit> for $crate::$module::$name {
            fn mirror(self) -> wit::$wit {
                match self { $(Self::$case $(($payload))? => wit::$wit::$case $(($payload.mirror()))?),* }
            }
        }
        impl $crate::contract::Mirror<$crate::$module::$name> for wit::$wit {
            fn mirror(self) -> $crate::$module::$name {
                match self { $(Self::$case $(($payload))? => $crate::$module::$name::$case $(($payload.mirror()))?),* }
            }
        }
        $crate::mirror_types! { $module; $($rest)* }
    };
}

/// Hands the functions of the storage contract to another macro, which writes one method for each.
///
/// Type names are resolved where the macro is expanded: with `auth_core::storage::*` in scope they are the
/// core's, with the module of generated bindings in scope they are the contract's.
#[macro_export]
macro_rules! storage_functions {
    ($callback:ident) => {
        $callback! {
            create_user(user: NewUser) -> CreateUserOutcome;
            create_users(change: String, users: Vec<NewUser>, grounds: Option<Grounds>) -> Vec<CreateUserOutcome>;
            find_member(user_id: String) -> Option<Member>;
            list_users(query: UserQuery) -> UserPage;
            find_account(name: LoginName) -> Option<Account>;
            replace_credential_secret(credential_id: String, expected: String, replacement: String, now: Timestamp) -> bool;
            list_password_costs() -> Vec<PasswordCost>;
            raise_password_costs(costs: Vec<PasswordCost>) -> ();
            start_session(session: NewSession) -> StartSessionOutcome;
            find_session(session_id: String) -> Option<ActiveSession>;
            rotate_refresh_token(rotation: Rotation) -> RotationOutcome;
            find_refresh_token_session(token: String) -> Option<String>;
            revoke_session(session_id: String, now: Timestamp, reason: String) -> Vec<String>;
            revoke_sessions(user_id: String, except: Option<String>, now: Timestamp, reason: String) -> Vec<String>;
            find_session_by_token(token: String) -> Option<ActiveSession>;
            list_sessions(user_id: String, now: Timestamp) -> Vec<Session>;
            touch_session(session_id: String, now: Timestamp) -> ();
            store_one_time_secret(secret: OneTimeSecret, replaces: bool) -> ();
            find_one_time_secret(secret: String) -> Option<OneTimeSecret>;
            consume_one_time_secret(secret: String, now: Timestamp) -> bool;
            change_user(change: UserChange) -> ChangeOutcome;
            delete_user(user_id: String, expected_updated_at: Timestamp, now: Timestamp, keeps_holder: Option<String>, grounds: Option<Grounds>) -> DeleteUserOutcome;
            accept_counter(credential_id: String, counter: u64, now: Timestamp) -> bool;
            delete_credential(credential_id: String) -> bool;
            find_standing(subject: Subject) -> Standing;
            list_roles() -> Vec<Role>;
            store_role(role: Role, expected_updated_at: Option<Timestamp>, grounds: Option<Grounds>) -> StoreOutcome;
            delete_role(role_id: String, grounds: Option<Grounds>) -> bool;
            list_permissions() -> Vec<Permission>;
            store_permission(permission: Permission, expected_updated_at: Option<Timestamp>, grounds: Option<Grounds>) -> StoreOutcome;
            delete_permission(permission_id: String, grounds: Option<Grounds>) -> bool;
            append_audit(event: AuditEvent) -> bool;
            list_audit(query: AuditQuery) -> Vec<AuditEvent>;
            count_events() -> Vec<EventCount>;
            list_signing_keys() -> Vec<SigningKey>;
            add_signing_key(key: SigningKey, replaces: Option<String>, replaced_expires_at: Timestamp) -> bool;
            count(limits: Vec<Limit>, now: Timestamp) -> Vec<LimitState>;
            clear_limits(prefixes: Vec<String>) -> ();
            purge(now: Timestamp, ended_before: Timestamp, audited_before: Option<Timestamp>) -> u64;
            check() -> ();
        }
    };
}
