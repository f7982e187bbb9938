//! Size limits of requests.

/// Maximum size of a request body in bytes. Routes that accept a list of records can allow more.
pub const MAX_BODY: usize = 64 * 1024;

/// Maximum size of a form from a provider in bytes. It goes on in an address, which must fit into the head of a request.
pub(crate) const MAX_FORM_POST: usize = 16 * 1024;

/// Maximum size of a request head in bytes.
pub const MAX_HEAD: usize = 32 * 1024;

/// Maximum number of headers in a request.
pub const MAX_HEADERS: usize = 256;
