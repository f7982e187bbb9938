//! The schema, as a list of migrations. A released migration never changes; every change is a new migration.

use gatewright_storage::{StorageError, Timestamp};

use crate::executor::{Executor, Statement};

/// A migration: one step of the schema.
#[derive(Debug, Clone, Copy)]
pub struct Migration {
    /// The number, from 1 without gaps.
    pub version: u64,
    /// A short description.
    pub name: &'static str,
    /// The oldest version that the schema still serves after this migration: hosts whose newest migration is this one or
    /// a later one go on. Before version 16 a schema serves only its own version.
    pub serves: u64,
    /// The statements, which run as one batch.
    pub statements: &'static [&'static str],
}

impl Migration {
    /// Returns the migration as a script, for databases that are migrated by another tool.
    pub fn script(&self) -> String {
        let record = format!(
            "INSERT INTO schema_migrations (version, name, applied_at)\n    VALUES ({}, '{}', unixepoch() * 1000)",
            self.version, self.name
        );
        let serves = self.record_of_serves();
        let statements = [CREATE_TABLE, &record]
            .into_iter()
            .chain(self.statements.iter().copied())
            .chain(serves.as_deref());
        statements.map(|sql| format!("{sql};\n")).collect()
    }

    /// Returns the statement that records the oldest version that the schema serves.
    fn record_of_serves(&self) -> Option<String> {
        let Self {
            version, serves, ..
        } = self;
        (*version >= SERVES_SINCE).then(|| {
            format!("UPDATE schema_migrations SET serves = {serves} WHERE version = {version}")
        })
    }
}

/// The schema of a database.
struct Schema {
    version: u64,
    serves: u64,
}

/// The reason why a database can't be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MigrationError {
    /// The database failed.
    Storage(StorageError),
    /// A newer version of Gatewright migrated the database, and its schema no longer serves this version. Using it could
    /// lose data that the newer version stored.
    Newer {
        /// The version of the database's schema.
        found: u64,
        /// The newest version that this build knows.
        known: u64,
        /// The oldest version that the schema serves.
        serves: u64,
    },
}

impl From<StorageError> for MigrationError {
    fn from(error: StorageError) -> Self {
        Self::Storage(error)
    }
}

/// All migrations, oldest first. All times are milliseconds since the Unix epoch.
pub const MIGRATIONS: &[Migration] = &[
    FIRST,
    ACCOUNTS,
    ADMINISTRATION,
    ROWS,
    FEW,
    RANKS,
    ACTING,
    FAMILIES,
    COSTS,
    COUNTED,
    EMERGENCY,
    PROVED,
    ADDRESSES,
    IDENTITIES,
    DOCUMENTS,
    FINGERPRINT,
];

/// The migration that adds the column for [`Migration::serves`].
const SERVES_SINCE: u64 = 16;

// Only the newest unretired key still signs. It has the algorithm in force, unless the setting was changed back; in
// that case a new key is created. The other keys expire after the longest possible life of an access token plus the
// overlap.
const EMERGENCY: Migration = Migration {
    version: 11,
    name: "keys of an emergency, and none but one signs",
    serves: 11,
    statements: &[
        "ALTER TABLE signing_keys ADD COLUMN emergency INTEGER NOT NULL DEFAULT 0",
        "CREATE INDEX signing_keys_emergency ON signing_keys (created_at) WHERE emergency = 1",
        "UPDATE signing_keys SET retired_at = unixepoch() * 1000, expires_at = (unixepoch() + 86700) * 1000
            WHERE retired_at IS NULL
                AND kid <> (SELECT kid FROM signing_keys WHERE retired_at IS NULL ORDER BY created_at DESC, kid DESC LIMIT 1)",
    ],
};

// Users with a verified address have proved it. Other users could have proved it before an administrator reset the
// verification: they must prove it again.
const PROVED: Migration = Migration {
    version: 12,
    name: "when an address was first proved",
    serves: 12,
    statements: &[
        "ALTER TABLE users ADD COLUMN email_proved_at INTEGER",
        "UPDATE users SET email_proved_at = email_verified_at WHERE email_verified_at IS NOT NULL",
    ],
};

