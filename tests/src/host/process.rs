//! The process of a host, and its output.

use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::net::{Shutdown, TcpStream};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::json;

use super::programs::node;

/// The time limit for a Worker to stop.
const STOP: Duration = Duration::from_secs(60);

/// A line of a host's output.
pub(super) enum Line {
    /// For people: its address and the secrets that it created.
    Said(String),
    /// A line of its log.
    Logged(String),
}

/// A running host.
pub(super) enum Process {
    /// A separate process, in a process group with its children.
    Child(Child),
    /// A Worker in the pool, which stops it when the connection closes.
    Pooled {
        stream: TcpStream,
        /// Closed at the end of its output.
        ended: Mutex<Receiver<()>>,
        _pool: Arc<Pool>,
    },
}

impl Process {
    /// Starts a program and returns the lines of its output.
    pub(super) fn of(command: &mut Command) -> (Self, Receiver<Line>) {
        let mut child = command.process_group(0).spawn().unwrap();
        let (lines, output) = channel();
        send_lines(child.stdout.take().unwrap(), lines.clone(), Line::Said);
        send_lines(child.stderr.take().unwrap(), lines, Line::Logged);
        (Self::Child(child), output)
    }

    /// Starts a Worker in the pool, in a folder, and returns the lines of its output.
    pub(super) fn of_pool(folder: &Path, arguments: &[String]) -> (Self, Receiver<Line>) {
        let pool = Pool::shared();
        let mut stream = TcpStream::connect(("127.0.0.1", pool.port)).unwrap();
        let asked = json!({"folder": folder, "args": arguments});
        writeln!(stream, "{asked}").unwrap();
        let (lines, output) = channel();
        let ended = send_lines(stream.try_clone().unwrap(), lines, Line::Logged);
        let process = Self::Pooled {
            stream,
            ended: Mutex::new(ended),
            _pool: pool,
        };
        (process, output)
    }

    /// Kills it immediately, with its children.
    pub(super) fn kill(&mut self) {
        match self {
            Self::Child(child) => {
                let _ = kill_process_group(Pid::from_child(child), Signal::KILL);
                let _ = child.wait();
            }
            Self::Pooled { stream, ended, .. } => {
                let _ = stream.shutdown(Shutdown::Write);
                // The pool closes the connection when the Worker has stopped. A runtime that hangs must not hang the tests.
                let ended = ended.get_mut().unwrap_or_else(PoisonError::into_inner);
                let _ = ended.recv_timeout(STOP);
            }
        }
    }

    /// Returns the process, if the host has its own.
    pub(super) fn child(&mut self) -> &mut Child {
        match self {
            Self::Child(child) => child,
            Self::Pooled { .. } => panic!("a Worker has no process of its own"),
        }
    }
}

/// Forwards each line, in a thread. The returned channel is closed after the last line.
fn send_lines(
    from: impl Read + Send + 'static,
    to: Sender<Line>,
    kind: fn(String) -> Line,
) -> Receiver<()> {
    let (ending, ended) = channel();
    std::thread::spawn(move || {
        let _ending: Sender<()> = ending;
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            // Reads to the end even without a receiver, so that the pipe doesn't fill up.
            let _ = to.send(kind(line));
        }
    });
    ended
}

/// A process that starts the runtimes of all Workers.
pub(super) struct Pool {
    child: Child,
    port: u16,
}

static POOL: Mutex<Weak<Pool>> = Mutex::new(Weak::new());

impl Pool {
    /// Returns the pool of the running hosts, or a new one.
    fn shared() -> Arc<Self> {
        let mut current = POOL.lock().unwrap_or_else(PoisonError::into_inner);
        let pool = current.upgrade().unwrap_or_else(|| Arc::new(Self::start()));
        *current = Arc::downgrade(&pool);
        pool
    }

    fn start() -> Self {
        let mut command = node("pool.mjs");
        command.stdin(Stdio::piped()).stderr(Stdio::inherit());
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = lines.next().expect("the pool does not start").unwrap();
        let port = line.strip_prefix("listening").unwrap().trim();
        Self {
            port: port.parse().unwrap(),
            child,
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        // It stops, with its runtimes, when this end of the pipe is closed.
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}
