CREATE TABLE IF NOT EXISTS schema_migrations (
    version INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    applied_at INTEGER NOT NULL
) STRICT;
INSERT INTO schema_migrations (version, name, applied_at)
    VALUES (9, 'the most work that a password hash of each kind is', unixepoch() * 1000);
CREATE TABLE password_costs (
            kind TEXT PRIMARY KEY,
            work INTEGER NOT NULL,
            decoy TEXT NOT NULL
        ) STRICT, WITHOUT ROWID;
