CREATE TABLE IF NOT EXISTS schema_migrations (
    version INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    applied_at INTEGER NOT NULL
) STRICT;
INSERT INTO schema_migrations (version, name, applied_at)
    VALUES (14, 'identities at sign-in providers', unixepoch() * 1000);
CREATE TABLE identities (
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
        ) STRICT, WITHOUT ROWID;
CREATE INDEX identities_provider ON identities (provider, user_row);
