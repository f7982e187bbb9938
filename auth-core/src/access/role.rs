//! Roles: their names, the built-in ones, and the rules by which one implies another.

use super::permission::is_word;

/// The role that allows everything.
pub const SUPERADMIN: &str = "superadmin";
/// The role below [`SUPERADMIN`], which implies the other built-in ones.
pub const ADMIN: &str = "admin";
/// The role of moderators, who look after users.
pub const MODERATOR: &str = "moderator";
/// The role of paying users.
pub const PREMIUM: &str = "premium";
/// The role of users with a verified e-mail address.
pub const VERIFIED: &str = "verified";
/// The role of every user.
pub const USER: &str = "user";
/// The roles that always exist.
pub const BUILT_IN_ROLES: [&str; 6] = [SUPERADMIN, ADMIN, MODERATOR, PREMIUM, VERIFIED, USER];

/// Rank of [`SUPERADMIN`]. No other role reaches it.
pub const HIGHEST_RANK: u64 = 1000;
/// Default rank of a new role with an administrative permission: above [`USER`], below [`MODERATOR`].
pub const STAFF_RANK: u64 = 10;

/// Whether this is a valid role name: 1 to 64 of `a-z 0-9 _ . -`, starting with a letter.
pub fn is_role_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase()) && is_word(name)
}

/// Whether a role implies the wanted one.
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

/// Whether the roles give one of the wanted ones; false if none is wanted.
pub fn has_any_role(roles: &[impl AsRef<str>], wanted: &[impl AsRef<str>]) -> bool {
    wanted.iter().any(|wanted| has_role(roles, wanted.as_ref()))
}

/// Whether the roles give each of the wanted ones; true if none is wanted.
pub fn has_all_roles(roles: &[impl AsRef<str>], wanted: &[impl AsRef<str>]) -> bool {
    wanted.iter().all(|wanted| has_role(roles, wanted.as_ref()))
}

/// Returns the fixed rank of a built-in role. `None` means that the role is not built in, and its rank is stored.
pub fn built_in_rank(role: &str) -> Option<u64> {
    match role {
        SUPERADMIN => Some(HIGHEST_RANK),
        ADMIN => Some(500),
        MODERATOR => Some(100),
        PREMIUM | VERIFIED | USER => Some(0),
        _ => None,
    }
}
