//! The schema, as a list of migrations. A released migration never changes; every change is a new migration.

/// A migration: one step of the schema.
#[derive(Debug, Clone, Copy)]
pub struct Migration {
    /// The number, from 1 without gaps.
    pub version: u64,
    /// A short description.
    pub name: &'static str,
    /// The oldest version that the schema still serves after this migration: hosts whose newest migration is this one or
    /// a later one go on.
    pub serves: u64,
    /// The statements, which run as one transaction.
    pub statements: &'static [&'static str],
}

/// All migrations, oldest first.
pub const MIGRATIONS: &[Migration] = &[FIRST, DELETE_BY_TRIGGER, DELETE_LEFT_TERMS];

/// The number of rows among which the counter of a kind of event is divided. More can be used at any time.
pub(crate) const SHARDS: u64 = 16;

const FIRST: Migration = Migration {
    version: 1,
    name: "everything of SQLite's schema 16",
    serves: 1,
    statements: &[
        r#"CREATE TABLE guards (name text COLLATE "C" PRIMARY KEY)"#,
        "INSERT INTO guards (name) VALUES ('decisions'), ('signing_keys')",
        r#"CREATE TABLE users (
            id text COLLATE "C" PRIMARY KEY,
            email text,
            email_key text COLLATE "C" UNIQUE,
            email_verified_at bigint,
            email_proved_at bigint,
            username text,
            username_key text COLLATE "C" UNIQUE,
            display_name text,
            profile text NOT NULL,
            disabled_at bigint,
            locked_until bigint,
            created_at bigint NOT NULL,
            updated_at bigint NOT NULL,
            last_login_at bigint,
            change_id text COLLATE "C"
        ) WITH (fillfactor = 90)"#,
        "CREATE INDEX users_created_at ON users (created_at, id)",
        "CREATE INDEX users_last_login_at ON users (last_login_at, id)",
        "CREATE INDEX users_without_email ON users (id) WHERE email_key IS NULL",
        "CREATE INDEX users_without_username ON users (id) WHERE username_key IS NULL",
        "CREATE INDEX users_disabled_at ON users (disabled_at) WHERE disabled_at IS NOT NULL",
        "CREATE INDEX users_locked_until ON users (locked_until) WHERE locked_until IS NOT NULL",
        // A trigger deletes the terms of a deleted user. A reference would check each term, and slow down imports by a tenth.
        r#"CREATE TABLE user_terms (
            term text COLLATE "C" NOT NULL,
            user_id text COLLATE "C" NOT NULL,
            PRIMARY KEY (term, user_id)
        )"#,
        "CREATE INDEX user_terms_user_id ON user_terms (user_id, term)",
        r#"CREATE TABLE email_keys_to_renew (
            user_id text COLLATE "C" PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE
        )"#,
        r#"CREATE TABLE credentials (
            id text COLLATE "C" PRIMARY KEY,
            user_id text COLLATE "C" NOT NULL REFERENCES users (id) ON DELETE CASCADE,
            kind text COLLATE "C" NOT NULL,
            secret text COLLATE "C" NOT NULL,
            counter bigint,
            label text,
            created_at bigint NOT NULL,
            updated_at bigint NOT NULL,
            last_used_at bigint
        )"#,
        "CREATE INDEX credentials_user_id ON credentials (user_id)",
        "CREATE UNIQUE INDEX credentials_one_password ON credentials (user_id) WHERE kind = 'password'",
        "CREATE UNIQUE INDEX credentials_one_totp ON credentials (user_id, kind) WHERE kind IN ('totp', 'totp_pending')",
        r#"CREATE TABLE password_costs (
            kind text COLLATE "C" PRIMARY KEY,
            work bigint NOT NULL,
            decoy text NOT NULL
        )"#,
        r#"CREATE TABLE identities (
            issuer text COLLATE "C" NOT NULL,
            subject text COLLATE "C" NOT NULL,
            user_id text COLLATE "C" NOT NULL REFERENCES users (id) ON DELETE CASCADE,
            provider text COLLATE "C" NOT NULL,
            email text,
            label text,
            created_at bigint NOT NULL,
            last_used_at bigint,
            tokens text COLLATE "C",
            PRIMARY KEY (issuer, subject)
        )"#,
        "CREATE INDEX identities_user_id ON identities (user_id)",
        "CREATE INDEX identities_provider ON identities (provider, user_id)",
        r#"CREATE TABLE roles (
            id text COLLATE "C" PRIMARY KEY,
            name text COLLATE "C" NOT NULL UNIQUE,
            description text NOT NULL,
            built_in boolean NOT NULL,
            rank bigint NOT NULL,
            updated_at bigint NOT NULL
        )"#,
        r#"CREATE TABLE permissions (
            id text COLLATE "C" PRIMARY KEY,
            name text COLLATE "C" NOT NULL UNIQUE,
            description text NOT NULL,
            built_in boolean NOT NULL,
            updated_at bigint NOT NULL
        )"#,
        r#"CREATE TABLE role_permissions (
            role_id text COLLATE "C" NOT NULL REFERENCES roles (id) ON DELETE CASCADE,
            permission_id text COLLATE "C" NOT NULL REFERENCES permissions (id) ON DELETE CASCADE,
            PRIMARY KEY (role_id, permission_id)
        )"#,
        "CREATE INDEX role_permissions_permission_id ON role_permissions (permission_id)",
        // The deletion of a role deletes its rows here, and giving a role locks its key. With a reference, imports at the
        // same time would lock it again for each user and wait for each other.
        r#"CREATE TABLE user_roles (
            user_id text COLLATE "C" NOT NULL REFERENCES users (id) ON DELETE CASCADE,
            role_id text COLLATE "C" NOT NULL,
            PRIMARY KEY (user_id, role_id)
        )"#,
        "CREATE INDEX user_roles_role_id ON user_roles (role_id)",
        r#"CREATE TABLE decisions (id text COLLATE "C" PRIMARY KEY)"#,
        "INSERT INTO roles (id, name, description, built_in, rank, updated_at) VALUES
            ('018bcfe5-6800-7000-8000-000000000001', 'superadmin', 'May do everything.', true, 1000, 1700000000000),
            ('018bcfe5-6800-7000-8000-000000000002', 'admin', 'Administers users and roles.', true, 500, 1700000000000),
            ('018bcfe5-6800-7000-8000-000000000003', 'moderator', 'Looks after users.', true, 100, 1700000000000),
            ('018bcfe5-6800-7000-8000-000000000004', 'premium', 'Pays.', true, 0, 1700000000000),
            ('018bcfe5-6800-7000-8000-000000000005', 'verified', 'Has proved to receive mail at the stored address.', true, 0,
                1700000000000),
            ('018bcfe5-6800-7000-8000-000000000006', 'user', 'Everybody who registered.', true, 0, 1700000000000)",
        "INSERT INTO permissions (id, name, description, built_in, updated_at) VALUES
            ('018bcfe5-6800-7000-8000-000000000101', '*', 'Everything.', true, 1700000000000),
            ('018bcfe5-6800-7000-8000-000000000102', 'users:read', 'Read users.', true, 1700000000000),
            ('018bcfe5-6800-7000-8000-000000000103', 'users:write', 'Create and change users.', true, 1700000000000),
            ('018bcfe5-6800-7000-8000-000000000104', 'users:delete', 'Delete users.', true, 1700000000000),
            ('018bcfe5-6800-7000-8000-000000000105', 'users:impersonate', 'Act as a user.', true, 1700000000000),
            ('018bcfe5-6800-7000-8000-000000000106', 'users:import', 'Import users.', true, 1700000000000),
            ('018bcfe5-6800-7000-8000-000000000107', 'users:export', 'Export users.', true, 1700000000000),
            ('018bcfe5-6800-7000-8000-000000000108', 'roles:read', 'Read roles and permissions.', true, 1700000000000),
            ('018bcfe5-6800-7000-8000-000000000109', 'roles:write', 'Change roles and permissions.', true, 1700000000000),
            ('018bcfe5-6800-7000-8000-000000000110', 'audit:read', 'Read the audit log.', true, 1700000000000),
            ('018bcfe5-6800-7000-8000-000000000111', 'keys:read', 'List signing keys.', true, 1700000000000),
            ('018bcfe5-6800-7000-8000-000000000112', 'keys:write', 'Rotate signing keys.', true, 1700000000000)",
        "INSERT INTO role_permissions (role_id, permission_id)
            SELECT roles.id, permissions.id FROM roles CROSS JOIN permissions WHERE
            (roles.name = 'superadmin' AND permissions.name = '*')
            OR (roles.name = 'admin' AND permissions.name IN ('users:read', 'users:write', 'users:delete', 'users:impersonate',
                'roles:read', 'roles:write', 'audit:read', 'keys:read'))
            OR (roles.name = 'moderator' AND permissions.name = 'users:read')",
        r#"CREATE TABLE one_time_secrets (
            digest text COLLATE "C" PRIMARY KEY,
            purpose text COLLATE "C" NOT NULL,
            user_id text COLLATE "C" REFERENCES users (id) ON DELETE CASCADE,
            payload text NOT NULL,
            created_at bigint NOT NULL,
            expires_at bigint NOT NULL,
            consumed_at bigint
        )"#,
        "CREATE INDEX one_time_secrets_user_id ON one_time_secrets (user_id)",
        "CREATE INDEX one_time_secrets_expires_at ON one_time_secrets (expires_at)",
        // No index has `last_seen_at`, so that its update needs no new entry in one.
        r#"CREATE TABLE sessions (
            id text COLLATE "C" PRIMARY KEY,
            user_id text COLLATE "C" NOT NULL REFERENCES users (id) ON DELETE CASCADE,
            client_id text COLLATE "C",
            actor_id text COLLATE "C" REFERENCES users (id) ON DELETE CASCADE,
            parent_id text COLLATE "C",
            amr text[] NOT NULL,
            authenticated_at bigint NOT NULL,
            created_at bigint NOT NULL,
            last_seen_at bigint NOT NULL,
            expires_at bigint NOT NULL,
            ip text,
            token text COLLATE "C",
            user_agent text,
            revoked_at bigint,
            revocation_reason text
        ) WITH (fillfactor = 90)"#,
        "CREATE INDEX sessions_user_id ON sessions (user_id)",
        "CREATE INDEX sessions_actor_id ON sessions (actor_id) WHERE actor_id IS NOT NULL",
        "CREATE INDEX sessions_parent_id ON sessions (parent_id) WHERE parent_id IS NOT NULL",
        "CREATE INDEX sessions_expires_at ON sessions (expires_at)",
        "CREATE INDEX sessions_revoked_at ON sessions (revoked_at) WHERE revoked_at IS NOT NULL",
        "CREATE UNIQUE INDEX sessions_token ON sessions (token) WHERE token IS NOT NULL",
        r#"CREATE TABLE refresh_tokens (
            digest text COLLATE "C" PRIMARY KEY,
            session_id text COLLATE "C" NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
            expires_at bigint NOT NULL,
            consumed_at bigint,
            successor_digest text COLLATE "C",
            successor_sealed text,
            names_session boolean NOT NULL
        )"#,
        "CREATE INDEX refresh_tokens_session_id ON refresh_tokens (session_id)",
        "CREATE INDEX refresh_tokens_expires_at ON refresh_tokens (expires_at)",
        r#"CREATE TABLE signing_keys (
            kid text COLLATE "C" PRIMARY KEY,
            algorithm text COLLATE "C" NOT NULL,
            public_jwk text NOT NULL,
            sealed text NOT NULL,
            created_at bigint NOT NULL,
            retired_at bigint,
            expires_at bigint,
            emergency boolean NOT NULL
        )"#,
        "CREATE UNIQUE INDEX signing_keys_one_signs ON signing_keys (algorithm) WHERE retired_at IS NULL",
        "CREATE INDEX signing_keys_emergency ON signing_keys (created_at) WHERE emergency",
        r#"CREATE TABLE limits (
            key text COLLATE "C" PRIMARY KEY,
            count bigint NOT NULL,
            resets_at bigint NOT NULL
        ) WITH (fillfactor = 70)"#,
        "CREATE INDEX limits_resets_at ON limits (resets_at)",
        r#"CREATE TABLE audit_events (
            id text COLLATE "C" PRIMARY KEY,
            at bigint NOT NULL,
            kind text COLLATE "C" NOT NULL,
            reason text COLLATE "C",
            actor_id text COLLATE "C",
            target_type text COLLATE "C",
            target_id text COLLATE "C",
            session_id text COLLATE "C",
            ip text,
            user_agent text,
            request_id text,
            details text NOT NULL
        )"#,
        "CREATE INDEX audit_events_at ON audit_events (at, id)",
        "CREATE INDEX audit_events_kind ON audit_events (kind, at, id)",
        "CREATE INDEX audit_events_actor_id ON audit_events (actor_id, at, id) WHERE actor_id IS NOT NULL",
        "CREATE INDEX audit_events_target_id ON audit_events (target_id, at, id) WHERE target_id IS NOT NULL",
        // Each kind has several rows, so that logins don't wait for each other to be counted.
        r#"CREATE TABLE event_counts (
            kind text COLLATE "C" NOT NULL,
            reason text COLLATE "C" NOT NULL,
            shard bigint NOT NULL,
            count bigint NOT NULL,
            PRIMARY KEY (kind, reason, shard)
        ) WITH (fillfactor = 50)"#,
        r#"CREATE TABLE key_fingerprint (one bigint PRIMARY KEY DEFAULT 1, fingerprint text COLLATE "C" NOT NULL)"#,
        r#"CREATE TABLE documents (
            name text COLLATE "C" PRIMARY KEY,
            fetched_at bigint NOT NULL,
            expires_at bigint NOT NULL,
            content text NOT NULL
        )"#,
    ],
};

