//! The HTTP API as the commands see it.

mod list;
mod path;
mod refusal;
mod requests;
mod retry;
mod user;

#[cfg(test)]
pub(crate) use list::PAGE;
pub(crate) use path::{Query, path, with_query};
pub use refusal::error_document;
pub(crate) use refusal::{Detail, Refusal, refused_with};
pub(crate) use requests::{Api, read};
pub(crate) use retry::with_retry;
pub(crate) use user::Named;
