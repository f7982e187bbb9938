CREATE TABLE IF NOT EXISTS schema_migrations (
    version INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    applied_at INTEGER NOT NULL
) STRICT;
INSERT INTO schema_migrations (version, name, applied_at)
    VALUES (10, 'events are counted as they are stored', unixepoch() * 1000);
CREATE TRIGGER audit_events_counted AFTER INSERT ON audit_events BEGIN
            INSERT INTO event_counts (kind, reason, count) VALUES (new.kind, coalesce(new.reason, ''), 1)
                ON CONFLICT (kind, reason) DO UPDATE SET count = count + 1; END;
