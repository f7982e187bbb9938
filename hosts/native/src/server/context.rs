//! The shared state of the threads of a server.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use gatewright_http::Front;
use tokio::sync::Semaphore;

use crate::instance::factory::Instances;
use crate::network_limits::NetworkLimits;
use crate::turns::Turns;
use crate::worker_pool::WorkerPool;

/// Time limit for the threads of a runtime to end.
pub(super) const ENDING: Duration = Duration::from_secs(1);

/// The shared state of the threads of a server.
pub(super) struct ServerContext {
    /// Whether the host replaces Spin: one listener and one runtime for all requests, without a limit or priorities,
    /// and no `TCP_NODELAY`.
    pub(super) spin: bool,
    pub(super) front: Front,
    pub(super) instances: Instances,
    pub(super) threads: usize,
    pub(super) hash_pool: Arc<WorkerPool>,
    pub(super) timeout: Duration,
    /// The turns of requests that can wait for a sign-in provider, by its name.
    pub(super) provider_turns: BTreeMap<String, Arc<Turns>>,
    /// Limits of each thread: waiting and running light requests, instances for these, and connections.
    pub(super) max_requests: usize,
    pub(super) light_instances: usize,
    pub(super) max_connections: usize,
    pub(super) peers: Arc<NetworkLimits>,
    /// A permit for each long body that is being read.
    pub(super) long_bodies: Arc<Semaphore>,
}
