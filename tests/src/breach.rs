//! A local service that lists breached passwords.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// The number of bytes of an answer that drips, and the time between two of them.
const DRIPS: usize = 8;
const PACE: Duration = Duration::from_secs(1);

/// Answers `GET /range/XXXXX` with a fixed response.
pub struct BreachService {
    address: SocketAddr,
    heads: Arc<Mutex<Vec<String>>>,
}

impl BreachService {
    /// Starts it. It answers every request with this status and these lines.
    pub fn start(status: &'static str, lines: &'static str) -> Self {
        Self::answering(move |mut stream| {
            let length = lines.len();
            let answer = format!(
                "HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{lines}"
            );
            let _ = stream.write_all(answer.as_bytes());
        })
    }

    /// Starts it. It answers every request with a byte in each second.
    pub fn start_dripping() -> Self {
        Self::answering(|mut stream| {
            let head =
                format!("HTTP/1.1 200 OK\r\ncontent-length: {DRIPS}\r\nconnection: close\r\n\r\n");
            let mut written = stream.write_all(head.as_bytes());
            stream.set_read_timeout(Some(PACE)).unwrap();
            for _ in 0..DRIPS {
                // It ends once the client has gone away.
                if written.is_err() || stream.read(&mut [0]).is_ok_and(|length| length == 0) {
                    return;
                }
                written = stream.write_all(b"\n");
            }
        })
    }

    fn answering(answer: impl Fn(&TcpStream) + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let heads = Arc::<Mutex<Vec<String>>>::default();
        std::thread::spawn({
            let heads = heads.clone();
            move || {
                for stream in listener.incoming().map_while(Result::ok) {
                    let mut reader = BufReader::new(&stream);
                    let mut head = String::new();
                    while !head.ends_with("\r\n\r\n")
                        && reader.read_line(&mut head).is_ok_and(|n| n > 0)
                    {}
                    heads
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .push(head.to_lowercase());
                    answer(&stream);
                }
            }
        });
        Self { address, heads }
    }

    /// Returns the settings that name it.
    pub fn settings(&self) -> [(&'static str, String); 2] {
        let origin = format!("http://{}", self.address);
        [
            ("BREACH_CHECK_URL", format!("{origin}/range/")),
            // Spin allows a component to reach no other origin.
            ("BREACH_CHECK_ORIGIN", origin),
        ]
    }

    /// Returns the heads of the requests so far, in lower case.
    pub fn heads(&self) -> Vec<String> {
        self.heads
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}
