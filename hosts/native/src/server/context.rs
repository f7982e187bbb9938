//! What the threads of a server share.

use std::sync::Arc;
use std::time::Duration;

use gatewright_http::Front;
use tokio::sync::Semaphore;

use crate::instance::factory::Instances;
use crate::network_limits::NetworkLimits;
use crate::worker_pool::WorkerPool;

/// What the threads of a server share.
pub(super) struct ServerContext {
    /// Whether this stands in for Spin: one listener and one runtime for all requests, however many, none of them
    /// preferred, and no `TCP_NODELAY`.
    pub(super) spin: bool,
    pub(super) front: Front,
    pub(super) instances: Instances,
    pub(super) threads: usize,
    pub(super) hash_pool: Arc<WorkerPool>,
    pub(super) timeout: Duration,
    /// Limits of each thread: light requests that wait or are served, light instances, and connections.
    pub(super) max_requests: usize,
    pub(super) light_instances: usize,
    pub(super) max_connections: usize,
    pub(super) peers: Arc<NetworkLimits>,
    /// One permit for each long body that is read.
    pub(super) long_bodies: Arc<Semaphore>,
}
