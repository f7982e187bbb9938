//! What the records of a file are.

use auth_core::ImportUser;
use serde::{Deserialize, Serialize};

/// A record of a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// Line where it begins, from 1.
    pub line: u64,
    /// What it is, or why it can't be read.
    pub item: Result<Item, String>,
}

/// What a record is.
#[derive(Clone, Debug, PartialEq)]
pub enum Item {
    /// A user.
    User(Box<ImportUser>),
    /// A permission or a role, as files of our own have them.
    Definition(Definition),
}

impl From<ImportUser> for Item {
    fn from(user: ImportUser) -> Self {
        Self::User(Box::new(user))
    }
}

/// A permission or a role, in a line of its own before those who have it: `{"role": {…}}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Definition {
    /// A permission.
    Permission {
        /// Name, `resource:action`.
        name: String,
        /// What it is for.
        #[serde(default)]
        description: String,
    },
    /// A role.
    Role {
        /// Name.
        name: String,
        /// What it is for.
        #[serde(default)]
        description: String,
        /// How high its holders stand; none: as the service has it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rank: Option<u64>,
        /// Names of the permissions that it holds.
        #[serde(default)]
        permissions: Vec<String>,
    },
}

impl Definition {
    /// Whether a line of JSON is a definition, judged by its first member.
    pub(crate) fn is(line: &[u8]) -> bool {
        let inside = line.trim_ascii_start().strip_prefix(b"{");
        inside.is_some_and(|inside| {
            let inside = inside.trim_ascii_start();
            inside.starts_with(b"\"permission\"") || inside.starts_with(b"\"role\"")
        })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        match self {
            Self::Permission { name, .. } | Self::Role { name, .. } => name,
        }
    }
}
