//! The routes that every host serves: an [`http::Request`] in, an [`http::Response`] out.
//!
//! [`ROUTES`] is the one table of routes: the router, the OpenAPI document and what a host must know of a route
//! come from it. What a route decides is decided in `auth_core`; here are names, JSON, status codes and headers.

#![forbid(unsafe_code)]
#![cfg_attr(
    test,
    allow(clippy::disallowed_methods, reason = "tests read JSON that they know")
)]
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a failed test may panic"))]

mod accounts;
mod aliases;
mod bodies;
mod body;
mod caller;
mod cookies;
mod error;
mod factors;
mod gate;
mod links;
#[cfg(test)]
mod openapi;
mod operations;
mod pages;
mod proxies;
mod query;
mod reply;
mod roles;
mod routes;
mod service;
mod signing_in;
mod turns;
mod users;

pub use aliases::ALIASES;
pub use bodies::{BodyConfig, body_patience};
pub use body::{MAX_BODY, MAX_HEAD, head_size};
pub use caller::Operator;
pub use error::ApiError;
pub use gate::{Gate, Ticket};
pub use proxies::client_behind;
pub use routes::{Access, Operation, ROUTES, RequestBody, Route, find};
pub use service::{CLIENT_ADDRESS, HEAD_ONLY, REQUEST_ID, Service, client_address};
pub use turns::{StorageCall, Turns, WaitingHash};
