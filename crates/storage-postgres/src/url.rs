//! The URL of a database, as libpq reads it.

/// The verification of the server's certificate, by libpq's names (`sslmode`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verification {
    /// `disable`: no TLS.
    Disable,
    /// `prefer`: TLS if the server supports it, unverified.
    Prefer,
    /// `require`: TLS, unverified.
    Require,
    /// `verify-ca`: TLS, and the certificate is of a trusted authority.
    VerifyCa,
    /// `verify-full`: as before, and the certificate names the host.
    VerifyFull,
}

/// The reason why a URL can't be used. The texts contain no part of the URL, because it can contain a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    /// It is no URL of a PostgreSQL database.
    #[error("DATABASE_URL is not of the form postgresql://USER:PASSWORD@HOST:PORT/DATABASE")]
    Malformed,
    /// Its `sslmode` is unknown.
    #[error("sslmode is none of disable, prefer, require, verify-ca and verify-full")]
    UnknownMode,
}

/// A URL without the options that clients in Rust don't know, and these options.
#[derive(Clone, PartialEq, Eq)]
pub struct PostgresUrl {
    /// The URL without `sslmode` and `sslrootcert`.
    pub url: String,
    /// `sslmode`. By default, the certificate of a remote host is verified in full, and TLS is preferred on this machine.
    pub verification: Verification,
    /// `sslrootcert`, the path of a file.
    pub root_certificates: Option<String>,
}

impl PostgresUrl {
    /// Reads a URL.
    ///
    /// # Errors
    /// The URL is not one of PostgreSQL, or its `sslmode` is unknown.
    pub fn parse(url: &str) -> Result<Self, UrlError> {
        let (base, query) = url.split_once('?').unwrap_or((url, ""));
        let rest = base
            .split_once("://")
            .and_then(|(scheme, rest)| matches!(scheme, "postgresql" | "postgres").then_some(rest));
        let authority = rest.ok_or(UrlError::Malformed)?.split('/').next();
        let hosts = authority.and_then(|authority| authority.rsplit('@').next());
        let mut local = hosts.unwrap_or_default().split(',').all(is_local);
        let (mut mode, mut root_certificates, mut others) = (None, None, Vec::new());
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            match pair.split_once('=') {
                Some(("sslmode", value)) => mode = Some(verification(value)?),
                Some(("sslrootcert", value)) => root_certificates = Some(value.to_owned()),
                option => {
                    if let Some(("host" | "hostaddr", value)) = option {
                        local &= value.split(',').all(is_local);
                    }
                    others.push(pair);
                }
            }
        }
        let separator = if others.is_empty() { "" } else { "?" };
        Ok(Self {
            url: format!("{base}{separator}{}", others.join("&")),
            verification: mode.unwrap_or(if local {
                Verification::Prefer
            } else {
                Verification::VerifyFull
            }),
            root_certificates,
        })
    }
}

/// Returns whether a host, perhaps with a port, is this machine: by its name or address, or as the folder of a socket.
fn is_local(host: &str) -> bool {
    let is_folder = host.starts_with('/')
        || host
            .get(..3)
            .is_some_and(|start| start == "%2F" || start == "%2f");
    let name = match host.strip_prefix('[') {
        Some(address) => address.split(']').next(),
        None if host == "::1" => Some(host),
        None => host.split(':').next(),
    };
    is_folder || matches!(name, Some("" | "localhost" | "127.0.0.1" | "::1"))
}

fn verification(mode: &str) -> Result<Verification, UrlError> {
    Ok(match mode {
        "disable" => Verification::Disable,
        "prefer" => Verification::Prefer,
        "require" => Verification::Require,
        "verify-ca" => Verification::VerifyCa,
        "verify-full" => Verification::VerifyFull,
        _ => return Err(UrlError::UnknownMode),
    })
}

#[cfg(test)]
mod tests {
    use super::{PostgresUrl, UrlError, Verification};

    fn mode(url: &str) -> Result<Verification, UrlError> {
        PostgresUrl::parse(url).map(|url| url.verification)
    }

    #[test]
    fn a_remote_host_is_verified_in_full_unless_the_url_says_otherwise() {
        let remote = "postgresql://ada:pw@db.example.com/auth";
        for url in [
            remote,
            "postgres://ada@localhost.example.com/auth",
            "postgres://ada@localhost,db.example.com/auth",
            "postgres://localhost@10.0.0.1:5432/auth",
            "postgres://ada@/auth?host=db.example.com",
            "postgres://ada@[2001:db8::1]:5432/auth",
        ] {
            assert_eq!(mode(url), Ok(Verification::VerifyFull), "{url}");
        }
        for url in [
            "postgresql://ada@localhost/auth",
            "postgresql://ada:pw@127.0.0.1:5433/auth",
            "postgresql://ada@[::1]:5433/auth",
            "postgresql://ada@%2Ftmp%2Fpg/auth",
            "postgresql:///auth?host=/tmp/pg",
        ] {
            assert_eq!(mode(url), Ok(Verification::Prefer), "{url}");
        }
        for (name, expected) in [
            ("disable", Verification::Disable),
            ("require", Verification::Require),
            ("verify-ca", Verification::VerifyCa),
            ("verify-full", Verification::VerifyFull),
        ] {
            assert_eq!(mode(&format!("{remote}?sslmode={name}")), Ok(expected));
        }
        let unknown = mode(&format!("{remote}?sslmode=verify"));
        assert_eq!(unknown, Err(UrlError::UnknownMode));
    }

    #[test]
    fn options_of_libpq_alone_are_split_off() {
        let url =
            "postgres://ada@localhost/auth?sslmode=disable&connect_timeout=3&sslrootcert=/ca.pem";
        let Ok(url) = PostgresUrl::parse(url) else {
            panic!("the URL is one of PostgreSQL");
        };
        assert_eq!(url.url, "postgres://ada@localhost/auth?connect_timeout=3");
        assert_eq!(url.root_certificates.as_deref(), Some("/ca.pem"));
        for url in ["", "mysql://ada@localhost/auth", "localhost/auth"] {
            assert_eq!(mode(url), Err(UrlError::Malformed), "{url}");
        }
    }
}
