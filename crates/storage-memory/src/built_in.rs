//! The built-in roles and permissions of a new database.

use std::collections::BTreeMap;

use gatewright_storage::{Permission, Role, Timestamp};

/// Name, rank, description and permissions of each built-in role.
const ROLES: [(&str, u64, &str, &[&str]); 6] = [
    ("superadmin", 1000, "May do everything.", &["*"]),
    (
        "admin",
        500,
        "Administers users and roles.",
        &[
            "users:read",
            "users:write",
            "users:delete",
            "users:impersonate",
            "roles:read",
            "roles:write",
            "audit:read",
            "keys:read",
        ],
    ),
    ("moderator", 100, "Looks after users.", &["users:read"]),
    ("premium", 0, "Pays.", &[]),
    (
        "verified",
        0,
        "Has proved to receive mail at the stored address.",
        &[],
    ),
    ("user", 0, "Everybody who registered.", &[]),
];

/// Name and description of each built-in permission.
const PERMISSIONS: [(&str, &str); 12] = [
    ("*", "Everything."),
    ("users:read", "Read users."),
    ("users:write", "Create and change users."),
    ("users:delete", "Delete users."),
    ("users:impersonate", "Act as a user."),
    ("users:import", "Import users."),
    ("users:export", "Export users."),
    ("roles:read", "Read roles and permissions."),
    ("roles:write", "Change roles and permissions."),
    ("audit:read", "Read the audit log."),
    ("keys:read", "List signing keys."),
    ("keys:write", "Rotate signing keys."),
];

const UPDATED_AT: Timestamp = Timestamp::from_millis(1_700_000_000_000);

fn id(number: u64) -> String {
    format!("018bcfe5-6800-7000-8000-{number:012}")
}

/// Returns the built-in permissions.
pub(crate) fn permissions() -> impl Iterator<Item = Permission> {
    let numbered = PERMISSIONS.iter().zip(101..);
    numbered.map(|((name, description), number)| Permission {
        id: id(number),
        name: (*name).to_owned(),
        description: (*description).to_owned(),
        built_in: true,
        updated_at: UPDATED_AT,
    })
}

/// Returns the built-in roles, which refer to permissions by identifier.
pub(crate) fn roles(permissions: &BTreeMap<String, Permission>) -> impl Iterator<Item = Role> {
    let numbered = ROLES.iter().zip(1..);
    numbered.map(|((name, rank, description, held), number)| {
        let held = permissions
            .values()
            .filter(|one| held.contains(&one.name.as_str()));
        Role {
            id: id(number),
            name: (*name).to_owned(),
            description: (*description).to_owned(),
            built_in: true,
            rank: *rank,
            permissions: held.map(|one| one.id.clone()).collect(),
            updated_at: UPDATED_AT,
        }
    })
}
