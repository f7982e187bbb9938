//! Errors: which there are, what those of the core are over HTTP, and their form.

pub(crate) mod api_error;
mod from_core;
mod response;
