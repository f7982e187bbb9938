//! User administration.

pub(crate) mod edit;
pub(crate) mod export;
pub(crate) mod identities;
pub(crate) mod impersonate;
pub(crate) mod import;
#[cfg(test)]
mod imported;
pub(crate) mod list;
pub(crate) mod roles;
pub(crate) mod sessions;
pub(crate) mod setup;
pub(crate) mod state;
mod view;
