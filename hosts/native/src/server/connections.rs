//! Accepting connections, and their limits.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use gatewright_http::{MAX_HEAD, MAX_HEADERS};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use super::context::{ENDING, ServerContext};
use super::dispatch::{Pools, answer};
use crate::connection_table::{ConnectionTable, Peer};
use crate::memory::release_idle_memory;
use crate::turns::Turns;
use crate::worker_pool::WorkerPool;

/// Time limit for the headers of a request.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);
/// Time during which connections are still accepted after the signal to stop. Connections in the system's queue and
/// unread ones would be reset otherwise.
const DRAIN: Duration = Duration::from_millis(250);
/// Interval and time limit of HTTP/2 pings, which detect that a client is gone.
const KEEP_ALIVE: Duration = Duration::from_secs(20);
/// Time limit for a connection to close for another one, before a further one is asked.
const ASK: Duration = Duration::from_millis(100);
/// Maximum number of requests of an HTTP/2 connection, and of bytes that it can send of one body, and of all bodies,
/// before they are read.
const STREAMS: u32 = 32;
const STREAM_WINDOW: u32 = 64 * 1024;
const CONNECTION_WINDOW: u32 = 128 * 1024;
/// Buffer for a head and some more bytes, so that a head that is slightly too large is refused in the usual form of
/// errors.
const HEAD_BUFFER: usize = MAX_HEAD + 8 * 1024;
/// Maximum number of headers, which is above that of the service for the same reason.
const HEADERS: usize = 2 * MAX_HEADERS;
/// Maximum number of buffered bytes of an HTTP/2 response.
const SEND_BUFFER: usize = 64 * 1024;

/// The number of tasks that a thread polls before it looks for events: bytes that have arrived, expired timers, and what
/// other threads have woken. An instance of the service that computes is polled for a millisecond at a time.
const POLLS: u32 = 8;

/// Returns a runtime for the connections of one listener.
pub(super) fn runtime(context: &ServerContext) -> std::io::Result<Runtime> {
    let mut builder = match context.spin {
        true => Builder::new_multi_thread(),
        false => Builder::new_current_thread(),
    };
    builder
        .worker_threads(context.threads)
        .event_interval(POLLS)
        .global_queue_interval(POLLS)
        .enable_all()
        .build()
}

/// Serves the connections of one listener on its runtime until a signal to stop.
pub(super) fn serve(
    context: Arc<ServerContext>,
    runtime: Runtime,
    listener: std::net::TcpListener,
    mut stopping: watch::Receiver<bool>,
    limit: Duration,
) -> Result<()> {
    let served = runtime.block_on(async {
        let listener = TcpListener::from_std(listener)?;
        let turns = Turns::new(
            context.light_instances,
            context.max_requests,
            context.timeout,
        );
        let light = WorkerPool::new(context.instances.clone(), Handle::current(), turns);
        let light = Arc::new(light);
        let hash = match context.spin {
            true => light.clone(),
            false => context.hash_pool.clone(),
        };
        let providers = context.provider_turns.iter();
        let pools = Arc::new(Pools {
            hash,
            providers: providers
                .map(|(name, turns)| (name.clone(), light.with_turns(turns.clone())))
                .collect(),
            light,
            long_bodies: context.long_bodies.clone(),
            timeout: context.timeout,
        });
        let room = Arc::new(ConnectionTable::default());
        tokio::spawn(release_idle_memory(room.clone()));
        let (end, ending) = watch::channel(());
        let permits = Arc::new(Semaphore::new(context.max_connections));
        let accepting = async {
            loop {
                let accepted = listener.accept().await;
                let Ok((stream, address)) = accepted else {
                    // Most likely out of file descriptors, so wait until some are closed.
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                };
                // Connections of a network that has too many are refused, so that others can connect.
                let Some(connection) = context.peers.take(address) else {
                    continue;
                };
                // In the meantime, further connections stay in the system's queue.
                let permit = take_permit(&permits, &room).await;
                let peer = Peer::enter(connection, &room);
                let _ = stream.set_nodelay(!context.spin);
                let (pools, of_connection) = (pools.clone(), peer.clone());
                let shared = context.clone();
                let service = service_fn(move |request| {
                    let (context, peer) = (shared.clone(), of_connection.clone());
                    answer(context, pools.clone(), peer, address, request)
                });
                let mut builder = auto::Builder::new(TokioExecutor::new());
                builder
                    .http1()
                    .timer(TokioTimer::new())
                    .header_read_timeout(HEADER_TIMEOUT)
                    .max_buf_size(HEAD_BUFFER)
                    .max_headers(HEADERS);
                builder
                    .http2()
                    .timer(TokioTimer::new())
                    .max_concurrent_streams(STREAMS)
                    .initial_stream_window_size(STREAM_WINDOW)
                    .initial_connection_window_size(CONNECTION_WINDOW)
                    .max_header_list_size(HEAD_BUFFER as u32)
                    .max_send_buf_size(SEND_BUFFER)
                    .keep_alive_interval(KEEP_ALIVE)
                    .keep_alive_timeout(KEEP_ALIVE);
                let mut ending = ending.clone();
                tokio::spawn(async move {
                    let _permit = permit;
                    // The timers above start with the first byte, so a silent client is limited here.
                    tokio::select! {
                        _ = stream.readable() => {}
                        () = tokio::time::sleep(HEADER_TIMEOUT) => return,
                        _ = peer.leaves() => return,
                    }
                    let connection = builder
                        .serve_connection(TokioIo::new(stream), service)
                        .into_owned();
                    let mut connection = pin!(connection);
                    let mut stalls = pin!(peer.stalls());
                    let patience = tokio::select! {
                        // A client that disconnected is not an error of the service.
                        _ = connection.as_mut() => return,
                        () = stalls.as_mut() => return,
                        patience = peer.leaves() => patience,
                        // The host waits.
                        _ = ending.changed() => Duration::MAX,
                    };
                    connection.as_mut().graceful_shutdown();
                    tokio::select! {
                        biased;
                        _ = connection => {}
                        () = stalls => {}
                        () = peer.has_left(patience) => {}
                    }
                });
            }
        };
        let told = async {
            let _ = stopping.changed().await;
            tokio::time::sleep(DRAIN).await;
        };
        tokio::select! {
            () = accepting => {}
            () = told => {}
        }
        drop(listener);
        drop(ending);
        end.send_replace(());
        if tokio::time::timeout(limit, end.closed()).await.is_err() {
            tracing::warn!("some requests did not finish in time");
        }
        context.instances.done();
        Ok(())
    });
    // Threads that write, as on Spin, finish. One that looks up a host name can take longer, and nobody needs its result.
    runtime.shutdown_timeout(ENDING);
    served
}

/// Returns a permit for a connection. If none is left, asks idle connections to close, and waits for one.
async fn take_permit(
    permits: &Arc<Semaphore>,
    room: &ConnectionTable,
) -> Option<OwnedSemaphorePermit> {
    if let Ok(permit) = permits.clone().try_acquire_owned() {
        return Some(permit);
    }
    loop {
        room.ask_to_leave();
        if let Ok(permit) = tokio::time::timeout(ASK, permits.clone().acquire_owned()).await {
            return permit.ok();
        }
    }
}
