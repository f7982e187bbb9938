//! Errors: their definitions, the mapping of core errors to HTTP, and their format.

pub(crate) mod api_error;
mod from_core;
mod response;
