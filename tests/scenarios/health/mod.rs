//! What operators and machines ask, and what a host survives.

mod crash_loses_nothing;
mod machine_routes;
mod metrics;
mod restart_keeps_everything;
