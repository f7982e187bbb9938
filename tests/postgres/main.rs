//! Storage on PostgreSQL, and hosts that share a database there.

#![allow(clippy::disallowed_methods, reason = "tests read JSON that they know")]
#![allow(clippy::unwrap_used, reason = "tests")]

mod callers;
mod guards;
mod hosts;
mod kit;
mod lists;
mod lost;
mod migrations;
mod overtaken;
mod plans;
mod pooler;
mod proxy;
mod purge;
mod session;
mod spin;
mod start;
mod tls;
