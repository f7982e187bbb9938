//! The tables of both schemas, and how their columns correspond.
//!
//! A row has one canonical form: that of PostgreSQL, with users and roles by their identifiers. SQLite's form is
//! derived from the kind of each column.

use Kind::{Flag, Integer, Names, RoleRow, Text, UserRow};

/// The type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Text in both.
    Text,
    /// `INTEGER` and `bigint`.
    Integer,
    /// 0 or 1, and `boolean`.
    Flag,
    /// Names separated by commas, and `text[]`.
    Names,
    /// The number of a user's row, and the identifier of the user. SQLite's column is `user_row`.
    UserRow,
    /// The number of a role's row, and the identifier of the role. SQLite's column is `role_row`.
    RoleRow,
}

/// A column.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Column {
    /// The name in PostgreSQL.
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
}

impl Column {
    /// Returns the name in SQLite.
    pub(crate) fn in_sqlite(&self) -> &'static str {
        match self.kind {
            UserRow => "user_row",
            RoleRow => "role_row",
            _ => self.name,
        }
    }
}

/// A table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Table {
    pub(crate) name: &'static str,
    /// The number of columns in its key, which come first. All of them are texts.
    pub(crate) key: usize,
    pub(crate) columns: &'static [Column],
    /// The condition of the rows that are copied, in the SQL of both.
    pub(crate) only: Option<&'static str>,
    /// Whether a row of SQLite is the sum of several rows in PostgreSQL, which have the further column `shard`.
    pub(crate) sharded: bool,
    /// Whether a new database has rows in it. The copy replaces them.
    pub(crate) has_built_in: bool,
}

/// The number of rows that are read and written together.
pub(crate) const BATCH: usize = 2000;

impl Table {
    /// Returns the end of the query for the next rows after a key, whose values are the parameters.
    pub(crate) fn next_rows(&self, key: &str, mark: char, continues: bool) -> String {
        let mut conditions: Vec<_> = self.only.map(str::to_owned).into_iter().collect();
        if continues {
            let places: Vec<_> = (1..=self.key)
                .map(|place| format!("{mark}{place}"))
                .collect();
            conditions.push(format!("({key}) > ({})", places.join(", ")));
        }
        let conditions = match conditions.is_empty() {
            true => String::new(),
            false => format!("WHERE {} ", conditions.join(" AND ")),
        };
        format!("{conditions}ORDER BY {key} LIMIT {BATCH}")
    }
}

const fn column(name: &'static str, kind: Kind) -> Column {
    Column { name, kind }
}

const fn table(name: &'static str, key: usize, columns: &'static [Column]) -> Table {
    Table {
        name,
        key,
        columns,
        only: None,
        sharded: false,
        has_built_in: false,
    }
}

/// Tables that are not copied. They are about one database: its schema, its locks, decisions that no transaction
/// leaves behind, and a copy.
pub(crate) const NOT_COPIED: [&str; 5] = [
    "copy_progress",
    "decisions",
    "guards",
    "migration_lease",
    "schema_migrations",
];

