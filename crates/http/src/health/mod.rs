//! Health checks and metrics for monitoring.

pub(crate) mod checks;
pub(crate) mod metrics;
