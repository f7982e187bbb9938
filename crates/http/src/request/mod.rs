//! Parsing of requests: headers, body and query.

pub(crate) mod body;
pub(crate) mod body_budget;
pub(crate) mod form;
pub(crate) mod headers;
pub(crate) mod json;
pub(crate) mod media_type;
pub(crate) mod multipart;
pub(crate) mod nullable;
pub(crate) mod query;
