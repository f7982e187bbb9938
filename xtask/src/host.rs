//! The hosts of the service.

use clap::ValueEnum;

/// A host that runs the service.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Host {
    /// The native host, on SQLite.
    Native,
    /// Two native hosts, on one PostgreSQL database.
    Postgres,
    /// Spin, or the native host as a replacement.
    Spin,
    /// Spin with the provider on PostgreSQL.
    SpinPostgres,
    /// Cloudflare Workers, or their runtime on this machine.
    Cloudflare,
}

impl Host {
    /// Returns its name on the command line, by which the tests know it too.
    pub(crate) fn name(self) -> String {
        let value = self.to_possible_value();
        value.map_or_else(String::new, |value| value.get_name().to_owned())
    }
}
