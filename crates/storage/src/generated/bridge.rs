//! The contract as macros. Generated from `wit/` by `cargo xtask generate`: change it there.

/// Implements [`Mirror`](crate::Mirror) both ways between this crate's records and bindings that are generated from `wit/`.
/// The argument is the module of the package: `gatewright_storage::mirror_storage!(bindings::gatewright::auth);`
#[macro_export]
macro_rules! mirror_storage {
    ($($wit:tt)*) => {
        const _: () = {
            use $($wit)* as wit;
            $crate::mirror_types! { [$crate] [wit::types]
                variant StorageError { Unavailable(payload), Invalid(payload) }
                record TimeRange { begin, end }
            }
            $crate::mirror_types! { [$crate] [wit::audit]
                record AuditEvent { id, at, kind, reason, actor_id, target_type, target_id, session_id, ip, user_agent, request_id, details }
                record AuditQuery { kind, actor_id, target_id, at, after, limit }
                record AuditPage { events, next }
                record EventCount { kind, reason, count }
            }
            $crate::mirror_types! { [$crate] [wit::roles]
                record Permission { id, name, description, built_in, updated_at }
                record Role { id, name, description, built_in, rank, permissions, updated_at }
                variant StoreOutcome { Stored, Conflict, NameTaken }
                record Standing { rank, roles, permissions }
                variant Subject { User(payload), Role(payload), RoleHolders(payload), PermissionHolders(payload) }
                record SeenStanding { subject, standing }
                record Grounds { session, now, standings }
            }
            $crate::mirror_types! { [$crate] [wit::credentials]
                record Credential { id, user_id, kind, secret, counter, label, created_at, updated_at, last_used_at }
                record PasswordCost { kind, work, decoy }
            }
            $crate::mirror_types! { [$crate] [wit::identities]
                record Identity { issuer, subject, provider, user_id, email, label, created_at, last_used_at, tokens }
                record IdentityKey { issuer, subject }
            }
            $crate::mirror_types! { [$crate] [wit::users]
                record User { id, email, email_verified_at, email_proved_at, username, display_name, profile, disabled_at, locked_until, created_at, updated_at, last_login_at }
                record NewUser { user, email_key, username_key, credentials, identities, roles, search_terms, unless_role_assigned, grounds, events }
                variant CreateUserOutcome { Created, EmailTaken, UsernameTaken, IdentityTaken, IdTaken, RoleAssigned, Conflict }
                variant LoginName { Email(payload), Username(payload), Id(payload) }
                record Account { user, credentials }
                record IdentifiedAccount { account, identity }
                record UserDetails { account, identities, roles, permissions, rank }
                record InvalidatedSecrets { purpose, since }
                record SessionEnding { except, only, only_acting, reason }
                record UserChange { id, user, email_key, username_key, expected_updated_at, consumes, invalidates, deletes_credentials, credentials, removes_identities, adds_identities, adds_roles, removes_roles, ends_sessions, search_terms, require_remaining_holder, grounds, events }
                variant ChangeOutcome { Changed(payload), Conflict, EmailTaken, UsernameTaken, IdentityTaken, SecretRefused, LastHolder }
                variant DeleteUserOutcome { Deleted(payload), Unknown, Conflict, LastHolder }
                variant UserOrder { CreatedAt, LastLoginAt, Email, Username }
                record UserQuery { search, role, provider, verified, disabled, locked, created, last_login, order, descending, after, limit, now }
                record UserPage { users, next }
            }
            $crate::mirror_types! { [$crate] [wit::sessions]
                record Session { id, user_id, client_id, actor_id, parent_id, amr, authenticated_at, created_at, last_seen_at, expires_at, ip, token, user_agent, revoked_at, revocation_reason }
                record RefreshToken { digest, expires_at, names_session }
                record NewSession { session, refresh_token, credential, identity, ends_others, continues, replaces, events }
                record Acting { opaque, last_seen_at, expires_at, revoked_at, disabled_at, standing }
                record ActiveSession { session, user, roles, permissions, rank, keys_ended_at, second_factor, acting }
                record StartedSession { active, ended }
                variant StartSessionOutcome { Started(payload), UserInactive }
                record Rotation { presented, session, successor, ciphertext, now, grace }
                record ReplayedRotation { ciphertext, superseded, active }
                variant RotationOutcome { Rotated(payload), Replayed(payload), Reused(payload), Expired, Revoked, Unknown }
            }
            $crate::mirror_types! { [$crate] [wit::one_time_secrets]
                record OneTimeSecret { digest, purpose, user_id, payload, created_at, expires_at, consumed_at }
            }
            $crate::mirror_types! { [$crate] [wit::signing_keys]
                record StoredSigningKey { kid, algorithm, public_jwk, ciphertext, created_at, retired_at, expires_at, emergency }
            }
            $crate::mirror_types! { [$crate] [wit::rate_limits]
                record Limit { key, window, max }
                record LimitState { count, resets_at }
            }
            $crate::mirror_types! { [$crate] [wit::documents]
                record Document { name, content, fetched_at, expires_at }
            }
            $crate::mirror_types! { [$crate] [wit::maintenance]
                record EmailKey { user_id, email, key }
            }
        };
    };
}

