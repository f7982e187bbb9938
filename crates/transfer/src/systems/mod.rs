//! The meaning of the columns of each system, with a file for each system.

pub(crate) mod auth0;
pub(crate) mod better_auth;
pub(crate) mod clerk;
mod convert;
pub(crate) mod django;
pub(crate) mod fastapi_users;
pub(crate) mod firebase;
pub(crate) mod gatewright;
pub(crate) mod join;
pub(crate) mod supabase;
