//! A user's own account.

mod change_email;
mod links;
mod profile;
mod self_service_limits;
mod sessions;
mod username;
