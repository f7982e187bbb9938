//! The address of the database: `DATABASE_URL` in a form that Spin's client understands.

use std::sync::OnceLock;

use auth_core::Settings as _;
use auth_core::config::SettingError;
use gatewright_storage_postgres::{PostgresUrl, UrlError, Verification};

use crate::variables::Variables;

/// Options of a connection unless the URL has its own. A transaction that is left open, because its request ended, ends
/// by the second time-out, since Spin keeps its connection.
const OPTIONS: [(&str, &str); 2] = [
    ("connect_timeout", "5"),
    (
        "options",
        "-c%20jit%3Doff%20-c%20statement_timeout%3D10s%20-c%20idle_in_transaction_session_timeout%3D10s",
    ),
];

/// An address. It can contain a password: never log it.
pub(super) struct Address {
    pub(super) url: String,
    /// The certificate of an authority in PEM format, in addition to those that Spin trusts.
    pub(super) authority: Option<String>,
}

/// Returns the address, which the first caller reads.
pub(super) async fn get() -> Result<&'static Address, SettingError> {
    static ADDRESS: OnceLock<Address> = OnceLock::new();
    if let Some(address) = ADDRESS.get() {
        return Ok(address);
    }
    let url = setting("DATABASE_URL").await?.unwrap_or_default();
    let url = PostgresUrl::parse(&url).map_err(wrong)?;
    let address = Address {
        url: for_spin(url)?,
        authority: setting("DATABASE_CA").await?,
    };
    Ok(ADDRESS.get_or_init(|| address))
}

async fn setting(name: &str) -> Result<Option<String>, SettingError> {
    let value = Variables.get(name).await;
    let value = value.map_err(SettingError::Unavailable)?;
    Ok(value.filter(|value| !value.is_empty()))
}

/// Spin's client knows three modes. It verifies certificates in full whenever it uses TLS.
fn for_spin(url: PostgresUrl) -> Result<String, SettingError> {
    if url.root_certificates.is_some() {
        return Err(wrong(
            "sslrootcert names a file, which a component can't read; set DATABASE_CA to the certificate instead",
        ));
    }
    let mode = match url.verification {
        Verification::Disable => "disable",
        Verification::Prefer => "prefer",
        Verification::Require | Verification::VerifyCa | Verification::VerifyFull => "require",
    };
    let (_, query) = url.url.split_once('?').unwrap_or_default();
    let missing = OPTIONS.into_iter().filter(|(name, _)| {
        let mut given = query.split('&').filter_map(|pair| pair.split_once('='));
        !given.any(|(given, _)| given == *name)
    });
    let mut text = url.url.clone();
    for (name, value) in missing.chain([("sslmode", mode)]) {
        text.push(if text.contains('?') { '&' } else { '?' });
        text += &format!("{name}={value}");
    }
    Ok(text)
}

fn wrong(problem: impl ToString) -> SettingError {
    SettingError::Value {
        name: "DATABASE_URL",
        problem: problem.to_string(),
        accepts: "postgresql://USER:PASSWORD@HOST:PORT/DATABASE",
    }
}

/// Returns the error for a URL that Spin's client can't read.
pub(super) fn malformed() -> String {
    wrong(UrlError::Malformed).to_string()
}
