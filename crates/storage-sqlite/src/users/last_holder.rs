//! The role that must keep at least one holder.

/// Whether this user is the only one who has the role and is not disabled. `?1` is the user.
macro_rules! last_holder {
    ($role:literal) => {
        concat!(
            "EXISTS (SELECT 1 FROM users AS holder JOIN user_roles ON user_roles.user_row = holder.row
                JOIN roles ON roles.row = user_roles.role_row
                WHERE holder.id = ?1 AND roles.name = ",
            $role,
            " AND holder.disabled_at IS NULL)
            AND NOT EXISTS (SELECT 1 FROM roles JOIN user_roles ON user_roles.role_row = roles.row
                JOIN users AS other ON other.row = user_roles.user_row
                WHERE roles.name = ",
            $role,
            " AND other.id <> ?1 AND other.disabled_at IS NULL)"
        )
    };
}
pub(crate) use last_holder;
