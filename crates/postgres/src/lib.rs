//! Connections to PostgreSQL for native hosts: a pool of tokio-postgres, with TLS by rustls.
//!
//! A transaction is sent to the server as a whole, from `BEGIN` to `COMMIT`, so that it takes one round trip and holds
//! its locks no longer than the server works. If the connection is lost, it runs again only if it is known that it did not
//! happen.

#![forbid(unsafe_code)]

mod address;
mod connections;
mod failure;
mod look_ups;
mod mark;
mod pipeline;
mod pool;
mod session;
mod start;
mod tls;
mod values;

pub use address::{Address, AddressError};
pub use gatewright_storage_postgres::Verification;
pub use pool::{APPLICATION_NAME, PoolSettings, Postgres};
pub use session::Session;
pub use start::StartError;
pub use tls::verified;
pub use tokio_postgres::types::Type;
