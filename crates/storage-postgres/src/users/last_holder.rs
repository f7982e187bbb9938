//! The role that must keep at least one holder.

/// Whether this user is the only one who has the role and is not disabled. `$1` is the user. The order makes PostgreSQL
/// follow the index of the role's holders, because it expects many of them.
macro_rules! last_holder {
    ($role:literal) => {
        concat!(
            "EXISTS (SELECT 1 FROM users AS holder JOIN user_roles ON user_roles.user_id = holder.id
                JOIN roles ON roles.id = user_roles.role_id
                WHERE holder.id = $1 AND roles.name = ",
            $role,
            " AND holder.disabled_at IS NULL)
            AND (SELECT user_roles.user_id FROM user_roles
                WHERE user_roles.role_id = (SELECT id FROM roles WHERE name = ",
            $role,
            ") AND user_roles.user_id <> $1
                AND (SELECT disabled_at FROM users AS other WHERE other.id = user_roles.user_id) IS NULL
                ORDER BY user_roles.user_id LIMIT 1) IS NULL"
        )
    };
}
pub(crate) use last_holder;
