CREATE TABLE IF NOT EXISTS schema_migrations (
    version INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    applied_at INTEGER NOT NULL
) STRICT;
INSERT INTO schema_migrations (version, name, applied_at)
    VALUES (1, 'users, credentials, roles, sessions, refresh tokens, signing keys, limits', unixepoch() * 1000);
CREATE TABLE users (
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
        ) STRICT, WITHOUT ROWID;
CREATE TABLE credentials (
            id TEXT PRIMARY KEY,
            user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
            kind TEXT NOT NULL,
            secret TEXT NOT NULL,
            label TEXT,
            created_at INTEGER NOT NULL,
            updated_at INTEGER NOT NULL,
            last_used_at INTEGER
        ) STRICT, WITHOUT ROWID;
CREATE INDEX credentials_user_id ON credentials (user_id);
CREATE UNIQUE INDEX credentials_one_password ON credentials (user_id) WHERE kind = 'password';
CREATE TABLE roles (
            id TEXT PRIMARY KEY,
            name TEXT NOT NULL UNIQUE,
            description TEXT NOT NULL,
            built_in INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
CREATE TABLE permissions (
            id TEXT PRIMARY KEY,
            name TEXT NOT NULL UNIQUE,
            description TEXT NOT NULL
        ) STRICT, WITHOUT ROWID;
CREATE TABLE role_permissions (
            role_id TEXT NOT NULL REFERENCES roles (id) ON DELETE CASCADE,
            permission_id TEXT NOT NULL REFERENCES permissions (id) ON DELETE CASCADE,
            PRIMARY KEY (role_id, permission_id)
        ) STRICT, WITHOUT ROWID;
CREATE TABLE user_roles (
            user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
            role_id TEXT NOT NULL REFERENCES roles (id) ON DELETE CASCADE,
            PRIMARY KEY (user_id, role_id)
        ) STRICT, WITHOUT ROWID;
CREATE INDEX user_roles_role_id ON user_roles (role_id);
INSERT INTO roles (id, name, description, built_in) VALUES
            ('018bcfe5-6800-7000-8000-000000000001', 'superadmin', 'May do everything.', 1),
            ('018bcfe5-6800-7000-8000-000000000002', 'admin', 'Administers users and roles.', 1),
            ('018bcfe5-6800-7000-8000-000000000003', 'moderator', 'Looks after users.', 1),
            ('018bcfe5-6800-7000-8000-000000000004', 'premium', 'Pays.', 1),
            ('018bcfe5-6800-7000-8000-000000000005', 'verified', 'Has proved to receive mail at the stored address.', 1),
            ('018bcfe5-6800-7000-8000-000000000006', 'user', 'Everybody who registered.', 1);
INSERT INTO permissions (id, name, description) VALUES
            ('018bcfe5-6800-7000-8000-000000000101', '*', 'Everything.');
INSERT INTO role_permissions (role_id, permission_id) VALUES
            ('018bcfe5-6800-7000-8000-000000000001', '018bcfe5-6800-7000-8000-000000000101');
CREATE TABLE sessions (
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
        ) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_user_id ON sessions (user_id);
CREATE INDEX sessions_actor_id ON sessions (actor_id) WHERE actor_id IS NOT NULL;
CREATE INDEX sessions_expires_at ON sessions (expires_at);
CREATE TABLE refresh_tokens (
            digest TEXT PRIMARY KEY,
            session_id TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
            expires_at INTEGER NOT NULL,
            consumed_at INTEGER,
            successor_digest TEXT,
            successor_sealed TEXT
        ) STRICT, WITHOUT ROWID;
CREATE INDEX refresh_tokens_session_id ON refresh_tokens (session_id);
CREATE INDEX refresh_tokens_expires_at ON refresh_tokens (expires_at);
CREATE TABLE signing_keys (
            kid TEXT PRIMARY KEY,
            algorithm TEXT NOT NULL,
            public_jwk TEXT NOT NULL,
            sealed TEXT NOT NULL,
            created_at INTEGER NOT NULL,
            retired_at INTEGER,
            expires_at INTEGER
        ) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX signing_keys_one_signs ON signing_keys (algorithm) WHERE retired_at IS NULL;
CREATE TABLE limits (
            key TEXT PRIMARY KEY,
            count INTEGER NOT NULL,
            resets_at INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
CREATE INDEX limits_resets_at ON limits (resets_at);
