//! Grounds of decisions: current standings, and the check that those read before a decision are unchanged.

use gatewright_storage::Grounds;
use gatewright_storage_sql::subject::named;
use serde_json::json;

use crate::value::Value;

/// Whether a user has both roles. The statement goes through the holders of the second role if they are few, and otherwise
/// through those of the first, until one has the other role.
macro_rules! share_holder {
    ($first:expr, $second:literal) => {
        concat!(
            "CASE WHEN (SELECT count(*) FROM (SELECT 1 FROM user_roles WHERE role_row = ",
            $second,
            " LIMIT 1000)) < 1000 THEN ",
            crate::grounds::has_also!($second, $first),
            " ELSE ",
            crate::grounds::has_also!($first, $second),
            " END"
        )
    };
}
/// `CROSS JOIN` keeps the order.
macro_rules! has_also {
    ($searched:expr, $probed:expr) => {
        concat!(
            "EXISTS (SELECT 1 FROM user_roles AS one CROSS JOIN user_roles AS other \
                ON other.user_row = one.user_row AND other.role_row = ",
            $probed,
            " WHERE one.role_row = ",
            $searched,
            ")"
        )
    };
}

/// The table `held`: the rows of the roles in the standing of a subject, given by its kind and identifier.
macro_rules! held {
    ($kind:literal, $id:literal) => {
        concat!(
            "held (role_row) AS ( \
                SELECT role_row FROM user_roles WHERE ",
            $kind,
            " = 'user' \
                    AND user_row = (SELECT row FROM users WHERE id = ",
            $id,
            ") \
                UNION SELECT row FROM roles WHERE ",
            $kind,
            " IN ('role', 'role_holders') AND id = ",
            $id,
            " \
                UNION SELECT role_row FROM role_permissions \
                    WHERE ",
            $kind,
            " = 'permission_holders' AND permission_id = ",
            $id,
            " \
                UNION SELECT roles.row FROM roles JOIN roles AS given \
                    WHERE ",
            $kind,
            " IN ('role_holders', 'permission_holders') \
                    AND CASE ",
            $kind,
            " WHEN 'role_holders' THEN given.id = ",
            $id,
            " ELSE given.row IN (SELECT role_row FROM role_permissions WHERE permission_id = ",
            $id,
            ") END \
                    AND ",
            crate::grounds::share_holder!("given.row", "roles.row"),
            ")"
        )
    };
}
/// Rank, roles and permissions of the table `held`.
macro_rules! rank_held {
    () => {
        "(SELECT coalesce(max(rank), 0) FROM roles WHERE row IN (SELECT role_row FROM held))"
    };
}
macro_rules! roles_held {
    () => {
        "(SELECT group_concat(name) FROM ( \
            SELECT name FROM roles WHERE row IN (SELECT role_row FROM held) ORDER BY name))"
    };
}
macro_rules! permissions_held {
    () => {
        "(SELECT group_concat(name) FROM (SELECT DISTINCT permissions.name FROM role_permissions \
            JOIN permissions ON permissions.id = role_permissions.permission_id \
            WHERE role_permissions.role_row IN (SELECT role_row FROM held) ORDER BY permissions.name))"
    };
}

/// Whether the grounds in a parameter, as written by [`parameter`], are unchanged.
macro_rules! grounds_hold {
    ($grounds:literal) => {
        concat!(
            "(json_extract(",
            $grounds,
            ", '$.session') IS NULL OR EXISTS ( \
                SELECT 1 FROM sessions WHERE id = json_extract(",
            $grounds,
            ", '$.session') \
                AND revoked_at IS NULL AND expires_at > json_extract(",
            $grounds,
            ", '$.now'))) \
            AND NOT EXISTS (SELECT 1 FROM json_each(",
            $grounds,
            ", '$.seen') AS seen \
                WHERE json_extract(seen.value, '$.standing') IS NOT (WITH ",
            crate::grounds::held!(
                "json_extract(seen.value, '$.kind')",
                "json_extract(seen.value, '$.id')"
            ),
            " SELECT json_array(",
            crate::grounds::rank_held!(),
            ", ",
            crate::grounds::roles_held!(),
            ", ",
            crate::grounds::permissions_held!(),
            ")))"
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
    let listed = |names: &[String]| (!names.is_empty()).then(|| names.join(","));
    let standings = grounds.standings.iter();
    let seen = standings.map(|seen| {
        let (kind, id) = named(&seen.subject);
        let standing = &seen.standing;
        let (roles, permissions) = (listed(&standing.roles), listed(&standing.permissions));
        json!({"kind": kind, "id": id, "standing": [standing.rank, roles, permissions]})
    });
    let seen: Vec<_> = seen.collect();
    let now = grounds.now.as_millis();
    let text = json!({"session": grounds.session, "now": now, "seen": seen}).to_string();
    Value::Text(text)
}
