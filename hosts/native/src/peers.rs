//! Who is connected, and what connections may take: how many there are of one network, and the memory of what they send
//! and are sent.
//!
//! Nothing here asks who somebody is, as all of it comes before that. What one network may take is a part of the whole,
//! so that it leaves the others theirs. Trusted proxies are bound by the whole alone, as all clients come through them.

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use auth_core::IpBlock;
use bytes::Bytes;
use gatewright_http::ApiError;

/// How long a client may take to read an answer.
const SEND_TIMEOUT: Duration = Duration::from_secs(60);
/// How long a client may take to send a first request, and how often it is looked whether it still reads.
const LOOK: Duration = Duration::from_secs(10);
/// How often connections that are closed are told in the log.
const TELL: Duration = Duration::from_secs(60);

/// The peers of all connections.
pub(crate) struct Peers {
    trusted: Vec<IpBlock>,
    /// Maximum of connections of one network; 0: unlimited.
    max_connections: usize,
    memory: Arc<Count>,
    /// Maximum of memory of one network.
    share: usize,
    networks: Mutex<HashMap<IpBlock, Network>>,
    started: Instant,
    /// When connections that were closed were last told, in milliseconds since the start; 0: never.
    told: AtomicU64,
}

struct Network {
    connections: usize,
    memory: Arc<Count>,
}

impl Peers {
    /// At most `memory` bytes of all, and `connections` and `share` bytes of one network, unless it is trusted.
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

    /// Takes a connection; none where its network has too many.
    pub(crate) fn take(self: &Arc<Self>, peer: SocketAddr) -> Option<Peer> {
        let address = peer.ip().to_canonical();
        let budget = |own| Budget {
            whole: self.memory.clone(),
            own,
        };
        if self.trusted.iter().any(|block| block.contains(address)) {
            return Some(Peer {
                budget: budget(None),
                unsent: Arc::default(),
                begun: AtomicBool::new(false),
                _connection: None,
            });
        }
        let network = IpBlock::around(address, 32, 64);
        let own = {
            let mut networks = self.networks();
            let entry = networks.entry(network).or_insert_with(|| Network {
                connections: 0,
                memory: Count::new(self.share),
            });
            if self.max_connections > 0 && entry.connections >= self.max_connections {
                drop(networks);
                self.tell(address);
                return None;
            }
            entry.connections += 1;
            entry.memory.clone()
        };
        Some(Peer {
            budget: budget(Some(own)),
            unsent: Arc::default(),
            begun: AtomicBool::new(false),
            _connection: Some(Connection {
                peers: self.clone(),
                network,
            }),
        })
    }

    fn tell(&self, address: IpAddr) {
        let now = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let told = self.told.load(Ordering::Relaxed);
        let due = told == 0 || now.saturating_sub(told) >= TELL.as_millis() as u64;
        // Of those who see that it is due, one tells.
        let (now, order) = (now.max(1), Ordering::Relaxed);
        if due && self.told.compare_exchange(told, now, order, order).is_ok() {
            tracing::warn!(
                peer = %address,
                most = self.max_connections,
                "too many connections of one network; further ones are closed (MAX_CONNECTIONS_PER_NETWORK, TRUSTED_PROXIES)"
            );
        }
    }

    fn networks(&self) -> MutexGuard<'_, HashMap<IpBlock, Network>> {
        self.networks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection that counts for its network.
struct Connection {
    peers: Arc<Peers>,
    network: IpBlock,
}

impl Drop for Connection {
    fn drop(&mut self) {
        let mut networks = self.peers.networks();
        if let Some(entry) = networks.get_mut(&self.network) {
            entry.connections -= 1;
            if entry.connections == 0 {
                networks.remove(&self.network);
            }
        }
    }
}

/// The other side of a connection.
pub(crate) struct Peer {
    budget: Budget,
    unsent: Arc<Unsent>,
    /// Whether a request has come.
    begun: AtomicBool,
    _connection: Option<Connection>,
}

impl Peer {
    /// Says that a request has come.
    pub(crate) fn begin(&self) {
        self.begun.store(true, Ordering::Relaxed);
    }

    /// What its requests and answers may take.
    pub(crate) fn budget(&self) -> &Budget {
        &self.budget
    }

    /// An answer's body, whose memory is given back once it is sent.
    pub(crate) fn sending(&self, body: Bytes, held: Held) -> Bytes {
        let sending = self.unsent.begin(held);
        Bytes::from_owner(Owned(body, sending))
    }

    /// Ends when the peer has not sent a request in time, or has not read an answer for long.
    pub(crate) async fn stalls(&self) {
        loop {
            tokio::time::sleep(LOOK).await;
            if !self.begun.load(Ordering::Relaxed) {
                return;
            }
            if self
                .unsent
                .oldest()
                .is_some_and(|since| since.elapsed() >= SEND_TIMEOUT)
            {
                return;
            }
        }
    }
}

/// Answers that are not sent yet, and since when.
#[derive(Default)]
struct Unsent(Mutex<(u64, BTreeMap<u64, Instant>)>);

impl Unsent {
    fn begin(self: &Arc<Self>, held: Held) -> Sending {
        let mut unsent = self.lock();
        let id = unsent.0;
        unsent.0 += 1;
        unsent.1.insert(id, Instant::now());
        Sending {
            unsent: self.clone(),
            id,
            _held: held,
        }
    }

