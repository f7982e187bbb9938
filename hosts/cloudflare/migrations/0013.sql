CREATE TABLE IF NOT EXISTS schema_migrations (
    version INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    applied_at INTEGER NOT NULL
) STRICT;
INSERT INTO schema_migrations (version, name, applied_at)
    VALUES (13, 'keys of addresses to renew', unixepoch() * 1000);
CREATE TABLE email_keys_to_renew (
            user_row INTEGER PRIMARY KEY REFERENCES users (row) ON DELETE CASCADE
        ) STRICT;
INSERT INTO email_keys_to_renew (user_row) SELECT row FROM users
            WHERE substr(email_key, instr(email_key, '@') + 1) GLOB '*[^ -~]*' OR substr(email_key, 1, 1) = '"';
