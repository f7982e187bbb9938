//! `DATABASE_URL`: the database and its kind.

use std::fmt;
use std::path::{Path, PathBuf};

use auth_core::config::{SettingError, without_password};
use gatewright_postgres::Address;

/// The database of the settings. Its text leaves out the password.
#[derive(Clone)]
pub enum DatabaseUrl {
    /// `sqlite:` and the path of the file.
    Sqlite(PathBuf),
    /// The URL of a PostgreSQL database, as given.
    Postgres(String),
}

impl DatabaseUrl {
    /// Reads a URL, or returns `None` if it is of neither kind.
    pub fn parse(text: &str) -> Option<Self> {
        if text.starts_with("postgresql://") || text.starts_with("postgres://") {
            return Some(Self::Postgres(text.to_owned()));
        }
        let path = text.strip_prefix("sqlite:")?;
        let path = path.strip_prefix("//").unwrap_or(path);
        (!path.is_empty() && path != ":memory:").then(|| Self::Sqlite(path.into()))
    }

    /// Returns the file of an SQLite database.
    pub fn file(&self) -> Option<&Path> {
        match self {
            Self::Sqlite(path) => Some(path),
            Self::Postgres(_) => None,
        }
    }

    /// Checks what [`parse`](Self::parse) leaves to the database: the address of a PostgreSQL server.
    ///
    /// # Errors
    /// A part of the URL can't be used.
    pub fn check(&self) -> Result<(), SettingError> {
        match self {
            Self::Sqlite(_) => Ok(()),
            Self::Postgres(url) => address(url).map(drop),
        }
    }
}

/// Returns the address of a PostgreSQL server.
pub(crate) fn address(url: &str) -> Result<Address, SettingError> {
    Address::parse(url).map_err(|error| SettingError::Value {
        name: "DATABASE_URL",
        problem: error.to_string(),
        accepts: "postgresql://USER:PASSWORD@HOST:PORT/DATABASE, with special characters of user and password percent-encoded",
    })
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(formatter, "sqlite:{}", path.display()),
            Self::Postgres(url) => formatter.write_str(&without_password(url)),
        }
    }
}