// The core computes the keys of addresses and renews these (`renew-email-keys`). Keys with an ASCII domain are
// unchanged.
const ADDRESSES: Migration = Migration {
    version: 13,
    name: "keys of addresses to renew",
    serves: 13,
    statements: &[
        "CREATE TABLE email_keys_to_renew (
            user_row INTEGER PRIMARY KEY REFERENCES users (row) ON DELETE CASCADE
        ) STRICT",
        "INSERT INTO email_keys_to_renew (user_row) SELECT row FROM users
            WHERE substr(email_key, instr(email_key, '@') + 1) GLOB '*[^ -~]*' OR substr(email_key, 1, 1) = '\"'",
    ],
};

// The provider is stored beside the issuer, because some providers have an issuer for each tenant.
const IDENTITIES: Migration = Migration {
    version: 14,
    name: "identities at sign-in providers",
    serves: 14,
    statements: &[
        "CREATE TABLE identities (
            user_row INTEGER NOT NULL ON CONFLICT IGNORE REFERENCES users (row) ON DELETE CASCADE,
            issuer TEXT NOT NULL,
            subject TEXT NOT NULL,
            provider TEXT NOT NULL,
            email TEXT,
            label TEXT,
            created_at INTEGER NOT NULL,
            last_used_at INTEGER,
            tokens TEXT,
            PRIMARY KEY (user_row, issuer, subject),
            UNIQUE (issuer, subject)
        ) STRICT, WITHOUT ROWID",
        "CREATE INDEX identities_provider ON identities (provider, user_row)",
    ],
};

// The row is stored by the core (`store-key-fingerprint`).
const FINGERPRINT: Migration = Migration {
    version: SERVES_SINCE,
    name: "the fingerprint of the key, and the oldest version that a schema serves",
    serves: 16,
    statements: &[
        "ALTER TABLE schema_migrations ADD COLUMN serves INTEGER NOT NULL DEFAULT 0",
        "CREATE TABLE key_fingerprint (one INTEGER PRIMARY KEY, fingerprint TEXT NOT NULL) STRICT",
    ],
};

// With row numbers, so that the search for a name passes no content. The times stand before the content, so that
// clean-up reads none.
const DOCUMENTS: Migration = Migration {
    version: 15,
    name: "public documents of sign-in providers",
    serves: 15,
    statements: &["CREATE TABLE documents (
            name TEXT PRIMARY KEY NOT NULL,
            fetched_at INTEGER NOT NULL,
            expires_at INTEGER NOT NULL,
            content TEXT NOT NULL
        ) STRICT"],
};

// An event is counted in the statement that stores it.
const COUNTED: Migration = Migration {
    version: 10,
    name: "events are counted as they are stored",
    serves: 10,
    statements: &[
        "CREATE TRIGGER audit_events_counted AFTER INSERT ON audit_events BEGIN
            INSERT INTO event_counts (kind, reason, count) VALUES (new.kind, coalesce(new.reason, ''), 1)
                ON CONFLICT (kind, reason) DO UPDATE SET count = count + 1; END",
    ],
};

const COSTS: Migration = Migration {
    version: 9,
    name: "the most work that a password hash of each kind is",
    serves: 9,
    statements: &["CREATE TABLE password_costs (
            kind TEXT PRIMARY KEY,
            work INTEGER NOT NULL,
            decoy TEXT NOT NULL
        ) STRICT, WITHOUT ROWID"],
};

// Older tokens name no session. A used one is recognised only by its row, which is therefore kept.
const FAMILIES: Migration = Migration {
    version: 8,
    name: "refresh tokens that name their session",
    serves: 8,
    statements: &["ALTER TABLE refresh_tokens ADD COLUMN names_session INTEGER NOT NULL DEFAULT 0"],
};

// Older impersonation sessions name no parent session, and have therefore ended.
const ACTING: Migration = Migration {
    version: 7,
    name: "the session that an impersonation rests on",
    serves: 7,
    statements: &[
        "ALTER TABLE sessions ADD COLUMN parent_id TEXT",
        "CREATE INDEX sessions_parent_id ON sessions (parent_id) WHERE parent_id IS NOT NULL",
    ],
};

