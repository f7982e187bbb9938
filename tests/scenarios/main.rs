//! What a client sees over HTTP, one file for each behaviour, the same on every host.

#![allow(missing_docs, clippy::unwrap_used, reason = "tests")]

mod access_token_is_checked;
mod breached_password;
mod change_email;
mod compatibility;
mod concurrent_refresh;
mod crash_loses_nothing;
mod cross_origin;
mod duplicate_email;
mod first_session;
mod login_refused;
mod logout;
mod machine_routes;
mod mail_by_webhook;
mod malformed_request;
mod pages;
mod password_rules;
mod profile;
mod rate_limit;
mod recovery;
mod refresh_grace_window;
mod refresh_reuse;
mod restart_keeps_everything;
mod second_factor;
mod sessions;
mod token_endpoint;
mod unknown_route;
mod username;
mod verification;
