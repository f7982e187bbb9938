//! Built-in pages: sign-up, sign-in, sign-out and recovery. They are static files that use the API.

pub(crate) mod files;
