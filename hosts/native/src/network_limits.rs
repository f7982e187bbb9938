//! Limits of networks: the number of connections of one network, and the memory of its requests and responses.
//!
//! These limits apply before authentication, so they don't depend on users. One network can use only a share of the
//! whole, so that the rest stays for others. Only the whole limits trusted proxies, because all clients connect through
//! them.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use auth_core::{IpBlock, blocks_of};

use crate::budget::{Budget, Count};

/// Interval of log lines about closed connections.
const TELL: Duration = Duration::from_secs(60);

/// The peers of all connections.
pub(crate) struct NetworkLimits {
    trusted: Vec<IpBlock>,
    /// Maximum number of connections of the narrowest network of an address; 0 means unlimited.
    max_connections: usize,
    memory: Arc<Count>,
    /// Maximum memory of one network.
    share: usize,
    networks: Mutex<HashMap<IpBlock, Network>>,
    started: Instant,
    /// Time of the last log line about closed connections, in milliseconds since the start; 0 means never.
    told: AtomicU64,
}

struct Network {
    connections: usize,
    memory: Arc<Count>,
}

impl NetworkLimits {
    /// Creates limits: `memory` bytes in total, and `connections` and `share` bytes for a network that isn't trusted.
    pub(crate) fn new(
        trusted: Vec<IpBlock>,
        connections: usize,
        memory: usize,
        share: usize,
    ) -> Arc<Self> {
        Arc::new(Self {
            trusted,
            max_connections: connections,
            memory: Count::new(memory),
            share,
            networks: Mutex::default(),
            started: Instant::now(),
            told: AtomicU64::new(0),
        })
    }

    /// Accepts a connection. Returns `None` if one of its networks has too many.
    pub(crate) fn take(self: &Arc<Self>, peer: SocketAddr) -> Option<Connection> {
        let address = peer.ip().to_canonical();
        let trusted = self.trusted.iter().any(|block| block.contains(address));
        let networks = match trusted {
            true => Vec::new(),
            false => blocks_of(address),
        };
        let Some(counts) = self.count(&networks) else {
            self.tell(address);
            return None;
        };
        Some(Connection {
            peers: self.clone(),
            networks: networks.into_iter().map(|(block, _)| block).collect(),
            budget: Budget::of(counts),
        })
    }

    /// Counts a connection in its networks, each of which has its share. Returns the memory limits that apply to it.
    fn count(&self, blocks: &[(IpBlock, u64)]) -> Option<Arc<[Arc<Count>]>> {
        let mut networks = self.networks();
        let is_full = |(block, share): &(IpBlock, u64)| {
            let max = self.max_connections.saturating_mul(*share as usize);
            let network = networks.get(block);
            network.is_some_and(|network| network.connections >= max)
        };
        if self.max_connections > 0 && blocks.iter().any(is_full) {
            return None;
        }
        let own = blocks.iter().map(|(block, share)| {
            let network = networks.entry(*block).or_insert_with(|| {
                // However wide it is, half stays for the others.
                let max = (self.memory.max() / 2).max(self.share);
                Network {
                    connections: 0,
                    memory: Count::new(self.share.saturating_mul(*share as usize).min(max)),
                }
            });
            network.connections += 1;
            network.memory.clone()
        });
        Some(own.chain([self.memory.clone()]).collect())
    }

    fn tell(&self, address: IpAddr) {
        let now = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let told = self.told.load(Ordering::Relaxed);
        let due = told == 0 || now.saturating_sub(told) >= TELL.as_millis() as u64;
        // Only one of the threads that find it due writes it.
        let (now, order) = (now.max(1), Ordering::Relaxed);
        if due && self.told.compare_exchange(told, now, order, order).is_ok() {
            tracing::warn!(
                peer = %address,
                max = self.max_connections,
                "too many connections from one network; further ones are closed (MAX_CONNECTIONS_PER_NETWORK, TRUSTED_PROXIES)"
            );
        }
    }