// Custom roles had no rank and were equal to `user`. A role that administers (it has a permission of the service, or a
// wildcard that covers one) gets rank 10: above `user`, whom its holders administer, and below `moderator`, whom they
// never could administer. The other roles stay equal to `user`. Operators can set other ranks.
const RANKS: Migration = Migration {
    version: 6,
    name: "ranks of roles, and a mark for what a batch has decided",
    serves: 6,
    statements: &[
        "ALTER TABLE roles ADD COLUMN rank INTEGER NOT NULL DEFAULT 0",
        "UPDATE roles SET rank = CASE name WHEN 'superadmin' THEN 1000 WHEN 'admin' THEN 500 WHEN 'moderator' THEN 100 ELSE 0 END
            WHERE built_in = 1",
        "UPDATE roles SET rank = 10 WHERE built_in = 0 AND row IN (
            SELECT role_permissions.role_row FROM role_permissions
            JOIN permissions AS held ON held.id = role_permissions.permission_id
            JOIN permissions AS own ON own.built_in = 1
            WHERE own.name = held.name OR held.name = '*' OR (
                substr(held.name, 1, instr(held.name, ':') - 1) IN ('*', substr(own.name, 1, instr(own.name, ':') - 1))
                AND substr(held.name, instr(held.name, ':') + 1) IN ('*', substr(own.name, instr(own.name, ':') + 1))
                AND instr(own.name, ':') > 0))",
        "CREATE TABLE decisions (id TEXT PRIMARY KEY) STRICT, WITHOUT ROWID",
    ],
};

const FEW: Migration = Migration {
    version: 5,
    name: "users who are disabled or locked are found by an index",
    serves: 5,
    statements: &[
        "CREATE INDEX users_disabled_at ON users (disabled_at) WHERE disabled_at IS NOT NULL",
        "CREATE INDEX users_locked_until ON users (locked_until) WHERE locked_until IS NOT NULL",
    ],
};

