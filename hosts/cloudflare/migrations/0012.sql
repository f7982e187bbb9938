CREATE TABLE IF NOT EXISTS schema_migrations (
    version INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    applied_at INTEGER NOT NULL
) STRICT;
INSERT INTO schema_migrations (version, name, applied_at)
    VALUES (12, 'when an address was first proved', unixepoch() * 1000);
ALTER TABLE users ADD COLUMN email_proved_at INTEGER;
UPDATE users SET email_proved_at = email_verified_at WHERE email_verified_at IS NOT NULL;
