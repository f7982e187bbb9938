//! Pools of connections, as Spin has them.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use deadpool_postgres::{Manager, ManagerConfig, Object, Pool, RecyclingMethod};
use gatewright_postgres::verified;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::{Config, NoTls};

/// Spin's number of connections to an address.
const SIZE: usize = 64;

/// A connection of a component. When it is dropped, it returns to its pool as it is, even with an open transaction.
#[derive(Clone)]
pub struct PostgresConnection(pub(super) std::sync::Arc<Object>);

/// An address that is not connected yet.
#[derive(Clone)]
pub struct PostgresBuilder {
    pub(super) address: String,
    /// The certificate of an authority in PEM format.
    pub(super) authority: Option<String>,
}

/// The pools of an application, by address and authority.
#[derive(Default)]
pub(in crate::spin) struct Pools(Mutex<BTreeMap<(String, Option<String>), Pool>>);

impl Pools {
    /// Returns the pool of an address whose hosts and ports are allowed. The texts of errors are Spin's.
    pub(super) fn of(
        &self,
        of: PostgresBuilder,
        allowed: impl Fn(&str, u16) -> bool,
    ) -> Result<Pool, String> {
        // The cause can contain a part of the address.
        let config: Config = of
            .address
            .parse()
            .map_err(|_| "invalid connection string".to_owned())?;
        check(&config, allowed)?;
        let key = (of.address, of.authority);
        let mut pools = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pool) = pools.get(&key) {
            return Ok(pool.clone());
        }
        let recycling = ManagerConfig {
            recycling_method: RecyclingMethod::Clean,
        };
        let manager = if config.get_ssl_mode() == SslMode::Disable {
            Manager::from_config(config, NoTls, recycling)
        } else {
            let tls = verified(key.1.as_deref()).map_err(|error| error.to_string())?;
            Manager::from_config(config, tls, recycling)
        };
        let pool = Pool::builder(manager).max_size(SIZE).build();
        let pool = pool.map_err(|error| error.to_string())?;
        pools.insert(key, pool.clone());
        Ok(pool)
    }
}

/// Fails unless all hosts of an address are allowed.
fn check(config: &Config, allowed: impl Fn(&str, u16) -> bool) -> Result<(), String> {
    let ports = config.get_ports();
    for (index, host) in config.get_hosts().iter().enumerate() {
        let Host::Tcp(host) = host else {
            return Err("Unix sockets are not supported on WebAssembly".to_owned());
        };
        let port = ports
            .get(index)
            .or_else(|| ports.first())
            .copied()
            .unwrap_or(5432);
        if !allowed(host, port) {
            return Err(format!("address postgres://{host}:{port} is not permitted"));
        }
    }
    Ok(())
}
