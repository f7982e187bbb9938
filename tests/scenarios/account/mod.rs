//! A user's own account.

mod change_email;
mod identities;
mod identities_of_others;
mod links;
mod profile;
mod self_service_limits;
mod sessions;
mod username;
mod without_password;
