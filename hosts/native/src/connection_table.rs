//! The connections of one thread: which are idle, which must close for others, and when they end.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::Notify;

use crate::budget::{Budget, Held, Owned};
use crate::network_limits::Connection;

/// Time limit for a client to read a response.
const SEND_TIMEOUT: Duration = Duration::from_secs(60);
/// Time limit for the first request of a client, and interval of checks that it still reads.
const LOOK: Duration = Duration::from_secs(10);
/// Time limit for an idle connection, and for closing it then.
const IDLE: Duration = Duration::from_secs(60);
const FAREWELL: Duration = Duration::from_secs(5);

/// The connections of one thread.
#[derive(Default)]
pub(crate) struct ConnectionTable {
    /// Idle connections, in the order in which their last request ended, and the senders that ask them to close.
    resting: Mutex<(u64, BTreeMap<u64, Arc<Notify>>)>,
    /// Number of started requests, ended requests and ended connections.
    changes: AtomicU64,
}

impl ConnectionTable {
    /// Returns a number that changes when a request starts or ends, or a connection ends.
    pub(crate) fn changes(&self) -> u64 {
        self.changes.load(Ordering::Relaxed)
    }

    /// Asks the connection that has been idle longest to close. The next call asks another one.
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

/// An idle period of a connection: its number, and its start.
struct Rest {
    id: u64,
    since: Instant,
}

/// The state of a connection.
pub(crate) struct Peer {
    unsent: Arc<Unsent>,
    /// Whether a request has arrived.
    begun: AtomicBool,
    /// Number of requests in flight, and the last time when there were none.
    under_way: Mutex<(usize, Rest)>,
    /// Whether it was asked to close.
    leave: Arc<Notify>,
    room: Arc<ConnectionTable>,
    connection: Connection,
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.room.rouse(&self.under_way().1);
        self.room.change();
    }
}

/// A request in flight, until the end of its response.
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
    /// Adds a connection to the table.
    pub(crate) fn enter(connection: Connection, room: &Arc<ConnectionTable>) -> Arc<Self> {
        let leave = Arc::new(Notify::new());
        Arc::new(Self {
            unsent: Arc::default(),
            begun: AtomicBool::new(false),
            under_way: Mutex::new((0, room.rest(&leave))),
            leave,
            room: room.clone(),
            connection,
        })
    }

    /// Records that a request has arrived.
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

    /// Returns the time since when the connection is idle.
    fn rests_since(&self) -> Option<Instant> {
        let under_way = self.under_way();
        (under_way.0 == 0).then_some(under_way.1.since)
    }

    /// Completes when the connection must close, because another one needs its place or it was idle for long. Returns
    /// the time limit for closing.
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

    /// Completes when no request is in flight and the time limit for closing is over.
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

    /// The memory limits of its requests and responses.
    pub(crate) fn budget(&self) -> &Budget {
        self.connection.budget()
    }

    /// Wraps the body of a response. When it is sent, its memory is released and its request ends.
    pub(crate) fn sending(&self, body: Bytes, held: Held, request: UnderWay) -> Bytes {
        let sending = self.unsent.begin(held);
        Bytes::from_owner(Owned(body, (sending, request)))
    }

    /// Completes when the client has not sent a request in time, or has not read a response for long.
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

/// Responses that are not sent yet, and since when.
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

/// A response that is being sent.
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
    use crate::network_limits::NetworkLimits;

    /// Returns a connection in the table.
    fn enter(peers: &Arc<NetworkLimits>, room: &Arc<ConnectionTable>) -> Arc<Peer> {
        let address = "192.0.2.1:4711".parse().unwrap();
        Peer::enter(peers.take(address).unwrap(), room)
    }

    #[test]
    fn an_answer_holds_memory_until_it_is_sent() {
        let peers = NetworkLimits::new(Vec::new(), 0, 100, 100);
        let peer = enter(&peers, &Arc::default());
        let mut held = peer.budget().begin();
        held.grow(10).unwrap();
        let body = peer.sending(Bytes::from_static(b"an answer"), held, peer.begin());
        let part = body.slice(3..);
        drop(body);
        assert!(peer.unsent.oldest().is_some() && peer.rests_since().is_none());
        drop(part);
        assert!(peer.unsent.oldest().is_none() && peer.rests_since().is_some());
        assert!(peer.budget().begin().grow(100).is_ok());
    }

    #[test]
    fn who_rests_longest_is_asked_to_leave() {
        let peers = NetworkLimits::new(Vec::new(), 0, 100, 100);
        let room = Arc::default();
        let all = [(); 4].map(|()| enter(&peers, &room));
        let asked = || {
            let asked = |peer: &Arc<Peer>| peer.leave.notified().now_or_never().is_some();
            all.iter().position(asked)
        };
        // The first and second connection have sent requests. That of the second is in flight, and so is one of two of
        // the third.
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
        let peers = NetworkLimits::new(Vec::new(), 0, 100, 100);
        let room = Arc::default();
        let peer = enter(&peers, &room);
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
