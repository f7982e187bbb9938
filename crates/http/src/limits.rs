//! Sizes that every request has to keep.

/// Most bytes of a request body. A route that takes a list of records may allow more.
pub const MAX_BODY: usize = 64 * 1024;

/// Most bytes of a request's head.
pub const MAX_HEAD: usize = 32 * 1024;

/// Most headers of a request.
pub const MAX_HEADERS: usize = 256;
