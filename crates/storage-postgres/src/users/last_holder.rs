//! The role that must keep at least one holder, and the first holder of a role.

/// Selects the rows of a role in `user_roles`. A range of one value can be ordered by an index, where an equal value would
/// need no order.
macro_rules! of_role {
    ($role:literal) => {
        concat!(
            "user_roles.role_id BETWEEN (SELECT id FROM roles WHERE name = ",
            $role,
            ") AND (SELECT id FROM roles WHERE name = ",
            $role,
            ")"
        )
    };
}

/// Selects one of the rows of a role in `user_roles`. PostgreSQL expects many of them everywhere, and would read the
/// whole table. The order makes it follow the index of roles.
macro_rules! held_by_index {
    ($role:literal $(, $and:literal)?) => {
        concat!(
            crate::users::last_holder::of_role!($role),
            $($and,)?
            " ORDER BY user_roles.role_id LIMIT 1"
        )
    };
}

/// Whether this user is the only one who has the role and is not disabled. `$1` is the user.
macro_rules! last_holder {
    ($role:literal) => {
        concat!(
            "EXISTS (SELECT 1 FROM users AS holder JOIN user_roles ON user_roles.user_id = holder.id
                JOIN roles ON roles.id = user_roles.role_id
                WHERE holder.id = $1 AND roles.name = ",
            $role,
            " AND holder.disabled_at IS NULL)
            AND (SELECT user_roles.user_id FROM user_roles WHERE ",
            crate::users::last_holder::held_by_index!(
                $role,
                " AND user_roles.user_id <> $1
                AND (SELECT disabled_at IS NULL FROM users AS other WHERE other.id = user_roles.user_id)"
            ),
            ") IS NULL"
        )
    };
}
pub(crate) use {held_by_index, last_holder, of_role};
