CREATE TABLE IF NOT EXISTS schema_migrations (
    version INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    applied_at INTEGER NOT NULL
) STRICT;
INSERT INTO schema_migrations (version, name, applied_at)
    VALUES (16, 'the fingerprint of the key, and the oldest version that a schema serves', unixepoch() * 1000);
ALTER TABLE schema_migrations ADD COLUMN serves INTEGER NOT NULL DEFAULT 0;
CREATE TABLE key_fingerprint (one INTEGER PRIMARY KEY, fingerprint TEXT NOT NULL) STRICT;
UPDATE schema_migrations SET serves = 16 WHERE version = 16;