/// The tables that are copied. A table that refers to another one comes after it, and `event_counts` after
/// `audit_events`, because SQLite counts events as they are stored.
pub(crate) const TABLES: &[Table] = &[
    table(
        "users",
        1,
        &[
            column("id", Text),
            column("email", Text),
            column("email_key", Text),
            column("email_verified_at", Integer),
            column("email_proved_at", Integer),
            column("username", Text),
            column("username_key", Text),
            column("display_name", Text),
            column("profile", Text),
            column("disabled_at", Integer),
            column("locked_until", Integer),
            column("created_at", Integer),
            column("updated_at", Integer),
            column("last_login_at", Integer),
            column("change_id", Text),
        ],
    ),
    table(
        "user_terms",
        2,
        &[column("user_id", UserRow), column("term", Text)],
    ),
    table("email_keys_to_renew", 1, &[column("user_id", UserRow)]),
    table(
        "credentials",
        1,
        &[
            column("id", Text),
            column("user_id", UserRow),
            column("kind", Text),
            column("secret", Text),
            column("counter", Integer),
            column("label", Text),
            column("created_at", Integer),
            column("updated_at", Integer),
            column("last_used_at", Integer),
        ],
    ),
    table(
        "password_costs",
        1,
        &[
            column("kind", Text),
            column("work", Integer),
            column("decoy", Text),
        ],
    ),
    table(
        "identities",
        2,
        &[
            column("issuer", Text),
            column("subject", Text),
            column("user_id", UserRow),
            column("provider", Text),
            column("email", Text),
            column("label", Text),
            column("created_at", Integer),
            column("last_used_at", Integer),
            column("tokens", Text),
        ],
    ),
    Table {
        has_built_in: true,
        ..table(
            "roles",
            1,
            &[
                column("id", Text),
                column("name", Text),
                column("description", Text),
                column("built_in", Flag),
                column("rank", Integer),
                column("updated_at", Integer),
            ],
        )
    },
    Table {
        has_built_in: true,
        ..table(
            "permissions",
            1,
            &[
                column("id", Text),
                column("name", Text),
                column("description", Text),
                column("built_in", Flag),
                column("updated_at", Integer),
            ],
        )
    },
    Table {
        has_built_in: true,
        ..table(
            "role_permissions",
            2,
            &[column("role_id", RoleRow), column("permission_id", Text)],
        )
    },
    table(
        "user_roles",
        2,
        &[column("user_id", UserRow), column("role_id", RoleRow)],
    ),
    table(
        "one_time_secrets",
        1,
        &[
            column("digest", Text),
            column("purpose", Text),
            column("user_id", Text),
            column("payload", Text),
            column("created_at", Integer),
            column("expires_at", Integer),
            column("consumed_at", Integer),
        ],
    ),
    table(
        "sessions",
        1,
        &[
            column("id", Text),
            column("user_id", Text),
            column("client_id", Text),
            column("actor_id", Text),
            column("parent_id", Text),
            column("amr", Names),
            column("authenticated_at", Integer),
            column("created_at", Integer),
            column("last_seen_at", Integer),
            column("expires_at", Integer),
            column("ip", Text),
            column("token", Text),
            column("user_agent", Text),
            column("revoked_at", Integer),
            column("revocation_reason", Text),
        ],
    ),
    table(
        "refresh_tokens",
        1,
        &[
            column("digest", Text),
            column("session_id", Text),
            column("expires_at", Integer),
            column("consumed_at", Integer),
            column("successor_digest", Text),
            column("successor_sealed", Text),
            column("names_session", Flag),
        ],
    ),
    table(
        "signing_keys",
        1,
        &[
            column("kid", Text),
            column("algorithm", Text),
            column("public_jwk", Text),
            column("sealed", Text),
            column("created_at", Integer),
            column("retired_at", Integer),
            column("expires_at", Integer),
            column("emergency", Flag),
        ],
    ),
    Table {
        // The other rows are those by which `/readyz` checks that a database can be written.
        only: Some("NOT (key >= 'written' AND key < 'written0')"),
        ..table(
            "limits",
            1,
            &[
                column("key", Text),
                column("count", Integer),
                column("resets_at", Integer),
            ],
        )
    },
    table(
        "audit_events",
        1,
        &[
            column("id", Text),
            column("at", Integer),
            column("kind", Text),
            column("reason", Text),
            column("actor_id", Text),
            column("target_type", Text),
            column("target_id", Text),
            column("session_id", Text),
            column("ip", Text),
            column("user_agent", Text),
            column("request_id", Text),
            column("details", Text),
        ],
    ),
    Table {
        sharded: true,
        ..table(
            "event_counts",
            2,
            &[
                column("kind", Text),
                column("reason", Text),
                column("count", Integer),
            ],
        )
    },
    Table {
        // A start stores one before anything else.
        has_built_in: true,
        ..table("key_fingerprint", 1, &[column("fingerprint", Text)])
    },
    table(
        "documents",
        1,
        &[
            column("name", Text),
            column("fetched_at", Integer),
            column("expires_at", Integer),
            column("content", Text),
        ],
    ),
];