    fn networks(&self) -> MutexGuard<'_, HashMap<IpBlock, Network>> {
        self.networks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection that is counted in its networks.
pub(crate) struct Connection {
    peers: Arc<NetworkLimits>,
    networks: Vec<IpBlock>,
    budget: Budget,
}

impl Connection {
    /// The memory limits of its requests and responses.
    pub(crate) fn budget(&self) -> &Budget {
        &self.budget
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        let mut networks = self.peers.networks();
        for block in &self.networks {
            if let Some(network) = networks.get_mut(block) {
                network.connections -= 1;
                if network.connections == 0 {
                    networks.remove(block);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Accepts a connection from an address.
    fn take(peers: &Arc<NetworkLimits>, text: &str) -> Option<Connection> {
        peers.take(SocketAddr::new(text.parse().unwrap(), 4711))
    }

    #[test]
    fn a_network_has_so_many_connections_and_a_trusted_proxy_any_number() {
        let trusted = IpBlock::parse_list("10.0.0.0/8").unwrap();
        let peers = NetworkLimits::new(trusted, 2, 100, 100);
        let take = |text| take(&peers, text);
        let first = take("192.0.2.1").unwrap();
        let second = take("::ffff:192.0.2.1").unwrap();
        assert!(take("192.0.2.1").is_none());
        let others: Vec<_> = ["192.0.2.2", "2001:db8::1", "2001:db8::2"].map(take).into();
        assert!(others.iter().all(Option::is_some));
        assert!(take("2001:db8::3").is_none());
        assert!(take("2001:db8:0:1::1").is_some());
        let proxies: Vec<_> = (0..100).map(|_| take("10.0.0.1")).collect();
        assert!(proxies.iter().all(Option::is_some));
        drop(first);
        assert!(take("192.0.2.1").is_some());
        drop((second, others));
        assert!(peers.networks().is_empty());
    }

    #[test]
    fn memory_is_bound_for_a_network_and_for_all() {
        let trusted = IpBlock::parse_list("10.0.0.1").unwrap();
        let peers = NetworkLimits::new(trusted, 0, 100, 25);
        let one = take(&peers, "192.0.2.1").unwrap();
        let same = take(&peers, "192.0.2.1").unwrap();
        let proxy = take(&peers, "10.0.0.1").unwrap();
        let (mut first, mut second) = (one.budget().begin(), same.budget().begin());
        assert!(first.grow(20).is_ok());
        assert!(second.grow(6).is_err());
        assert!(second.grow(5).is_ok());
        let mut all = proxy.budget().begin();
        assert!(all.grow(76).is_err());
        assert!(all.grow(75).is_ok());
        drop(first);
        // There is room again for the next connection.
        assert!(second.grow(20).is_ok());
        assert!(all.grow(1).is_err());
        drop((second, all));
        assert_eq!(peers.memory.taken(), 0);
    }

    /// A subscriber has many of the narrowest networks, but together they have less than a share for each.
    #[test]
    fn an_ipv6_subscriber_has_shares_of_a_few_networks() {
        let peers = NetworkLimits::new(Vec::new(), 2, 100, 20);
        let connections = |blocks: std::ops::Range<u16>, address: &dyn Fn(u16) -> String| {
            let all = blocks.flat_map(|block| [address(block), address(block)]);
            all.filter_map(|address| take(&peers, &address))
                .collect::<Vec<_>>()
        };
        // 256 of a /56, then the other 255 of its /48, then another.
        let first = connections(0..256, &|n| format!("2001:db8:1:{n:x}::1"));
        assert_eq!(first.len(), 4);
        let second = connections(1..256, &|n| format!("2001:db8:1:{n:x}00::1"));
        assert_eq!(second.len(), 4);
        let third = connections(0..1, &|n| format!("2001:db8:2:{n:x}::1"));
        assert_eq!(third.len(), 2);
        // The same for memory, but never more than half.
        let all = first.iter().chain(&second).chain(&third);
        let mut held: Vec<_> = all.map(|peer| peer.budget().begin()).collect();
        let taken = held.iter_mut().map(|held| held.grow(10).is_ok());
        let taken: Vec<_> = taken.collect();
        assert_eq!(taken[..4], [true; 4]);
        assert_eq!(taken[4..8], [true, false, false, false]);
        assert_eq!(taken[8..], [true; 2]);
        drop((held, first, second, third));
        assert!(peers.networks().is_empty());
        assert_eq!(peers.memory.taken(), 0);
    }
}
