//! Who is connected, and what connections may take: how many there are of one network, and the memory of what they send
//! and are sent.
//!
//! Nothing here asks who somebody is, as all of it comes before that. What one network may take is a part of the whole,
//! so that it leaves the others theirs. Trusted proxies are bound by the whole alone, as all clients come through them.

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use auth_core::{IpBlock, blocks_of};
use bytes::Bytes;
use tokio::sync::Notify;

use crate::budget::{Budget, Count, Held, Owned};

/// How long a client may take to read an answer.
const SEND_TIMEOUT: Duration = Duration::from_secs(60);
/// How long a client may take to send a first request, and how often it is looked whether it still reads.
const LOOK: Duration = Duration::from_secs(10);
/// How long a connection may be without a request under way, and how long it may take to end then.
const IDLE: Duration = Duration::from_secs(60);
const FAREWELL: Duration = Duration::from_secs(5);
/// How often connections that are closed are told in the log.
const TELL: Duration = Duration::from_secs(60);

/// The peers of all connections.
pub(crate) struct Peers {
    trusted: Vec<IpBlock>,
    /// Most connections of one network, the narrowest of an address; 0: no such bound.
    most: usize,
    memory: Arc<Count>,
    /// Most memory of one network.
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
            most: connections,
            memory: Count::new(memory),
            share,
            networks: Mutex::default(),
            started: Instant::now(),
            told: AtomicU64::new(0),
        })
    }

    /// Takes a connection; none where one of its networks has too many.
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

    /// Counts a connection in its networks, each of which may have its share; all memory that it counts for is returned.
    fn count(&self, blocks: &[(IpBlock, u64)]) -> Option<Arc<[Arc<Count>]>> {
        let mut networks = self.networks();
        let is_full = |(block, share): &(IpBlock, u64)| {
            let most = self.most.saturating_mul(*share as usize);
            let network = networks.get(block);
            network.is_some_and(|network| network.connections >= most)
        };
        if self.most > 0 && blocks.iter().any(is_full) {
            return None;
        }
        let own = blocks.iter().map(|(block, share)| {
            let network = networks.entry(*block).or_insert_with(|| {
                // However wide it is, it leaves half to the others.
                let most = (self.memory.most() / 2).max(self.share);
                Network {
                    connections: 0,
                    memory: Count::new(self.share.saturating_mul(*share as usize).min(most)),
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
        // Of those who see that it is due, one tells.
        let (now, order) = (now.max(1), Ordering::Relaxed);
        if due && self.told.compare_exchange(told, now, order, order).is_ok() {
            tracing::warn!(
                peer = %address,
                most = self.most,
                "too many connections of one network; further ones are closed (MAX_CONNECTIONS_PER_NETWORK, TRUSTED_PROXIES)"
            );
        }
    }

    fn networks(&self) -> MutexGuard<'_, HashMap<IpBlock, Network>> {
        self.networks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection that counts for its networks.
pub(crate) struct Connection {
    peers: Arc<Peers>,
    networks: Vec<IpBlock>,
    budget: Budget,
}

impl Connection {
    /// Has a place in a room from now on.
    pub(crate) fn enter(self, room: &Arc<Room>) -> Arc<Peer> {
        let leave = Arc::new(Notify::new());
        Arc::new(Peer {
            unsent: Arc::default(),
            begun: AtomicBool::new(false),
            under_way: Mutex::new((0, room.rest(&leave))),
            leave,
            room: room.clone(),
            connection: self,
        })
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

/// The connections of one thread.
#[derive(Default)]
pub(crate) struct Room {
    /// Those without a request under way, in the order in which the last one ended, and what asks them to leave.
    resting: Mutex<(u64, BTreeMap<u64, Arc<Notify>>)>,
    /// How many requests began and ended, and connections ended.
    changes: AtomicU64,
}

impl Room {
    /// A number that changes when a request begins or ends, or a connection ends.
    pub(crate) fn changes(&self) -> u64 {
        self.changes.load(Ordering::Relaxed)
    }

    /// Asks the connection to leave that has rested longest; the next time another one.
    pub(crate) fn ask_to_leave(&self) {
        if let Some((_, leave)) = self.resting().1.pop_first() {
            leave.notify_one();
        }
    }

    fn rest(&self, leave: &Arc<Notify>) -> Rest {
        let mut resting = self.resting();
        let id = resting.0;
        resting.0 += 1;
        resting.1.insert(id, leave.clone());
        Rest {
            id,
            since: Instant::now(),
        }
    }

    fn rouse(&self, rest: &Rest) {
        self.resting().1.remove(&rest.id);
    }

    fn change(&self) {
        self.changes.fetch_add(1, Ordering::Relaxed);
    }

    fn resting(&self) -> MutexGuard<'_, (u64, BTreeMap<u64, Arc<Notify>>)> {
        self.resting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A rest of a connection: its number, and when it began.
struct Rest {
    id: u64,
    since: Instant,
}

/// The other side of a connection.
pub(crate) struct Peer {
    unsent: Arc<Unsent>,
    /// Whether a request has come.
    begun: AtomicBool,
    /// How many requests are under way, and the last time that there were none.
    under_way: Mutex<(usize, Rest)>,
    /// Asked to leave its place.
    leave: Arc<Notify>,
    room: Arc<Room>,
    connection: Connection,
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.room.rouse(&self.under_way().1);
        self.room.change();
    }
}

/// A request under way, to the end of its answer.
pub(crate) struct UnderWay(Arc<Peer>);

impl Drop for UnderWay {
    fn drop(&mut self) {
        let Self(peer) = self;
        let mut under_way = peer.under_way();
        under_way.0 -= 1;
        if under_way.0 == 0 {
            under_way.1 = peer.room.rest(&peer.leave);
        }
        peer.room.change();
    }
}

impl Peer {
    /// Says that a request has come.
    pub(crate) fn begin(self: &Arc<Self>) -> UnderWay {
        self.begun.store(true, Ordering::Relaxed);
        let mut under_way = self.under_way();
        if under_way.0 == 0 {
            self.room.rouse(&under_way.1);
        }
        under_way.0 += 1;
        self.room.change();
        UnderWay(self.clone())
    }

    fn under_way(&self) -> MutexGuard<'_, (usize, Rest)> {
        self.under_way
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Since when no request is under way.
    fn rests_since(&self) -> Option<Instant> {
        let under_way = self.under_way();
        (under_way.0 == 0).then_some(under_way.1.since)
    }

    /// Ends when the connection is to end, as another needs its place or it has rested for long. Says how long that may take.
    pub(crate) async fn leaves(&self) -> Duration {
        loop {
            tokio::select! {
                () = self.leave.notified() => return Duration::ZERO,
                () = tokio::time::sleep(LOOK) => {}
            }
            let since = self.rests_since();
            if since.is_some_and(|since| since.elapsed() >= IDLE) {
                return FAREWELL;
            }
        }
    }

    /// Ends when no request is under way and the farewell has taken long enough.
    pub(crate) async fn has_left(&self, mut patience: Duration) {
        loop {
            tokio::select! {
                () = self.leave.notified() => {}
                () = tokio::time::sleep(patience) => {}
            }
            if self.rests_since().is_some() {
                return;
            }
            patience = FAREWELL;
        }
    }

    /// What its requests and answers may take.
    pub(crate) fn budget(&self) -> &Budget {
        &self.connection.budget
    }

    /// An answer's body. Once it is sent its memory is given back, and its request has ended.
    pub(crate) fn sending(&self, body: Bytes, held: Held, request: UnderWay) -> Bytes {
        let sending = self.unsent.begin(held);
        Bytes::from_owner(Owned(body, (sending, request)))
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

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;

    fn peer(text: &str) -> SocketAddr {
        SocketAddr::new(text.parse().unwrap(), 4711)
    }

    /// A connection of an address.
    fn take(peers: &Arc<Peers>, text: &str) -> Option<Arc<Peer>> {
        let connection = peers.take(peer(text))?;
        Some(connection.enter(&Arc::default()))
    }

    #[test]
    fn a_network_has_so_many_connections_and_a_trusted_proxy_any_number() {
        let trusted = IpBlock::parse_list("10.0.0.0/8").unwrap();
        let peers = Peers::new(trusted, 2, 100, 100);
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
        let peers = Peers::new(trusted, 0, 100, 25);
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
        // There is room again, for whoever comes first.
        assert!(second.grow(20).is_ok());
        assert!(all.grow(1).is_err());
        drop((second, all));
        assert_eq!(peers.memory.taken(), 0);
    }

    #[test]
    fn an_answer_holds_memory_until_it_is_sent() {
        let peers = Peers::new(Vec::new(), 0, 100, 100);
        let peer = take(&peers, "192.0.2.1").unwrap();
        let mut held = peer.budget().begin();
        held.grow(10).unwrap();
        let body = peer.sending(Bytes::from_static(b"an answer"), held, peer.begin());
        let part = body.slice(3..);
        drop(body);
        assert!(peer.unsent.oldest().is_some() && peer.rests_since().is_none());
        drop(part);
        assert!(peer.unsent.oldest().is_none() && peer.rests_since().is_some());
        assert_eq!(peers.memory.taken(), 0);
    }

    /// One subscriber has many networks of the narrowest kind, and less than one share for each.
    #[test]
    fn an_ipv6_subscriber_has_shares_of_a_few_networks() {
        let peers = Peers::new(Vec::new(), 2, 100, 20);
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
        // Memory likewise, but never more than a half.
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

    #[test]
    fn who_rests_longest_is_asked_to_leave() {
        let peers = Peers::new(Vec::new(), 0, 100, 100);
        let room = Arc::default();
        let enter = || peers.take(peer("192.0.2.1")).unwrap().enter(&room);
        let all = [enter(), enter(), enter(), enter()];
        let asked = || {
            let asked = |peer: &Arc<Peer>| peer.leave.notified().now_or_never().is_some();
            all.iter().position(asked)
        };
        // The first and the second have made requests; that of the second is under way, and one of two of the third.
        drop(all[0].begin());
        let second = all[1].begin();
        let (third, other) = (all[2].begin(), all[2].begin());
        drop(other);
        room.ask_to_leave();
        assert_eq!(asked(), Some(3));
        room.ask_to_leave();
        assert_eq!(asked(), Some(0));
        room.ask_to_leave();
        assert_eq!(asked(), None);
        drop((third, second));
        room.ask_to_leave();
        assert_eq!(asked(), Some(2));
        drop(all);
        assert!(room.resting().1.is_empty());
    }

    #[test]
    fn the_end_of_a_request_and_of_a_connection_are_changes() {
        let peers = Peers::new(Vec::new(), 0, 100, 100);
        let room = Arc::default();
        let peer = peers.take(peer("192.0.2.1")).unwrap().enter(&room);
        let changed = |known: &mut u64| std::mem::replace(known, room.changes()) != room.changes();
        let mut known = 0;
        let request = peer.begin();
        assert!(changed(&mut known));
        drop(request);
        assert!(changed(&mut known));
        drop(peer);
        assert!(changed(&mut known));
        assert!(!changed(&mut known));
    }
}
