//! Sign-in with accounts of other providers: Google, GitHub and others, any OpenID Connect issuer, and any plain
//! OAuth 2.0 provider.
//!
//! Most files are pure functions: each holds one document of the protocol or one table. `start.rs` and `arrival.rs` are the
//! two halves of a flow, `code.rs` the secret that carries its result to the front end.

#[cfg(test)]
mod account_tests;
pub(crate) mod arrival;
mod authorization;
mod callback;
mod client_authentication;
pub(crate) mod code;
pub(crate) mod completion;
mod completion_token;
pub(crate) mod document_cache;
pub(crate) mod documents;
pub(crate) mod endpoint;
mod endpoints;
pub(crate) mod exchange;
mod fetch;
pub(crate) mod flow;
mod form_post;
mod id_token;
mod identification;
pub(crate) mod issuer;
mod jwks;
pub(crate) mod link_policy;
mod metadata;
mod newcomer;
pub(crate) mod pending;
pub(crate) mod person;
mod pkce;
pub(crate) mod presets;
pub(crate) mod private_key;
mod profile;
pub(crate) mod profile_map;
pub(crate) mod provider;
mod provider_error;
pub(crate) mod providers;
mod redirect;
pub(crate) mod refresh;
pub(crate) mod registration;
pub(crate) mod resolve;
pub(crate) mod start;
#[cfg(test)]
mod tests;
mod token_endpoint;
mod token_request;
mod token_response;
mod userinfo;
mod visit;

use crate::context::service;

service! {
    /// Sign-in with accounts of other providers.
    Federation
}
