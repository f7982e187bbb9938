CREATE TABLE IF NOT EXISTS schema_migrations (
    version INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    applied_at INTEGER NOT NULL
) STRICT;
INSERT INTO schema_migrations (version, name, applied_at)
    VALUES (4, 'users and roles with row numbers', unixepoch() * 1000);
ALTER TABLE users RENAME TO old_users;
ALTER TABLE roles RENAME TO old_roles;
ALTER TABLE role_permissions RENAME TO old_role_permissions;
ALTER TABLE credentials RENAME TO old_credentials;
ALTER TABLE user_roles RENAME TO old_user_roles;
ALTER TABLE user_terms RENAME TO old_user_terms;
ALTER TABLE one_time_secrets RENAME TO old_one_time_secrets;
ALTER TABLE sessions RENAME TO old_sessions;
ALTER TABLE refresh_tokens RENAME TO old_refresh_tokens;
CREATE TABLE users (
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
        ) STRICT;
INSERT INTO users (id, email, email_key, email_verified_at, username, username_key, display_name, profile,
                disabled_at, locked_until, created_at, updated_at, last_login_at, change_id)
            SELECT id, email, email_key, email_verified_at, username, username_key, display_name, profile,
                disabled_at, locked_until, created_at, updated_at, last_login_at, change_id FROM old_users ORDER BY id;
CREATE TABLE roles (
            row INTEGER PRIMARY KEY,
            id TEXT NOT NULL UNIQUE,
            name TEXT NOT NULL UNIQUE,
            description TEXT NOT NULL,
            built_in INTEGER NOT NULL,
            updated_at INTEGER NOT NULL
        ) STRICT;
INSERT INTO roles (id, name, description, built_in, updated_at)
            SELECT id, name, description, built_in, updated_at FROM old_roles ORDER BY id;
CREATE TABLE role_permissions (
            role_row INTEGER NOT NULL REFERENCES roles (row) ON DELETE CASCADE,
            permission_id TEXT NOT NULL REFERENCES permissions (id) ON DELETE CASCADE,
            PRIMARY KEY (role_row, permission_id)
        ) STRICT, WITHOUT ROWID;
INSERT INTO role_permissions (role_row, permission_id) SELECT roles.row, old_role_permissions.permission_id
            FROM old_role_permissions JOIN roles ON roles.id = old_role_permissions.role_id
            WHERE old_role_permissions.permission_id IN (SELECT id FROM permissions);
CREATE TABLE credentials (
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
        ) STRICT, WITHOUT ROWID;
INSERT INTO credentials (user_row, id, kind, secret, counter, label, created_at, updated_at, last_used_at)
            SELECT users.row, old.id, old.kind, old.secret, old.counter, old.label, old.created_at, old.updated_at,
                old.last_used_at FROM old_credentials AS old JOIN users ON users.id = old.user_id;
CREATE TABLE user_roles (
            user_row INTEGER NOT NULL ON CONFLICT IGNORE REFERENCES users (row) ON DELETE CASCADE,
            role_row INTEGER NOT NULL ON CONFLICT IGNORE REFERENCES roles (row) ON DELETE CASCADE,
            PRIMARY KEY (user_row, role_row)
        ) STRICT, WITHOUT ROWID;
INSERT INTO user_roles (user_row, role_row) SELECT users.row, roles.row FROM old_user_roles
            JOIN users ON users.id = old_user_roles.user_id JOIN roles ON roles.id = old_user_roles.role_id;
CREATE TABLE user_terms (
            term TEXT NOT NULL,
            user_row INTEGER NOT NULL ON CONFLICT IGNORE REFERENCES users (row) ON DELETE CASCADE,
            PRIMARY KEY (term, user_row)
        ) STRICT, WITHOUT ROWID;
INSERT INTO user_terms (term, user_row) SELECT old_user_terms.term, users.row
            FROM old_user_terms JOIN users ON users.id = old_user_terms.user_id;
