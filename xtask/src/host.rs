//! The hosts of the service.

use clap::ValueEnum;

/// Where the service runs.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Host {
    /// The native host, on SQLite.
    Native,
    /// Spin, or the native host in its place.
    Spin,
    /// Cloudflare Workers, or their runtime on this machine.
    Cloudflare,
}
