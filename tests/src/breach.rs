//! A local service that lists breached passwords.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, PoisonError};

/// Answers `GET /range/XXXXX` with a fixed response.
pub struct BreachService {
    address: SocketAddr,
    heads: Arc<Mutex<Vec<String>>>,
}

impl BreachService {
    /// Starts it. It answers every request with this status and these lines.
    pub fn start(status: &'static str, lines: &'static str) -> Self {
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
                    let length = lines.len();
                    let answer = format!(
                        "HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{lines}"
                    );
                    let _ = (&stream).write_all(answer.as_bytes());
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
