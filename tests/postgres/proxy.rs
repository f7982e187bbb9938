//! A proxy between a client and the server, which cuts connections at chosen points.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use gatewright_tests::postgres::{Database, PostgresServer};

/// Where the next transaction is cut.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cut {
    /// Whether the client gets the replies to everything before the `COMMIT`.
    pub(crate) replies: bool,
    /// Whether the server gets the `COMMIT`. The connection is cut after it has run.
    pub(crate) commits: bool,
    /// The code of an error that the client gets in the end, as from a pooler.
    pub(crate) reports: Option<&'static str>,
}

/// A listener on a port of this machine, for the shared server.
pub(crate) struct Proxy {
    port: u16,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    cut: Mutex<Option<Cut>>,
    is_down: AtomicBool,
    open: Mutex<Vec<Arc<Link>>>,
}

impl Proxy {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared::default());
        let socket = format!("{}/.s.PGSQL.5432", PostgresServer::shared().folder());
        let accepting = shared.clone();
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let down = accepting.is_down.load(Ordering::Relaxed);
                if let (false, Ok(server)) = (down, UnixStream::connect(&socket)) {
                    Link::start(client, server, &accepting);
                }
            }
        });
        Self { port, shared }
    }

    /// Returns the URL of a database through the proxy.
    pub(crate) fn url(&self, database: &Database, user: &str, query: &str) -> String {
        let (port, name) = (self.port, database.name());
        format!("postgresql://{user}@127.0.0.1:{port}/{name}{query}")
    }

    /// Cuts the next transaction.
    pub(crate) fn cut(&self, cut: Cut) {
        *self.shared.cut.lock().unwrap() = Some(cut);
    }

    /// Ends all connections, and refuses further ones or accepts them again.
    pub(crate) fn set_down(&self, down: bool) {
        self.shared.is_down.store(down, Ordering::Relaxed);
        for link in self.shared.open.lock().unwrap().drain(..) {
            link.close();
        }
    }
}

/// One connection.
struct Link {
    client: TcpStream,
    server: UnixStream,
    cut: Mutex<Option<Cut>>,
    /// Number of requests since `BEGIN` that the server has not answered.
    waiting: Mutex<u32>,
    answered: Condvar,
}

impl Link {
    fn start(client: TcpStream, server: UnixStream, shared: &Arc<Shared>) {
        let link = Arc::new(Self {
            client,
            server,
            cut: Mutex::default(),
            waiting: Mutex::default(),
            answered: Condvar::new(),
        });
        shared.open.lock().unwrap().push(link.clone());
        let (requests, shared) = (link.clone(), shared.clone());
        std::thread::spawn(move || {
            let _ = requests.pass_requests(&shared);
            requests.close();
        });
        std::thread::spawn(move || {
            let _ = link.pass_replies();
            link.close();
        });
    }

    fn close(&self) {
        let _ = self.client.shutdown(Shutdown::Both);
        let _ = self.server.shutdown(Shutdown::Both);
    }

    fn pass_requests(&self, shared: &Shared) -> std::io::Result<()> {
        let (mut client, mut server) = (&self.client, &self.server);
        loop {
            let startup = message(&mut client, 0)?;
            // The request for TLS, which this proxy does not have.
            if startup[4..] == 80_877_103u32.to_be_bytes() {
                client.write_all(b"N")?;
                continue;
            }
            server.write_all(&startup)?;
            break;
        }
        loop {
            let request = message(&mut client, 1)?;
            let text = request.get(5..).unwrap_or_default();
            if request[0] == b'Q' && text.starts_with(b"BEGIN") {
                *self.cut.lock().unwrap() = shared.cut.lock().unwrap().take();
            }
            let cut = *self.cut.lock().unwrap();
            if let (Some(Cut { commits: false, .. }), true) = (cut, text == b"COMMIT\0") {
                let limit = Duration::from_secs(10);
                let waiting = self.waiting.lock().unwrap();
                let ended = self
                    .answered
                    .wait_timeout_while(waiting, limit, |waiting| *waiting > 0);
                assert!(!ended.unwrap().1.timed_out());
                return Ok(());
            }
            if matches!(request[0], b'Q' | b'S') {
                *self.waiting.lock().unwrap() += 1;
            }
            server.write_all(&request)?;
        }
    }

    fn pass_replies(&self) -> std::io::Result<()> {
        let (mut client, mut server) = (&self.client, &self.server);
        let mut started = false;
        loop {
            let reply = message(&mut server, 1)?;
            let cut = *self.cut.lock().unwrap();
            if cut.is_some() && reply[0] == b'C' && &reply[5..] == b"COMMIT\0" {
                if let Some(code) = cut.and_then(|cut| cut.reports) {
                    client.write_all(&fatal(code))?;
                }
                return Ok(());
            }
            if cut.is_none_or(|cut| cut.replies) {
                client.write_all(&reply)?;
            }
            if reply[0] == b'Z' {
                // The first is the end of the start of the connection.
                if started {
                    *self.waiting.lock().unwrap() -= 1;
                    self.answered.notify_all();
                }
                started = true;
            }
        }
    }
}

/// Returns the message of an error that ends a connection.
fn fatal(code: &str) -> Vec<u8> {
    let fields = format!("SFATAL\0VFATAL\0C{code}\0Mserver conn crashed?\0\0");
    let length = u32::try_from(fields.len() + 4).unwrap();
    [&b"E"[..], &length.to_be_bytes(), fields.as_bytes()].concat()
}

/// Reads a message: `kind` bytes, and a length that counts itself.
fn message(stream: &mut impl Read, kind: usize) -> std::io::Result<Vec<u8>> {
    let mut whole = vec![0; kind + 4];
    stream.read_exact(&mut whole)?;
    let length = u32::from_be_bytes(whole[kind..].try_into().unwrap()) as usize;
    whole.resize(kind + length, 0);
    stream.read_exact(&mut whole[kind + 4..])?;
    Ok(whole)
}