/// Hands the functions of the contract to another macro, by noun: the trait, the module of bindings, and each function.
///
/// Type names are resolved where the macro is expanded: with `gatewright_storage::*` in scope they are this crate's, with
/// the module of a noun's bindings in scope they are the contract's.
#[macro_export]
macro_rules! storage_functions {
    ($callback:ident) => {
        $callback! {
            Audit in audit {
                append_audit(event: AuditEvent) -> bool;
                list_audit(query: AuditQuery) -> AuditPage;
                count_events() -> Vec<EventCount>;
            }
            Roles in roles {
                find_standing(subject: Subject) -> Standing;
                list_roles() -> Vec<Role>;
                store_role(role: Role, expected_updated_at: Option<Timestamp>, grounds: Option<Grounds>, events: Vec<AuditEvent>) -> StoreOutcome;
                delete_role(role_id: String, grounds: Option<Grounds>, events: Vec<AuditEvent>) -> bool;
                list_permissions() -> Vec<Permission>;
                store_permission(permission: Permission, expected_updated_at: Option<Timestamp>, grounds: Option<Grounds>, events: Vec<AuditEvent>) -> StoreOutcome;
                delete_permission(permission_id: String, grounds: Option<Grounds>, events: Vec<AuditEvent>) -> bool;
            }
            Credentials in credentials {
                replace_credential_secret(credential_id: String, expected: String, replacement: String, now: Timestamp) -> bool;
                accept_counter(credential_id: String, counter: u64, now: Timestamp) -> bool;
                delete_credential(credential_id: String, events: Vec<AuditEvent>) -> bool;
                list_password_costs() -> Vec<PasswordCost>;
                raise_password_costs(costs: Vec<PasswordCost>) -> ();
            }
            Identities in identities {
                list_identities(user_id: String) -> Vec<Identity>;
                use_identity(issuer: String, subject: String, email: Option<String>, now: Timestamp) -> bool;
                replace_identity_tokens(issuer: String, subject: String, expected: Option<String>, replacement: Option<String>) -> bool;
            }
            Users in users {
                create_user(user: NewUser) -> CreateUserOutcome;
                create_users(change: String, users: Vec<NewUser>, grounds: Option<Grounds>) -> Vec<CreateUserOutcome>;
                find_user(user_id: String) -> Option<UserDetails>;
                find_account(name: LoginName) -> Option<Account>;
                find_identity(issuer: String, subject: String) -> Option<IdentifiedAccount>;
                list_users(query: UserQuery) -> UserPage;
                change_user(change: UserChange) -> ChangeOutcome;
                delete_user(user_id: String, expected_updated_at: Timestamp, now: Timestamp, require_remaining_holder: Option<String>, grounds: Option<Grounds>, events: Vec<AuditEvent>) -> DeleteUserOutcome;
            }
            Sessions in sessions {
                start_session(session: NewSession) -> StartSessionOutcome;
                find_session(session_id: String) -> Option<ActiveSession>;
                find_session_by_token(token: String) -> Option<ActiveSession>;
                find_refresh_token_session(token: String) -> Option<String>;
                list_sessions(user_id: String, now: Timestamp) -> Vec<Session>;
                touch_session(session_id: String, now: Timestamp) -> ();
                rotate_refresh_token(rotation: Rotation) -> RotationOutcome;
                revoke_session(session_id: String, now: Timestamp, reason: String, events: Vec<AuditEvent>) -> Vec<String>;
                revoke_sessions(user_id: String, except: Option<String>, now: Timestamp, reason: String, events: Vec<AuditEvent>) -> Vec<String>;
            }
            OneTimeSecrets in one_time_secrets {
                store_one_time_secret(secret: OneTimeSecret, replaces: bool) -> bool;
                find_one_time_secret(secret: String) -> Option<OneTimeSecret>;
                consume_one_time_secret(secret: String, purpose: String, now: Timestamp) -> Option<OneTimeSecret>;
            }
            SigningKeys in signing_keys {
                list_signing_keys() -> Vec<StoredSigningKey>;
                add_signing_key(key: StoredSigningKey, replaces: Option<String>, replaced_expires_at: Timestamp, events: Vec<AuditEvent>) -> bool;
            }
            RateLimits in rate_limits {
                count(limits: Vec<Limit>, now: Timestamp) -> Vec<LimitState>;
                clear_limits(prefixes: Vec<String>) -> ();
            }
            Documents in documents {
                find_documents(names: Vec<String>) -> Vec<Document>;
                store_document(document: Document) -> ();
            }
            Maintenance in maintenance {
                purge(now: Timestamp, ended_before: Timestamp, audited_before: Option<Timestamp>) -> u64;
                check(now: Timestamp) -> ();
                find_key_fingerprint() -> Option<String>;
                store_key_fingerprint(fingerprint: String) -> String;
                list_old_email_keys() -> Vec<EmailKey>;
                renew_email_keys(keys: Vec<EmailKey>) -> Vec<String>;
            }
        }
    };
}
