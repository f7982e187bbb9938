//! The OpenAPI document: generated from the table of routes by a test, checked in as `openapi.json`, and served.

#[cfg(test)]
mod document;
#[cfg(test)]
mod errors;
#[cfg(test)]
mod operation;
pub(crate) mod served;
