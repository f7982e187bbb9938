//! Health checks, metrics, crashes and restarts.

mod crash_loses_nothing;
mod machine_routes;
mod metrics;
mod restart_keeps_everything;
