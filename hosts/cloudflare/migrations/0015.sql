CREATE TABLE IF NOT EXISTS schema_migrations (
    version INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    applied_at INTEGER NOT NULL
) STRICT;
INSERT INTO schema_migrations (version, name, applied_at)
    VALUES (15, 'public documents of sign-in providers', unixepoch() * 1000);
CREATE TABLE documents (
            name TEXT PRIMARY KEY NOT NULL,
            fetched_at INTEGER NOT NULL,
            expires_at INTEGER NOT NULL,
            content TEXT NOT NULL
        ) STRICT;
