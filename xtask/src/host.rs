//! The hosts of the service.

use clap::ValueEnum;

/// A host that runs the service.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Host {
    /// The native host, on SQLite.
    Native,
    /// Spin, or the native host as a replacement.
    Spin,
    /// Cloudflare Workers, or their runtime on this machine.
    Cloudflare,
}
