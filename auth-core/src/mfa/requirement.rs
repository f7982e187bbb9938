//! The users who are required to have a second factor.

use crate::access::{has_any_role, is_role_name};

/// The users who are required to have a second factor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RequireMfa {
    /// No users.
    Nobody,
    /// All users.
    Everybody,
    /// Users with one of these roles, or with a role that implies one.
    Roles(Vec<String>),
}

impl RequireMfa {
    /// Parses `off`, `all`, or role names separated by commas.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "off" => Some(Self::Nobody),
            "all" => Some(Self::Everybody),
            roles => {
                let names: Vec<_> = roles.split(',').map(str::trim).collect();
                // Not roles, but what somebody wrote who meant `all` or `off`.
                let is_word = |name: &&str| {
                    matches!(
                        *name,
                        "off" | "all" | "on" | "yes" | "no" | "true" | "false"
                    )
                };
                let valid = names
                    .iter()
                    .all(|name| is_role_name(name) && !is_word(name));
                valid.then(|| Self::Roles(names.into_iter().map(str::to_owned).collect()))
            }
        }
    }

    /// Whether a user with these roles is required to have a second factor.
    pub(crate) fn applies_to(&self, roles: &[String]) -> bool {
        match self {
            Self::Nobody => false,
            Self::Everybody => true,
            Self::Roles(wanted) => has_any_role(roles, wanted),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_required_of_nobody_of_all_or_by_role() {
        let roles = |names: &[&str]| {
            names
                .iter()
                .map(|name| (*name).to_owned())
                .collect::<Vec<_>>()
        };
        let applies =
            |setting: &str, to: &[&str]| RequireMfa::parse(setting).unwrap().applies_to(&roles(to));
        assert!(!applies("off", &["superadmin"]));
        assert!(applies("all", &[]));
        assert!(applies("editor, admin", &["user", "editor"]));
        // A role that implies another is included.
        assert!(applies("admin", &["superadmin"]));
        assert!(!applies("admin", &["user", "editor"]));
        for wrong in [
            "",
            "Admin",
            "admin,",
            "admin;editor",
            "admin,all",
            "yes",
            "true",
        ] {
            assert_eq!(RequireMfa::parse(wrong), None, "{wrong}");
        }
    }
}
