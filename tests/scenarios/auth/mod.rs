//! Login, sessions and their tokens, second factors, recovery.

pub(crate) mod access_token_is_checked;
mod addresses;
mod breached_password;
mod compatibility;
mod concurrent_refresh;
mod cookies;
mod duplicate_email;
mod first_session;
mod freshness;
mod hash_memory;
mod intruders_factor;
mod lockout;
mod login_limits;
mod login_refused;
mod logout;
mod password_rules;
mod recovery;
mod refresh_grace_window;
mod refresh_reuse;
mod rehash;
mod renewed;
mod required_factor;
pub(crate) mod second_factor;
mod step_up;
mod token_endpoint;
mod verification;
mod who_exists;
