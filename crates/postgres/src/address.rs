//! The address of a database: a URL as libpq reads it.

use std::path::PathBuf;

use gatewright_storage_postgres::{PostgresUrl, UrlError, Verification};
use tokio_postgres::Config;
use tokio_postgres::config::SslMode;

/// The reason why an address can't be used. The texts contain no part of the URL, because it can contain a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// The URL is malformed.
    #[error(transparent)]
    Url(#[from] UrlError),
    /// The certificates of `sslrootcert` can't be read.
    #[error("the file of sslrootcert contains no certificates in PEM format, or can't be read")]
    Certificates,
    /// The system starts no further thread.
    #[error("the thread of the connections can't be started")]
    Thread,
}

/// An address, and how TLS is used.
#[derive(Clone)]
pub struct Address {
    pub(crate) config: Config,
    pub(crate) verification: Verification,
    pub(crate) root_certificates: Option<PathBuf>,
}

impl Address {
    /// Reads a URL.
    ///
    /// # Errors
    /// The URL is malformed.
    pub fn parse(url: &str) -> Result<Self, AddressError> {
        let PostgresUrl {
            url,
            verification,
            root_certificates,
        } = PostgresUrl::parse(url)?;
        let mut config: Config = url.parse().map_err(|_| UrlError::Malformed)?;
        config.ssl_mode(match verification {
            Verification::Disable => SslMode::Disable,
            Verification::Prefer => SslMode::Prefer,
            _ => SslMode::Require,
        });
        Ok(Self {
            config,
            verification,
            root_certificates: root_certificates.map(PathBuf::from),
        })
    }
}
