//! The routes that every host serves: an [`http::Request`] in, an [`http::Response`] out.
//!
//! Each module of a noun (`auth`, `account`, `users`, …) contains the rows of its routes, followed by their handlers.
//! `table.rs` lists these modules; the router, the dispatch and the OpenAPI document are derived from it. All decisions
//! are made in `auth_core`; this crate handles names, JSON, status codes and headers.

#![forbid(unsafe_code)]
#![cfg_attr(
    test,
    allow(clippy::disallowed_methods, reason = "tests read JSON that they know")
)]
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a failed test may panic"))]

mod access;
mod account;
mod audit;
mod auth;
mod call;
mod cookies;
mod error;
mod front;
mod hashing;
mod health;
mod keys;
mod limits;
mod openapi;
mod pages;
mod proof;
mod proxies;
mod request;
mod response;
mod route;
mod row;
mod same_site;
mod schema;
mod service;
mod table;
mod users;

pub use error::api_error::ApiError;
pub use front::{Asked, Front};
pub use hashing::hash_queue::{HashQueue, Ticket};
pub use hashing::turns::{StorageCall, Turns, WaitingHash};
pub use limits::{MAX_BODY, MAX_HEAD, MAX_HEADERS};
pub use proof::Operator;
pub use proxies::trust::client_behind;
pub use request::body::head_size;
pub use request::body_budget::{BodyConfig, body_patience};
pub use request::headers::{CLIENT_ADDRESS, HEAD_ONLY, REQUEST_ID, client_address};
pub use route::{Access, Parameter, ParameterForm, Recency, RequestBody, Route};
pub use service::Service;
