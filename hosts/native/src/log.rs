//! The log of the service.

use auth_core::Level;

/// Writes a line of the service to the log.
pub(crate) fn write_line(level: Level, message: &str, fields: &[(&str, &str)]) {
    let fields: Vec<_> = fields
        .iter()
        .map(|(name, value)| format!("{name}={value:?}"))
        .collect();
    let fields = fields.join(" ");
    match level {
        Level::Debug => tracing::debug!(target: "service", fields, "{message}"),
        Level::Info => tracing::info!(target: "service", fields, "{message}"),
        Level::Warn => tracing::warn!(target: "service", fields, "{message}"),
        Level::Error => tracing::error!(target: "service", fields, "{message}"),
    }
}
