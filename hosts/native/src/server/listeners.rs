//! The sockets on which the server listens.

use std::net::SocketAddr;

use anyhow::{Context as _, Result};
use tokio::net::TcpSocket;
use tokio::runtime::Builder;

/// Opens a listener for each thread on the same port. The operating system distributes connections among them.
pub(super) fn open_listeners(
    address: SocketAddr,
    threads: usize,
) -> Result<(Vec<std::net::TcpListener>, SocketAddr)> {
    let context = || format!("can't listen on {address}");
    // First bound without sharing, because a port that is shared from the start could be shared with any other process.
    drop(std::net::TcpListener::bind(address).with_context(context)?);
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let _entered = runtime.enter();
    let mut listeners = Vec::new();
    let mut bound = address;
    for _ in 0..threads {
        let socket = if address.is_ipv4() {
            TcpSocket::new_v4()?
        } else {
            TcpSocket::new_v6()?
        };
        socket.set_reuseaddr(true)?;
        socket.set_reuseport(true)?;
        socket.bind(bound).with_context(context)?;
        let listener = socket.listen(1024).with_context(context)?.into_std()?;
        bound = listener.local_addr()?;
        listeners.push(listener);
    }
    Ok((listeners, bound))
}

/// Raises the limit of open files and connections to the maximum of the user, because the default is low.
pub(super) fn allow_open_files() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let maximum = getrlimit(Resource::Nofile).maximum;
    let all = Rlimit {
        current: maximum,
        maximum,
    };
    // A failure leaves the limit unchanged.
    let _ = setrlimit(Resource::Nofile, all);
}