    fn oldest(&self) -> Option<Instant> {
        self.lock().1.first_key_value().map(|(_, since)| *since)
    }

    fn lock(&self) -> MutexGuard<'_, (u64, BTreeMap<u64, Instant>)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An answer on its way.
struct Sending {
    unsent: Arc<Unsent>,
    id: u64,
    _held: Held,
}

impl Drop for Sending {
    fn drop(&mut self) {
        self.unsent.lock().1.remove(&self.id);
    }
}

/// Bytes, and what goes when they go.
pub(crate) struct Owned<B, T>(pub(crate) B, pub(crate) T);

impl<B: AsRef<[u8]>, T> AsRef<[u8]> for Owned<B, T> {
    fn as_ref(&self) -> &[u8] {
        self.0.as_ref()
    }
}

/// Bytes that may be taken.
struct Count {
    taken: AtomicUsize,
    max: usize,
}

impl Count {
    fn new(max: usize) -> Arc<Self> {
        Arc::new(Self {
            taken: AtomicUsize::new(0),
            max,
        })
    }

    fn take(&self, bytes: usize) -> bool {
        let taken = self.taken.fetch_add(bytes, Ordering::Relaxed);
        let fits = taken.saturating_add(bytes) <= self.max;
        if !fits {
            self.give(bytes);
        }
        fits
    }

    fn give(&self, bytes: usize) {
        self.taken.fetch_sub(bytes, Ordering::Relaxed);
    }
}

/// Memory of all connections, and of those of one network.
#[derive(Clone)]
pub(crate) struct Budget {
    whole: Arc<Count>,
    own: Option<Arc<Count>>,
}

impl Budget {
    /// Memory that is held, of which there is none yet.
    pub(crate) fn begin(&self) -> Held {
        Held {
            budget: self.clone(),
            bytes: 0,
        }
    }
}

/// Memory that is held; given back when dropped.
pub(crate) struct Held {
    budget: Budget,
    bytes: usize,
}

impl Held {
    /// Takes further bytes.
    ///
    /// # Errors
    /// There are none left.
    pub(crate) fn grow(&mut self, bytes: usize) -> Result<(), ApiError> {
        let full = || ApiError::unavailable(1);
        let Budget { whole, own } = &self.budget;
        if own.as_ref().is_some_and(|own| !own.take(bytes)) {
            return Err(full());
        }
        if !whole.take(bytes) {
            if let Some(own) = own {
                own.give(bytes);
            }
            return Err(full());
        }
        self.bytes += bytes;
        Ok(())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.budget.whole.give(self.bytes);
        if let Some(own) = &self.budget.own {
            own.give(self.bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(text: &str) -> SocketAddr {
        SocketAddr::new(text.parse().unwrap(), 4711)
    }

    #[test]
    fn a_network_has_so_many_connections_and_a_trusted_proxy_any_number() {
        let trusted = IpBlock::parse_list("10.0.0.0/8").unwrap();
        let peers = Peers::new(trusted, 2, 100, 100);
        let take = |text| peers.take(peer(text));
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
        let peers = Peers::new(trusted, 0, 100, 25);
        let one = peers.take(peer("192.0.2.1")).unwrap();
        let same = peers.take(peer("192.0.2.1")).unwrap();
        let proxy = peers.take(peer("10.0.0.1")).unwrap();
        let (mut first, mut second) = (one.budget().begin(), same.budget().begin());
        assert!(first.grow(20).is_ok());
        assert!(second.grow(6).is_err());
        assert!(second.grow(5).is_ok());
        let mut all = proxy.budget().begin();
        assert!(all.grow(76).is_err());
        assert!(all.grow(75).is_ok());
        drop(first);
        // There is room again, for whoever comes first.
        assert!(second.grow(20).is_ok());
        assert!(all.grow(1).is_err());
        drop((second, all));
        assert_eq!(peers.memory.taken.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn an_answer_holds_memory_until_it_is_sent() {
        let peers = Peers::new(Vec::new(), 0, 100, 100);
        let peer = peers.take(peer("192.0.2.1")).unwrap();
        let mut held = peer.budget().begin();
        held.grow(10).unwrap();
        let body = peer.sending(Bytes::from_static(b"an answer"), held);
        let part = body.slice(3..);
        drop(body);
        assert!(peer.unsent.oldest().is_some());
        drop(part);
        assert!(peer.unsent.oldest().is_none());
        assert_eq!(peers.memory.taken.load(Ordering::Relaxed), 0);
    }
}
