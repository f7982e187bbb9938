CREATE TABLE IF NOT EXISTS schema_migrations (
    version INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    applied_at INTEGER NOT NULL
) STRICT;
INSERT INTO schema_migrations (version, name, applied_at)
    VALUES (8, 'refresh tokens that name their session', unixepoch() * 1000);
ALTER TABLE refresh_tokens ADD COLUMN names_session INTEGER NOT NULL DEFAULT 0;
