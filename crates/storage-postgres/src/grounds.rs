//! Grounds of decisions: current standings, and the check that those read before a decision are unchanged.

use gatewright_storage::{Grounds, Subject};
use gatewright_storage_sql::subject::named;
use serde_json::json;

use crate::value::Value;

/// The table `held`: the roles in the standing of a subject, given by its kind and identifier. For each role the first
/// holder is enough, because the holders of one role can be all users. `LIMIT` keeps PostgreSQL from joining all of them.
macro_rules! held {
    ($kind:literal, $id:literal) => {
        concat!(
            "held (role_id) AS (
                SELECT role_id FROM user_roles WHERE ", $kind, " = 'user' AND user_id = ", $id, "
                UNION SELECT id FROM roles WHERE ", $kind, " IN ('role', 'role_holders') AND id = ", $id, "
                UNION SELECT id FROM roles WHERE ", $kind, " = 'role_holders' AND (
                    SELECT true FROM user_roles AS one JOIN user_roles AS other ON other.user_id = one.user_id
                    WHERE one.role_id = ", $id, " AND other.role_id = roles.id LIMIT 1)
                UNION SELECT role_id FROM role_permissions
                    WHERE ", $kind, " = 'permission_holders' AND permission_id = ", $id, "
                UNION SELECT id FROM roles WHERE ", $kind, " = 'permission_holders' AND (
                    SELECT true FROM role_permissions AS giving
                    JOIN user_roles AS one ON one.role_id = giving.role_id
                    JOIN user_roles AS other ON other.user_id = one.user_id
                    WHERE giving.permission_id = ", $id, " AND other.role_id = roles.id LIMIT 1))"
        )
    };
}
/// Rank, roles and permissions of the table `held`.
macro_rules! rank_held {
    () => {
        "(SELECT coalesce(max(rank), 0) FROM roles WHERE id IN (SELECT role_id FROM held))"
    };
}
macro_rules! roles_held {
    () => {
        "ARRAY(SELECT name FROM roles WHERE id IN (SELECT role_id FROM held) ORDER BY name)"
    };
}
macro_rules! permissions_held {
    () => {
        "ARRAY(SELECT DISTINCT permissions.name FROM role_permissions
            JOIN permissions ON permissions.id = role_permissions.permission_id
            WHERE role_permissions.role_id IN (SELECT role_id FROM held) ORDER BY permissions.name)"
    };
}

/// Whether the grounds in a parameter, as written by [`parameter`], are unchanged.
macro_rules! grounds_hold {
    ($grounds:literal) => {
        concat!(
            "(",
            $grounds,
            "::text IS NULL OR (
                (",
            $grounds,
            "::text::jsonb ->> 'session' IS NULL OR EXISTS (
                    SELECT 1 FROM sessions WHERE id = ",
            $grounds,
            "::text::jsonb ->> 'session' AND revoked_at IS NULL AND expires_at > (",
            $grounds,
            "::text::jsonb ->> 'now')::bigint))
                AND NOT EXISTS (
                    SELECT 1 FROM jsonb_to_recordset(",
            $grounds,
            "::text::jsonb -> 'seen') AS seen (kind text, id text, rank bigint, roles text[], permissions text[])
                    CROSS JOIN LATERAL (WITH ",
            crate::grounds::held!("seen.kind", "seen.id"),
            " SELECT ",
            crate::grounds::rank_held!(),
            " AS rank, ",
            crate::grounds::roles_held!(),
            " AS roles, ",
            crate::grounds::permissions_held!(),
            " AS permissions) AS current
                    WHERE seen.rank <> current.rank OR seen.roles <> current.roles OR seen.permissions <> current.permissions)))"
        )
    };
}
pub(crate) use {grounds_hold, held, permissions_held, rank_held, roles_held};

/// Returns the grounds in the form that `grounds_hold!` reads; null if there are none.
pub(crate) fn parameter(grounds: Option<Grounds>) -> Value {
    let Some(grounds) = grounds else {
        return Value::Null;
    };
    if grounds.session.is_none() && grounds.standings.is_empty() {
        return Value::Null;
    }
    let seen = grounds.standings.iter().map(|seen| {
        let (kind, id) = named(&seen.subject);
        let standing = &seen.standing;
        json!({"kind": kind, "id": id, "rank": standing.rank, "roles": standing.roles, "permissions": standing.permissions})
    });
    let seen: Vec<_> = seen.collect();
    let now = grounds.now.as_millis();
    let text = json!({"session": grounds.session, "now": now, "seen": seen}).to_string();
    Value::Text(text)
}

/// Whether any of the grounds is the standing of the holders of a role or a permission, which a new user can change.
pub(crate) fn are_about_holders(grounds: &Grounds) -> bool {
    let mut subjects = grounds.standings.iter().map(|seen| &seen.subject);
    subjects.any(|one| matches!(one, Subject::RoleHolders(_) | Subject::PermissionHolders(_)))
}
