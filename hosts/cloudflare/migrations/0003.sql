CREATE TABLE IF NOT EXISTS schema_migrations (
    version INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    applied_at INTEGER NOT NULL
) STRICT;
INSERT INTO schema_migrations (version, name, applied_at)
    VALUES (3, 'lists of users, roles and permissions that change, the audit log', unixepoch() * 1000);
ALTER TABLE users ADD COLUMN locked_until INTEGER;
CREATE INDEX users_created_at ON users (created_at, id);
CREATE INDEX users_last_login_at ON users (last_login_at, id);
CREATE TABLE user_terms (
            term TEXT NOT NULL,
            user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
            PRIMARY KEY (term, user_id)
        ) STRICT, WITHOUT ROWID;
CREATE INDEX user_terms_user_id ON user_terms (user_id, term);
INSERT INTO user_terms (term, user_id)
            SELECT substr(lower(trim(display_name)), 1, 64), id FROM users WHERE trim(display_name) <> '';
ALTER TABLE roles ADD COLUMN updated_at INTEGER NOT NULL DEFAULT 1700000000000;
ALTER TABLE permissions ADD COLUMN updated_at INTEGER NOT NULL DEFAULT 1700000000000;
ALTER TABLE permissions ADD COLUMN built_in INTEGER NOT NULL DEFAULT 0;
UPDATE permissions SET built_in = 1;
INSERT INTO permissions (id, name, description, built_in) VALUES
            ('018bcfe5-6800-7000-8000-000000000102', 'users:read', 'Read users.', 1),
            ('018bcfe5-6800-7000-8000-000000000103', 'users:write', 'Create and change users.', 1),
            ('018bcfe5-6800-7000-8000-000000000104', 'users:delete', 'Delete users.', 1),
            ('018bcfe5-6800-7000-8000-000000000105', 'users:impersonate', 'Act as a user.', 1),
            ('018bcfe5-6800-7000-8000-000000000106', 'users:import', 'Import users.', 1),
            ('018bcfe5-6800-7000-8000-000000000107', 'users:export', 'Export users.', 1),
            ('018bcfe5-6800-7000-8000-000000000108', 'roles:read', 'Read roles and permissions.', 1),
            ('018bcfe5-6800-7000-8000-000000000109', 'roles:write', 'Change roles and permissions.', 1),
            ('018bcfe5-6800-7000-8000-000000000110', 'audit:read', 'Read the audit log.', 1),
            ('018bcfe5-6800-7000-8000-000000000111', 'keys:read', 'List signing keys.', 1),
            ('018bcfe5-6800-7000-8000-000000000112', 'keys:write', 'Rotate signing keys.', 1);
INSERT INTO role_permissions (role_id, permission_id)
            SELECT roles.id, permissions.id FROM roles, permissions WHERE
            (roles.name = 'admin' AND permissions.name IN ('users:read', 'users:write', 'users:delete', 'users:impersonate',
                'roles:read', 'roles:write', 'audit:read', 'keys:read'))
            OR (roles.name = 'moderator' AND permissions.name = 'users:read');
CREATE INDEX role_permissions_permission_id ON role_permissions (permission_id);
CREATE TABLE audit_events (
            id TEXT PRIMARY KEY,
            at INTEGER NOT NULL,
            kind TEXT NOT NULL,
            reason TEXT,
            actor_id TEXT,
            target_type TEXT,
            target_id TEXT,
            session_id TEXT,
            ip TEXT,
            user_agent TEXT,
            request_id TEXT,
            details TEXT NOT NULL
        ) STRICT, WITHOUT ROWID;
CREATE INDEX audit_events_at ON audit_events (at, id);
CREATE INDEX audit_events_kind ON audit_events (kind, at, id);
CREATE INDEX audit_events_actor_id ON audit_events (actor_id, at, id) WHERE actor_id IS NOT NULL;
CREATE INDEX audit_events_target_id ON audit_events (target_id, at, id) WHERE target_id IS NOT NULL;
CREATE TABLE event_counts (
            kind TEXT NOT NULL,
            reason TEXT NOT NULL,
            count INTEGER NOT NULL,
            PRIMARY KEY (kind, reason)
        ) STRICT, WITHOUT ROWID;
