//! Subjects of standings, as statements name them.

use gatewright_storage::Subject;

/// Returns the kind and the identifier of a subject.
pub fn named(subject: &Subject) -> (&'static str, &str) {
    match subject {
        Subject::User(id) => ("user", id),
        Subject::Role(id) => ("role", id),
        Subject::RoleHolders(id) => ("role_holders", id),
        Subject::PermissionHolders(id) => ("permission_holders", id),
    }
}
