//! Conversions of users and roles that were read into seen standings.

use crate::generated::{Role, SeenStanding, Standing, Subject, UserDetails};

impl From<&UserDetails> for SeenStanding {
    fn from(member: &UserDetails) -> Self {
        Self {
            subject: Subject::User(member.account.user.id.clone()),
            standing: Standing {
                rank: member.rank,
                roles: member.roles.clone(),
                permissions: member.permissions.clone(),
            },
        }
    }
}

impl From<&Role> for SeenStanding {
    fn from(role: &Role) -> Self {
        Self {
            subject: Subject::Role(role.id.clone()),
            standing: Standing {
                rank: role.rank,
                roles: vec![role.name.clone()],
                permissions: role.permissions.clone(),
            },
        }
    }
}
