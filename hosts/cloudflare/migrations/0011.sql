CREATE TABLE IF NOT EXISTS schema_migrations (
    version INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    applied_at INTEGER NOT NULL
) STRICT;
INSERT INTO schema_migrations (version, name, applied_at)
    VALUES (11, 'keys of an emergency, and none but one signs', unixepoch() * 1000);
ALTER TABLE signing_keys ADD COLUMN emergency INTEGER NOT NULL DEFAULT 0;
CREATE INDEX signing_keys_emergency ON signing_keys (created_at) WHERE emergency = 1;
UPDATE signing_keys SET retired_at = unixepoch() * 1000, expires_at = (unixepoch() + 86700) * 1000
            WHERE retired_at IS NULL
                AND kid <> (SELECT kid FROM signing_keys WHERE retired_at IS NULL ORDER BY created_at DESC, kid DESC LIMIT 1);