// Indexes refer to the row of a user by a short number instead of an identifier of 36 characters. SQLite can't convert
// existing tables, and dropping a table deletes the rows that refer to it. So all tables that refer to users or roles
// are created again. Rows that would refer to no user or no role are not copied.
const ROWS: Migration = Migration {
    version: 4,
    name: "users and roles with row numbers",
    serves: 4,
    statements: &[
        "ALTER TABLE users RENAME TO old_users",
        "ALTER TABLE roles RENAME TO old_roles",
        "ALTER TABLE role_permissions RENAME TO old_role_permissions",
        "ALTER TABLE credentials RENAME TO old_credentials",
        "ALTER TABLE user_roles RENAME TO old_user_roles",
        "ALTER TABLE user_terms RENAME TO old_user_terms",
        "ALTER TABLE one_time_secrets RENAME TO old_one_time_secrets",
        "ALTER TABLE sessions RENAME TO old_sessions",
        "ALTER TABLE refresh_tokens RENAME TO old_refresh_tokens",
        "CREATE TABLE users (
            row INTEGER PRIMARY KEY,
            id TEXT NOT NULL UNIQUE,
            email TEXT,
            email_key TEXT UNIQUE,
            email_verified_at INTEGER,
            username TEXT,
            username_key TEXT UNIQUE,
            display_name TEXT,
            profile TEXT NOT NULL,
            disabled_at INTEGER,
            locked_until INTEGER,
            created_at INTEGER NOT NULL,
            updated_at INTEGER NOT NULL,
            last_login_at INTEGER,
            change_id TEXT
        ) STRICT",
        "INSERT INTO users (id, email, email_key, email_verified_at, username, username_key, display_name, profile,
                disabled_at, locked_until, created_at, updated_at, last_login_at, change_id)
            SELECT id, email, email_key, email_verified_at, username, username_key, display_name, profile,
                disabled_at, locked_until, created_at, updated_at, last_login_at, change_id FROM old_users ORDER BY id",
        "CREATE TABLE roles (
            row INTEGER PRIMARY KEY,
            id TEXT NOT NULL UNIQUE,
            name TEXT NOT NULL UNIQUE,
            description TEXT NOT NULL,
            built_in INTEGER NOT NULL,
            updated_at INTEGER NOT NULL
        ) STRICT",
        "INSERT INTO roles (id, name, description, built_in, updated_at)
            SELECT id, name, description, built_in, updated_at FROM old_roles ORDER BY id",
        "CREATE TABLE role_permissions (
            role_row INTEGER NOT NULL REFERENCES roles (row) ON DELETE CASCADE,
            permission_id TEXT NOT NULL REFERENCES permissions (id) ON DELETE CASCADE,
            PRIMARY KEY (role_row, permission_id)
        ) STRICT, WITHOUT ROWID",
        "INSERT INTO role_permissions (role_row, permission_id) SELECT roles.row, old_role_permissions.permission_id
            FROM old_role_permissions JOIN roles ON roles.id = old_role_permissions.role_id
            WHERE old_role_permissions.permission_id IN (SELECT id FROM permissions)",
        "CREATE TABLE credentials (
            user_row INTEGER NOT NULL ON CONFLICT IGNORE REFERENCES users (row) ON DELETE CASCADE,
            id TEXT NOT NULL UNIQUE,
            kind TEXT NOT NULL,
            secret TEXT NOT NULL,
            counter INTEGER,
            label TEXT,
            created_at INTEGER NOT NULL,
            updated_at INTEGER NOT NULL,
            last_used_at INTEGER,
            PRIMARY KEY (user_row, id)
        ) STRICT, WITHOUT ROWID",
        "INSERT INTO credentials (user_row, id, kind, secret, counter, label, created_at, updated_at, last_used_at)
            SELECT users.row, old.id, old.kind, old.secret, old.counter, old.label, old.created_at, old.updated_at,
                old.last_used_at FROM old_credentials AS old JOIN users ON users.id = old.user_id",
        "CREATE TABLE user_roles (
            user_row INTEGER NOT NULL ON CONFLICT IGNORE REFERENCES users (row) ON DELETE CASCADE,
            role_row INTEGER NOT NULL ON CONFLICT IGNORE REFERENCES roles (row) ON DELETE CASCADE,
            PRIMARY KEY (user_row, role_row)
        ) STRICT, WITHOUT ROWID",
        "INSERT INTO user_roles (user_row, role_row) SELECT users.row, roles.row FROM old_user_roles
            JOIN users ON users.id = old_user_roles.user_id JOIN roles ON roles.id = old_user_roles.role_id",
        "CREATE TABLE user_terms (
            term TEXT NOT NULL,
            user_row INTEGER NOT NULL ON CONFLICT IGNORE REFERENCES users (row) ON DELETE CASCADE,
            PRIMARY KEY (term, user_row)
        ) STRICT, WITHOUT ROWID",
        "INSERT INTO user_terms (term, user_row) SELECT old_user_terms.term, users.row
            FROM old_user_terms JOIN users ON users.id = old_user_terms.user_id",
        "CREATE TABLE one_time_secrets (
            digest TEXT PRIMARY KEY,
            purpose TEXT NOT NULL,
            user_id TEXT REFERENCES users (id) ON DELETE CASCADE,
            payload TEXT NOT NULL,
            created_at INTEGER NOT NULL,
            expires_at INTEGER NOT NULL,
            consumed_at INTEGER
        ) STRICT, WITHOUT ROWID",
        "INSERT INTO one_time_secrets (digest, purpose, user_id, payload, created_at, expires_at, consumed_at)
            SELECT digest, purpose, user_id, payload, created_at, expires_at, consumed_at FROM old_one_time_secrets
            WHERE user_id IS NULL OR user_id IN (SELECT id FROM users)",
        "CREATE TABLE sessions (
            id TEXT PRIMARY KEY,
            user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
            client_id TEXT,
            actor_id TEXT REFERENCES users (id) ON DELETE CASCADE,
            amr TEXT NOT NULL,
            authenticated_at INTEGER NOT NULL,
            created_at INTEGER NOT NULL,
            last_seen_at INTEGER NOT NULL,
            expires_at INTEGER NOT NULL,
            ip TEXT,
            token TEXT,
            user_agent TEXT,
            revoked_at INTEGER,
            revocation_reason TEXT
        ) STRICT, WITHOUT ROWID",
        "INSERT INTO sessions (id, user_id, client_id, actor_id, amr, authenticated_at, created_at, last_seen_at,
                expires_at, ip, token, user_agent, revoked_at, revocation_reason)
            SELECT id, user_id, client_id, actor_id, amr, authenticated_at, created_at, last_seen_at,
                expires_at, ip, token, user_agent, revoked_at, revocation_reason FROM old_sessions
            WHERE user_id IN (SELECT id FROM users) AND (actor_id IS NULL OR actor_id IN (SELECT id FROM users))",
        "CREATE TABLE refresh_tokens (
            digest TEXT PRIMARY KEY,
            session_id TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
            expires_at INTEGER NOT NULL,
            consumed_at INTEGER,
            successor_digest TEXT,
            successor_sealed TEXT
        ) STRICT, WITHOUT ROWID",
        "INSERT INTO refresh_tokens (digest, session_id, expires_at, consumed_at, successor_digest, successor_sealed)
            SELECT digest, session_id, expires_at, consumed_at, successor_digest, successor_sealed
            FROM old_refresh_tokens WHERE session_id IN (SELECT id FROM sessions)",
        "DROP TABLE old_refresh_tokens",
        "DROP TABLE old_sessions",
        "DROP TABLE old_one_time_secrets",
        "DROP TABLE old_user_terms",
        "DROP TABLE old_user_roles",
        "DROP TABLE old_credentials",
        "DROP TABLE old_role_permissions",
        "DROP TABLE old_roles",
        "DROP TABLE old_users",
        "CREATE INDEX users_created_at ON users (created_at, id)",
        "CREATE INDEX users_last_login_at ON users (last_login_at, id)",
        "CREATE INDEX users_without_email ON users (id) WHERE email_key IS NULL",
        "CREATE INDEX users_without_username ON users (id) WHERE username_key IS NULL",
        "CREATE INDEX role_permissions_permission_id ON role_permissions (permission_id)",
        "CREATE UNIQUE INDEX credentials_one_password ON credentials (user_row) WHERE kind = 'password'",
        "CREATE UNIQUE INDEX credentials_one_totp ON credentials (user_row, kind) WHERE kind IN ('totp', 'totp_pending')",
        "CREATE INDEX user_roles_role_row ON user_roles (role_row)",
        "CREATE INDEX user_terms_user_row ON user_terms (user_row, term)",
        "CREATE INDEX one_time_secrets_user_id ON one_time_secrets (user_id)",
        "CREATE INDEX one_time_secrets_expires_at ON one_time_secrets (expires_at)",
        "CREATE INDEX sessions_user_id ON sessions (user_id)",
        "CREATE INDEX sessions_actor_id ON sessions (actor_id) WHERE actor_id IS NOT NULL",
        "CREATE INDEX sessions_expires_at ON sessions (expires_at)",
        "CREATE UNIQUE INDEX sessions_token ON sessions (token) WHERE token IS NOT NULL",
        "CREATE INDEX refresh_tokens_session_id ON refresh_tokens (session_id)",
        "CREATE INDEX refresh_tokens_expires_at ON refresh_tokens (expires_at)",
    ],
};

