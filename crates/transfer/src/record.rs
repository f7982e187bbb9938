//! The records of a file.

use auth_core::ImportUser;
use serde::{Deserialize, Serialize};

use crate::identity::{Found, Providers};

/// A record of a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// Line where it begins, counting from 1.
    pub line: u64,
    /// Its content, or the reason why it can't be read.
    pub item: Result<Item, String>,
    /// The reasons why identities of the user are left out.
    pub left_out: Vec<String>,
}

impl Record {
    /// Creates a record of a user with identities.
    pub(crate) fn of(
        line: u64,
        user: Result<ImportUser, String>,
        found: Found,
        providers: &Providers,
    ) -> Self {
        let mut left_out = Vec::new();
        let user = user.map(|mut user| {
            left_out = providers.give(&mut user, found);
            user
        });
        Self {
            line,
            item: user.map(Item::from),
            left_out,
        }
    }
}

/// The content of a record.
#[derive(Clone, Debug, PartialEq)]
pub enum Item {
    /// A user.
    User(Box<ImportUser>),
    /// A permission or a role, in files of Gatewright.
    Definition(Definition),
}

impl From<ImportUser> for Item {
    fn from(user: ImportUser) -> Self {
        Self::User(Box::new(user))
    }
}

/// A permission or a role, on its own line before the users who have it: `{"role": {…}}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Definition {
    /// A permission.
    Permission {
        /// Name, `resource:action`.
        name: String,
        /// Description.
        #[serde(default)]
        description: String,
    },
    /// A role.
    Role {
        /// Name.
        name: String,
        /// Description.
        #[serde(default)]
        description: String,
        /// Rank. `None` means the default of the service.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rank: Option<u64>,
        /// Names of its permissions.
        #[serde(default)]
        permissions: Vec<String>,
    },
}

impl Definition {
    /// Returns whether a line of JSON is a definition, judging by its first member.
    pub(crate) fn is(line: &[u8]) -> bool {
        let inside = line.trim_ascii_start().strip_prefix(b"{");
        inside.is_some_and(|inside| {
            let inside = inside.trim_ascii_start();
            inside.starts_with(b"\"permission\"") || inside.starts_with(b"\"role\"")
        })
    }

    /// Returns the name.
    pub fn name(&self) -> &str {
        match self {
            Self::Permission { name, .. } | Self::Role { name, .. } => name,
        }
    }
}
