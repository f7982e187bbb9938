//! What a client sees over HTTP, one file for each behaviour, the same on every host.

#![allow(
    missing_docs,
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "tests"
)]

mod access_check;
mod access_matrix;
mod access_token_is_checked;
mod audit;
mod breached_password;
mod change_email;
mod command_line;
mod compatibility;
mod concurrent_refresh;
mod cookies;
mod crash_loses_nothing;
mod cross_origin;
mod duplicate_email;
mod first_administrator;
mod first_session;
mod freshness;
mod hash_memory;
mod impersonation;
mod import_export;
mod last_superadmin;
mod lockout;
mod login_refused;
mod logout;
mod machine_routes;
mod mail_by_webhook;
mod mail_limits;
mod malformed_request;
mod metrics;
mod pages;
mod password_rules;
mod profile;
mod ranks;
mod rate_limit;
mod recovery;
mod refresh_grace_window;
mod refresh_reuse;
mod rehash;
mod restart_keeps_everything;
mod roles;
mod second_factor;
mod self_service_limits;
mod sessions;
mod slow_clients;
mod token_endpoint;
mod trusted_proxies;
mod unknown_route;
mod unread_body;
mod user_administration;
mod username;
mod verification;
mod who_exists;