const ADMINISTRATION: Migration = Migration {
    version: 3,
    name: "lists of users, roles and permissions that change, the audit log",
    serves: 3,
    statements: &[
        "ALTER TABLE users ADD COLUMN locked_until INTEGER",
        "CREATE INDEX users_created_at ON users (created_at, id)",
        "CREATE INDEX users_last_login_at ON users (last_login_at, id)",
        "CREATE TABLE user_terms (
            term TEXT NOT NULL,
            user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
            PRIMARY KEY (term, user_id)
        ) STRICT, WITHOUT ROWID",
        "CREATE INDEX user_terms_user_id ON user_terms (user_id, term)",
        "INSERT INTO user_terms (term, user_id)
            SELECT substr(lower(trim(display_name)), 1, 64), id FROM users WHERE trim(display_name) <> ''",
        "ALTER TABLE roles ADD COLUMN updated_at INTEGER NOT NULL DEFAULT 1700000000000",
        "ALTER TABLE permissions ADD COLUMN updated_at INTEGER NOT NULL DEFAULT 1700000000000",
        "ALTER TABLE permissions ADD COLUMN built_in INTEGER NOT NULL DEFAULT 0",
        "UPDATE permissions SET built_in = 1",
        "INSERT INTO permissions (id, name, description, built_in) VALUES
            ('018bcfe5-6800-7000-8000-000000000102', 'users:read', 'Read users.', 1),
            ('018bcfe5-6800-7000-8000-000000000103', 'users:write', 'Create and change users.', 1),
            ('018bcfe5-6800-7000-8000-000000000104', 'users:delete', 'Delete users.', 1),
            ('018bcfe5-6800-7000-8000-000000000105', 'users:impersonate', 'Act as a user.', 1),
            ('018bcfe5-6800-7000-8000-000000000106', 'users:import', 'Import users.', 1),
            ('018bcfe5-6800-7000-8000-000000000107', 'users:export', 'Export users.', 1),
            ('018bcfe5-6800-7000-8000-000000000108', 'roles:read', 'Read roles and permissions.', 1),
            ('018bcfe5-6800-7000-8000-000000000109', 'roles:write', 'Change roles and permissions.', 1),
            ('018bcfe5-6800-7000-8000-000000000110', 'audit:read', 'Read the audit log.', 1),
            ('018bcfe5-6800-7000-8000-000000000111', 'keys:read', 'List signing keys.', 1),
            ('018bcfe5-6800-7000-8000-000000000112', 'keys:write', 'Rotate signing keys.', 1)",
        "INSERT INTO role_permissions (role_id, permission_id)
            SELECT roles.id, permissions.id FROM roles, permissions WHERE
            (roles.name = 'admin' AND permissions.name IN ('users:read', 'users:write', 'users:delete', 'users:impersonate',
                'roles:read', 'roles:write', 'audit:read', 'keys:read'))
            OR (roles.name = 'moderator' AND permissions.name = 'users:read')",
        "CREATE INDEX role_permissions_permission_id ON role_permissions (permission_id)",
        "CREATE TABLE audit_events (
            id TEXT PRIMARY KEY,
            at INTEGER NOT NULL,
            kind TEXT NOT NULL,
            reason TEXT,
            actor_id TEXT,
            target_type TEXT,
            target_id TEXT,
            session_id TEXT,
            ip TEXT,
            user_agent TEXT,
            request_id TEXT,
            details TEXT NOT NULL
        ) STRICT, WITHOUT ROWID",
        "CREATE INDEX audit_events_at ON audit_events (at, id)",
        "CREATE INDEX audit_events_kind ON audit_events (kind, at, id)",
        "CREATE INDEX audit_events_actor_id ON audit_events (actor_id, at, id) WHERE actor_id IS NOT NULL",
        "CREATE INDEX audit_events_target_id ON audit_events (target_id, at, id) WHERE target_id IS NOT NULL",
        "CREATE TABLE event_counts (
            kind TEXT NOT NULL,
            reason TEXT NOT NULL,
            count INTEGER NOT NULL,
            PRIMARY KEY (kind, reason)
        ) STRICT, WITHOUT ROWID",
    ],
};

