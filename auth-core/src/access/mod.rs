//! Access decisions by roles and permissions: pure functions that deny whatever is unknown.
//!
//! A permission is named `resource:action`, where either part can be `*`, or `*` for everything. An invalid name of a
//! permission or a role grants nothing and is granted by nothing.

mod holder;
mod permission;
mod question;
mod role;
#[cfg(test)]
mod tests;

pub use holder::Holder;
pub use permission::{IMPERSONATE, covers, has_permission, is_permission_name};
pub use question::Question;
pub use role::{
    ADMIN, BUILT_IN_ROLES, HIGHEST_RANK, MODERATOR, PREMIUM, STAFF_RANK, SUPERADMIN, USER,
    VERIFIED, built_in_rank, has_all_roles, has_any_role, has_role, implies, is_role_name,
};
