CREATE TABLE IF NOT EXISTS schema_migrations (
    version INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    applied_at INTEGER NOT NULL
) STRICT;
INSERT INTO schema_migrations (version, name, applied_at)
    VALUES (2, 'one-time secrets, changes of users, opaque sessions, counters', unixepoch() * 1000);
CREATE TABLE one_time_secrets (
            digest TEXT PRIMARY KEY,
            purpose TEXT NOT NULL,
            user_id TEXT REFERENCES users (id) ON DELETE CASCADE,
            payload TEXT NOT NULL,
            created_at INTEGER NOT NULL,
            expires_at INTEGER NOT NULL,
            consumed_at INTEGER
        ) STRICT, WITHOUT ROWID;
CREATE INDEX one_time_secrets_user_id ON one_time_secrets (user_id);
CREATE INDEX one_time_secrets_expires_at ON one_time_secrets (expires_at);
ALTER TABLE users ADD COLUMN change_id TEXT;
ALTER TABLE sessions ADD COLUMN token TEXT;
CREATE UNIQUE INDEX sessions_token ON sessions (token) WHERE token IS NOT NULL;
ALTER TABLE credentials ADD COLUMN counter INTEGER;
CREATE UNIQUE INDEX credentials_one_totp ON credentials (user_id, kind) WHERE kind IN ('totp', 'totp_pending');