CREATE TABLE one_time_secrets (
            digest TEXT PRIMARY KEY,
            purpose TEXT NOT NULL,
            user_id TEXT REFERENCES users (id) ON DELETE CASCADE,
            payload TEXT NOT NULL,
            created_at INTEGER NOT NULL,
            expires_at INTEGER NOT NULL,
            consumed_at INTEGER
        ) STRICT, WITHOUT ROWID;
INSERT INTO one_time_secrets (digest, purpose, user_id, payload, created_at, expires_at, consumed_at)
            SELECT digest, purpose, user_id, payload, created_at, expires_at, consumed_at FROM old_one_time_secrets
            WHERE user_id IS NULL OR user_id IN (SELECT id FROM users);
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
            token TEXT,
            user_agent TEXT,
            revoked_at INTEGER,
            revocation_reason TEXT
        ) STRICT, WITHOUT ROWID;
INSERT INTO sessions (id, user_id, client_id, actor_id, amr, authenticated_at, created_at, last_seen_at,
                expires_at, ip, token, user_agent, revoked_at, revocation_reason)
            SELECT id, user_id, client_id, actor_id, amr, authenticated_at, created_at, last_seen_at,
                expires_at, ip, token, user_agent, revoked_at, revocation_reason FROM old_sessions
            WHERE user_id IN (SELECT id FROM users) AND (actor_id IS NULL OR actor_id IN (SELECT id FROM users));
CREATE TABLE refresh_tokens (
            digest TEXT PRIMARY KEY,
            session_id TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
            expires_at INTEGER NOT NULL,
            consumed_at INTEGER,
            successor_digest TEXT,
            successor_sealed TEXT
        ) STRICT, WITHOUT ROWID;
INSERT INTO refresh_tokens (digest, session_id, expires_at, consumed_at, successor_digest, successor_sealed)
            SELECT digest, session_id, expires_at, consumed_at, successor_digest, successor_sealed
            FROM old_refresh_tokens WHERE session_id IN (SELECT id FROM sessions);
DROP TABLE old_refresh_tokens;
DROP TABLE old_sessions;
DROP TABLE old_one_time_secrets;
DROP TABLE old_user_terms;
DROP TABLE old_user_roles;
DROP TABLE old_credentials;
DROP TABLE old_role_permissions;
DROP TABLE old_roles;
DROP TABLE old_users;
CREATE INDEX users_created_at ON users (created_at, id);
CREATE INDEX users_last_login_at ON users (last_login_at, id);
CREATE INDEX users_without_email ON users (id) WHERE email_key IS NULL;
CREATE INDEX users_without_username ON users (id) WHERE username_key IS NULL;
CREATE INDEX role_permissions_permission_id ON role_permissions (permission_id);
CREATE UNIQUE INDEX credentials_one_password ON credentials (user_row) WHERE kind = 'password';
CREATE UNIQUE INDEX credentials_one_totp ON credentials (user_row, kind) WHERE kind IN ('totp', 'totp_pending');
CREATE INDEX user_roles_role_row ON user_roles (role_row);
CREATE INDEX user_terms_user_row ON user_terms (user_row, term);
CREATE INDEX one_time_secrets_user_id ON one_time_secrets (user_id);
CREATE INDEX one_time_secrets_expires_at ON one_time_secrets (expires_at);
CREATE INDEX sessions_user_id ON sessions (user_id);
CREATE INDEX sessions_actor_id ON sessions (actor_id) WHERE actor_id IS NOT NULL;
CREATE INDEX sessions_expires_at ON sessions (expires_at);
CREATE UNIQUE INDEX sessions_token ON sessions (token) WHERE token IS NOT NULL;
CREATE INDEX refresh_tokens_session_id ON refresh_tokens (session_id);
CREATE INDEX refresh_tokens_expires_at ON refresh_tokens (expires_at);
