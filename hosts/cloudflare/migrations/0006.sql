CREATE TABLE IF NOT EXISTS schema_migrations (
    version INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    applied_at INTEGER NOT NULL
) STRICT;
INSERT INTO schema_migrations (version, name, applied_at)
    VALUES (6, 'ranks of roles, and a mark for what a batch has decided', unixepoch() * 1000);
ALTER TABLE roles ADD COLUMN rank INTEGER NOT NULL DEFAULT 0;
UPDATE roles SET rank = CASE name WHEN 'superadmin' THEN 1000 WHEN 'admin' THEN 500 WHEN 'moderator' THEN 100 ELSE 0 END
            WHERE built_in = 1;
UPDATE roles SET rank = 10 WHERE built_in = 0 AND row IN (
            SELECT role_permissions.role_row FROM role_permissions
            JOIN permissions AS held ON held.id = role_permissions.permission_id
            JOIN permissions AS own ON own.built_in = 1
            WHERE own.name = held.name OR held.name = '*' OR (
                substr(held.name, 1, instr(held.name, ':') - 1) IN ('*', substr(own.name, 1, instr(own.name, ':') - 1))
                AND substr(held.name, instr(held.name, ':') + 1) IN ('*', substr(own.name, instr(own.name, ':') + 1))
                AND instr(own.name, ':') > 0));
CREATE TABLE decisions (id TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
