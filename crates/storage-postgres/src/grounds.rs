//! Grounds of decisions: current standings, and the check that those read before a decision are unchanged.

use gatewright_storage::{Grounds, Subject};
use gatewright_storage_sql::subject::named;
use serde_json::json;

use crate::value::Value;

/// Whether a user has both roles. The statement goes through the holders of the second role if they are few, and otherwise
/// through those of the first, until one has the other role. A range of one value and the order make PostgreSQL follow the
/// index of roles. Without them it reads the whole table, because it expects to find a holder soon.
macro_rules! share_holder {
    ($first:expr, $second:literal) => {
        concat!(
            "(CASE WHEN (SELECT count(*) FROM (SELECT 1 FROM user_roles AS few
                    WHERE few.role_id BETWEEN ",
            $second,
            " AND ",
            $second,
            " ORDER BY few.role_id LIMIT 1000) AS few) < 1000
                THEN ",
            crate::grounds::has_also!($second, $first),
            "
                ELSE ",
            crate::grounds::has_also!($first, $second),
            " END)"
        )
    };
}
macro_rules! has_also {
    ($searched:expr, $probed:expr) => {
        concat!(
            "(SELECT true FROM user_roles AS one
                JOIN user_roles AS other ON other.user_id = one.user_id AND other.role_id = ",
            $probed,
            "
                WHERE one.role_id BETWEEN ",
            $searched,
            " AND ",
            $searched,
            " ORDER BY one.role_id LIMIT 1)"
        )
    };
}

/// The table `held`: the roles in the standing of a subject, given by its kind and identifier.
macro_rules! held {
    ($kind:literal, $id:literal) => {
        concat!(
            "held (role_id) AS (
                SELECT role_id FROM user_roles WHERE ",
            $kind,
            " = 'user' AND user_id = ",
            $id,
            "
                UNION SELECT id FROM roles WHERE ",
            $kind,
            " IN ('role', 'role_holders') AND id = ",
            $id,
            "
                UNION SELECT id FROM roles WHERE ",
            $kind,
            " = 'role_holders' AND ",
            crate::grounds::share_holder!($id, "roles.id"),
            "
                UNION SELECT role_id FROM role_permissions
                    WHERE ",
            $kind,
            " = 'permission_holders' AND permission_id = ",
            $id,
            "
                UNION SELECT id FROM roles WHERE ",
            $kind,
            " = 'permission_holders' AND EXISTS (
                    SELECT 1 FROM role_permissions AS giving WHERE giving.permission_id = ",
            $id,
            " AND ",
            crate::grounds::share_holder!("giving.role_id", "roles.id"),
            "))"
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
pub(crate) use {
    grounds_hold, has_also, held, permissions_held, rank_held, roles_held, share_holder,
};

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
