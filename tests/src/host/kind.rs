//! The hosts that the scenarios run on.

/// A host, or two of them on one database.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The native host on SQLite.
    Native,
    /// Two native hosts on one PostgreSQL database.
    Postgres,
    /// Spin.
    Spin,
    /// Spin with the provider on PostgreSQL.
    SpinPostgres,
    /// A Worker in Cloudflare's runtime.
    Cloudflare,
}

impl Kind {
    /// Returns the one that `GATEWRIGHT_HOST` names.
    pub(super) fn named() -> Self {
        match std::env::var("GATEWRIGHT_HOST").as_deref() {
            Ok("native") | Err(_) => Self::Native,
            Ok("postgres") => Self::Postgres,
            Ok("spin") => Self::Spin,
            Ok("spin-postgres") => Self::SpinPostgres,
            Ok("cloudflare") => Self::Cloudflare,
            Ok(other) => panic!("no host is called {other}"),
        }
    }

    /// Returns the name.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Native | Self::Postgres => "native",
            Self::Spin => "spin",
            Self::SpinPostgres => "spin-postgres",
            Self::Cloudflare => "cloudflare",
        }
    }

    /// Returns the component that the manifest for Spin names.
    pub(super) fn component(self) -> &'static str {
        match self {
            Self::SpinPostgres => "gatewright-spin-postgres",
            _ => "gatewright-spin",
        }
    }
}