const ACCOUNTS: Migration = Migration {
    version: 2,
    name: "one-time secrets, changes of users, opaque sessions, counters",
    serves: 2,
    statements: &[
        "CREATE TABLE one_time_secrets (
            digest TEXT PRIMARY KEY,
            purpose TEXT NOT NULL,
            user_id TEXT REFERENCES users (id) ON DELETE CASCADE,
            payload TEXT NOT NULL,
            created_at INTEGER NOT NULL,
            expires_at INTEGER NOT NULL,
            consumed_at INTEGER
        ) STRICT, WITHOUT ROWID",
        "CREATE INDEX one_time_secrets_user_id ON one_time_secrets (user_id)",
        "CREATE INDEX one_time_secrets_expires_at ON one_time_secrets (expires_at)",
        "ALTER TABLE users ADD COLUMN change_id TEXT",
        "ALTER TABLE sessions ADD COLUMN token TEXT",
        "CREATE UNIQUE INDEX sessions_token ON sessions (token) WHERE token IS NOT NULL",
        "ALTER TABLE credentials ADD COLUMN counter INTEGER",
        "CREATE UNIQUE INDEX credentials_one_totp ON credentials (user_id, kind) WHERE kind IN ('totp', 'totp_pending')",
    ],
};

const FIRST: Migration = Migration {
    version: 1,
    name: "users, credentials, roles, sessions, refresh tokens, signing keys, limits",
    serves: 1,
    statements: &[
        "CREATE TABLE users (
            id TEXT PRIMARY KEY,
            email TEXT,
            email_key TEXT UNIQUE,
            email_verified_at INTEGER,
            username TEXT,
            username_key TEXT UNIQUE,
            display_name TEXT,
            profile TEXT NOT NULL,
            disabled_at INTEGER,
            created_at INTEGER NOT NULL,
            updated_at INTEGER NOT NULL,
            last_login_at INTEGER
        ) STRICT, WITHOUT ROWID",
        "CREATE TABLE credentials (
            id TEXT PRIMARY KEY,
            user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
            kind TEXT NOT NULL,
            secret TEXT NOT NULL,
            label TEXT,
            created_at INTEGER NOT NULL,
            updated_at INTEGER NOT NULL,
            last_used_at INTEGER
        ) STRICT, WITHOUT ROWID",
        "CREATE INDEX credentials_user_id ON credentials (user_id)",
        "CREATE UNIQUE INDEX credentials_one_password ON credentials (user_id) WHERE kind = 'password'",
        "CREATE TABLE roles (
            id TEXT PRIMARY KEY,
            name TEXT NOT NULL UNIQUE,
            description TEXT NOT NULL,
            built_in INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID",
        "CREATE TABLE permissions (
            id TEXT PRIMARY KEY,
            name TEXT NOT NULL UNIQUE,
            description TEXT NOT NULL
        ) STRICT, WITHOUT ROWID",
        "CREATE TABLE role_permissions (
            role_id TEXT NOT NULL REFERENCES roles (id) ON DELETE CASCADE,
            permission_id TEXT NOT NULL REFERENCES permissions (id) ON DELETE CASCADE,
            PRIMARY KEY (role_id, permission_id)
        ) STRICT, WITHOUT ROWID",
        "CREATE TABLE user_roles (
            user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
            role_id TEXT NOT NULL REFERENCES roles (id) ON DELETE CASCADE,
            PRIMARY KEY (user_id, role_id)
        ) STRICT, WITHOUT ROWID",
        "CREATE INDEX user_roles_role_id ON user_roles (role_id)",
        "INSERT INTO roles (id, name, description, built_in) VALUES
            ('018bcfe5-6800-7000-8000-000000000001', 'superadmin', 'May do everything.', 1),
            ('018bcfe5-6800-7000-8000-000000000002', 'admin', 'Administers users and roles.', 1),
            ('018bcfe5-6800-7000-8000-000000000003', 'moderator', 'Looks after users.', 1),
            ('018bcfe5-6800-7000-8000-000000000004', 'premium', 'Pays.', 1),
            ('018bcfe5-6800-7000-8000-000000000005', 'verified', 'Has proved to receive mail at the stored address.', 1),
            ('018bcfe5-6800-7000-8000-000000000006', 'user', 'Everybody who registered.', 1)",
        "INSERT INTO permissions (id, name, description) VALUES
            ('018bcfe5-6800-7000-8000-000000000101', '*', 'Everything.')",
        "INSERT INTO role_permissions (role_id, permission_id) VALUES
            ('018bcfe5-6800-7000-8000-000000000001', '018bcfe5-6800-7000-8000-000000000101')",
        "CREATE TABLE sessions (
            id TEXT PRIMARY KEY,
            user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
            client_id TEXT,
            actor_id TEXT REFERENCES users (id) ON DELETE CASCADE,
            amr TEXT NOT NULL,
            authenticated_at INTEGER NOT NULL,
            created_at INTEGER NOT NULL,
            last_seen_at INTEGER NOT NULL,
            expires_at INTEGER NOT NULL,
            ip TEXT,
            user_agent TEXT,
            revoked_at INTEGER,
            revocation_reason TEXT
        ) STRICT, WITHOUT ROWID",
        "CREATE INDEX sessions_user_id ON sessions (user_id)",
        "CREATE INDEX sessions_actor_id ON sessions (actor_id) WHERE actor_id IS NOT NULL",
        "CREATE INDEX sessions_expires_at ON sessions (expires_at)",
        "CREATE TABLE refresh_tokens (
            digest TEXT PRIMARY KEY,
            session_id TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
            expires_at INTEGER NOT NULL,
            consumed_at INTEGER,
            successor_digest TEXT,
            successor_sealed TEXT
        ) STRICT, WITHOUT ROWID",
        "CREATE INDEX refresh_tokens_session_id ON refresh_tokens (session_id)",
        "CREATE INDEX refresh_tokens_expires_at ON refresh_tokens (expires_at)",
        "CREATE TABLE signing_keys (
            kid TEXT PRIMARY KEY,
            algorithm TEXT NOT NULL,
            public_jwk TEXT NOT NULL,
            sealed TEXT NOT NULL,
            created_at INTEGER NOT NULL,
            retired_at INTEGER,
            expires_at INTEGER
        ) STRICT, WITHOUT ROWID",
        "CREATE UNIQUE INDEX signing_keys_one_signs ON signing_keys (algorithm) WHERE retired_at IS NULL",
        "CREATE TABLE limits (
            key TEXT PRIMARY KEY,
            count INTEGER NOT NULL,
            resets_at INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID",
        "CREATE INDEX limits_resets_at ON limits (resets_at)",
    ],
};

