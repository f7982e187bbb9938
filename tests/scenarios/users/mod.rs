//! Administration of users.

mod command_line;
mod first_administrator;
mod impersonation;
pub(crate) mod import_export;
mod import_leaves_out;
mod last_superadmin;
mod user_administration;
