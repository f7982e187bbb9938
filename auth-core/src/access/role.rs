//! Roles: their names, the built-in ones, and which implies which.

use super::permission::is_word;

/// The role that may do everything.
pub const SUPERADMIN: &str = "superadmin";
/// The role below [`SUPERADMIN`], which implies the other built-in ones.
pub const ADMIN: &str = "admin";
/// The role that looks after users.
pub const MODERATOR: &str = "moderator";
/// The role of who pays.
pub const PREMIUM: &str = "premium";
/// The role of whose identity is known.
pub const VERIFIED: &str = "verified";
/// The role of everybody.
pub const USER: &str = "user";
/// The roles that are always there.
pub const BUILT_IN_ROLES: [&str; 6] = [SUPERADMIN, ADMIN, MODERATOR, PREMIUM, VERIFIED, USER];

/// Rank of [`SUPERADMIN`]. No other role reaches it.
pub const HIGHEST_RANK: u64 = 1000;
/// Rank of a role that holds a permission of the administration, when it is created without a rank: above [`USER`],
/// below [`MODERATOR`].
pub const STAFF_RANK: u64 = 10;

/// Whether this can be the name of a role: 1 to 64 of `a-z 0-9 _ . -`, the first a letter.
pub fn is_role_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase()) && is_word(name)
}

/// Whether who has a role has another by it.
pub fn implies(role: &str, wanted: &str) -> bool {
    is_role_name(wanted)
        && match role {
            SUPERADMIN => true,
            ADMIN => matches!(wanted, ADMIN | MODERATOR | PREMIUM | VERIFIED | USER),
            _ => role == wanted,
        }
}

/// Whether one of the roles is the wanted one, or implies it.
pub fn has_role(roles: &[impl AsRef<str>], wanted: &str) -> bool {
    roles.iter().any(|role| implies(role.as_ref(), wanted))
}

/// Whether the roles give one of the wanted ones; of none they give none.
pub fn has_any_role(roles: &[impl AsRef<str>], wanted: &[impl AsRef<str>]) -> bool {
    wanted.iter().any(|wanted| has_role(roles, wanted.as_ref()))
}

/// Whether the roles give each of the wanted ones; none is given by any.
pub fn has_all_roles(roles: &[impl AsRef<str>], wanted: &[impl AsRef<str>]) -> bool {
    wanted.iter().all(|wanted| has_role(roles, wanted.as_ref()))
}

/// The fixed rank of a built-in role; none: the role is not built in, and its rank is stored.
pub fn built_in_rank(role: &str) -> Option<u64> {
    match role {
        SUPERADMIN => Some(HIGHEST_RANK),
        ADMIN => Some(500),
        MODERATOR => Some(100),
        PREMIUM | VERIFIED | USER => Some(0),
        _ => None,
    }
}