const CREATE_TABLE: &str = "CREATE TABLE IF NOT EXISTS schema_migrations (
    version INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    applied_at INTEGER NOT NULL
) STRICT";
const CREATED: &str =
    "SELECT 1 AS created FROM sqlite_schema WHERE type = 'table' AND name = 'schema_migrations'";
const CURRENT: &str = "SELECT coalesce(max(version), 0) AS version FROM schema_migrations";
const SCHEMA: &str =
    "SELECT coalesce(max(version), 0) AS version, coalesce(max(serves), 0) AS serves
    FROM schema_migrations";
const APPLIED: &str =
    "INSERT INTO schema_migrations (version, name, applied_at) VALUES (?1, ?2, ?3)";

/// Migrates a database to the newest schema and returns the number of migrations that were applied.
///
/// Can be called concurrently: a migration is one batch, and its number can be stored only once.
///
/// # Errors
/// The database no longer serves this version, or can't be used.
pub async fn migrate(executor: &impl Executor, now: Timestamp) -> Result<u64, MigrationError> {
    executor
        .execute(Statement::new(CREATE_TABLE, vec![]))
        .await?;
    let mut applied = 0;
    for migration in MIGRATIONS {
        if current(executor).await? >= migration.version {
            continue;
        }
        // The record comes first, so that the second of two concurrent callers fails here and not halfway.
        let record = Statement::new(
            APPLIED,
            vec![migration.version.into(), migration.name.into(), now.into()],
        );
        let steps = migration
            .statements
            .iter()
            .map(|sql| Statement::new(sql, vec![]));
        let serves = migration.record_of_serves().map(|sql| Statement {
            sql: sql.into(),
            ..Statement::new("", vec![])
        });
        let batch = std::iter::once(record).chain(steps).chain(serves);
        match executor.batch(batch.collect()).await {
            Ok(_) => applied += 1,
            // It is no error if another caller has applied this migration meanwhile.
            Err(error) if current(executor).await? < migration.version => return Err(error.into()),
            Err(_) => {}
        }
    }
    let known = newest();
    let schema = schema(executor).await?;
    if schema.serves > known {
        return Err(MigrationError::Newer {
            found: schema.version,
            known,
            serves: schema.serves,
        });
    }
    Ok(applied)
}