// The server checks a reference row by row, which was a fifth of its work in an import. A credential, role or term is stored by
// the transaction that creates or locks its user, so no concurrent deletion misses it. The function names its tables by the
// schema of `users`, because an operator's search path can be another.
const DELETE_BY_TRIGGER: Migration = Migration {
    version: 2,
    name: "a trigger deletes the credentials, roles and terms of a deleted user",
    serves: 1,
    statements: &[
        "LOCK TABLE users, credentials, user_roles IN ACCESS EXCLUSIVE MODE",
        "ALTER TABLE credentials DROP CONSTRAINT credentials_user_id_fkey",
        "ALTER TABLE user_roles DROP CONSTRAINT user_roles_user_id_fkey",
        "CREATE FUNCTION delete_parts_of_users() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            IF TG_OP = 'TRUNCATE' THEN
                EXECUTE format('TRUNCATE %1$I.credentials, %1$I.user_roles, %1$I.user_terms', TG_TABLE_SCHEMA);
            ELSE
                EXECUTE format('DELETE FROM %I.credentials WHERE user_id = $1', TG_TABLE_SCHEMA) USING OLD.id;
                EXECUTE format('DELETE FROM %I.user_roles WHERE user_id = $1', TG_TABLE_SCHEMA) USING OLD.id;
                EXECUTE format('DELETE FROM %I.user_terms WHERE user_id = $1', TG_TABLE_SCHEMA) USING OLD.id;
            END IF;
            RETURN NULL;
        END $$",
        "CREATE TRIGGER users_deleted AFTER DELETE ON users
            FOR EACH ROW EXECUTE FUNCTION delete_parts_of_users()",
        "CREATE TRIGGER users_truncated AFTER TRUNCATE ON users
            FOR EACH STATEMENT EXECUTE FUNCTION delete_parts_of_users()",
    ],
};

// Without the locks of the migration before, because it reads all terms. None is left from now on.
const DELETE_LEFT_TERMS: Migration = Migration {
    version: 3,
    name: "no terms are left of users who were deleted by SQL",
    serves: 1,
    statements: &[
        "DELETE FROM user_terms WHERE NOT EXISTS (SELECT 1 FROM users WHERE users.id = user_terms.user_id)",
    ],
};