/// Returns the migrations that [`migrate`] would apply.
///
/// # Errors
/// The database can't be used.
pub async fn plan(executor: &impl Executor) -> Result<Vec<Migration>, StorageError> {
    let created = executor.query(Statement::new(CREATED, vec![])).await?;
    let version = match created.is_empty() {
        true => 0,
        false => current(executor).await?,
    };
    let missing = MIGRATIONS.iter().filter(|next| next.version > version);
    Ok(missing.copied().collect())
}

/// Returns whether a database serves this version. Takes one query, where [`migrate`] takes several.
pub async fn is_current(executor: &impl Executor) -> bool {
    check(executor).await.is_ok()
}

/// Fails unless the database serves this version: it has the newest schema, or a newer one that still serves it.
pub(crate) async fn check(executor: &impl Executor) -> Result<(), StorageError> {
    let schema = match schema(executor).await {
        // A schema before the column for it.
        Err(StorageError::Invalid(_)) => Schema {
            version: current(executor).await?,
            serves: 0,
        },
        schema => schema?,
    };
    let (found, known, serves) = (schema.version, newest(), schema.serves);
    if found >= known && serves <= known {
        return Ok(());
    }
    Err(StorageError::Invalid(if found < known {
        format!("the database has schema {found}, but this version needs schema {known}")
    } else {
        format!(
            "the database has schema {found}, which serves version {serves} and later ones, but this is version {known}"
        )
    }))
}

fn newest() -> u64 {
    MIGRATIONS.last().map_or(0, |migration| migration.version)
}

async fn schema(executor: &impl Executor) -> Result<Schema, StorageError> {
    let rows = executor.query(Statement::new(SCHEMA, vec![])).await?;
    let Some(mut row) = rows.into_iter().next() else {
        return Ok(Schema {
            version: 0,
            serves: 0,
        });
    };
    Ok(Schema {
        version: row.next()?,
        serves: row.next()?,
    })
}

async fn current(executor: &impl Executor) -> Result<u64, StorageError> {
    let rows = executor.query(Statement::new(CURRENT, vec![])).await?;
    rows.into_iter().next().map_or(Ok(0), |mut row| row.next())
}
