//! A local e-mail service.

use std::io::{BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value;

use crate::host::Host;
use crate::received::Received;

/// Receives the messages that hosts post with `EMAIL_PROVIDER` webhook.
pub struct MailService {
    address: SocketAddr,
    posted: Mutex<Receiver<Posted>>,
    silent: Arc<AtomicBool>,
}

/// A posted message.
#[derive(Debug)]
pub struct Posted {
    /// The head of the HTTP request.
    pub head: String,
    /// Its body.
    pub message: Value,
}

impl MailService {
    /// Starts the service.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, posted) = channel();
        let silent = Arc::<AtomicBool>::default();
        std::thread::spawn({
            let silent = silent.clone();
            move || {
                for stream in listener.incoming().map_while(Result::ok) {
                    let (sender, silent) = (sender.clone(), silent.clone());
                    std::thread::spawn(move || serve(&stream, &sender, &silent));
                }
            }
        });
        Self {
            address,
            posted: Mutex::new(posted),
            silent,
        }
    }

    /// Starts the host that `GATEWRIGHT_HOST` names, which posts its mail here.
    pub fn host(&self, settings: &[(&str, &str)]) -> Host {
        let origin = format!("http://{}", self.address);
        let url = format!("{origin}/mail");
        let own = [
            ("EMAIL_PROVIDER", "webhook"),
            ("EMAIL_FROM", "Gatewright <auth@example.com>"),
            ("EMAIL_API_KEY", "k-1"),
            ("EMAIL_API_URL", &url),
            // Spin allows a component to reach no other origin.
            ("EMAIL_API_ORIGIN", &origin),
        ];
        Host::start(&[&own, settings].concat())
    }

    /// Stops answering, or answers again; connections are still accepted.
    pub fn be_silent(&self, silent: bool) {
        self.silent.store(silent, Ordering::SeqCst);
    }

    /// Waits for the next message, which must be of this kind and to this address, and returns the token of its link.
    pub fn link(&self, kind: &str, to: &str) -> String {
        let message = self.next().message;
        assert_eq!(
            (&message["kind"], &message["to"]),
            (&kind.into(), &to.into()),
            "{message}"
        );
        link_of(&message)
    }

    /// Waits for two messages, and returns them in the order of their kinds: messages of one request can arrive in any order.
    pub fn next_two(&self) -> [Value; 2] {
        let mut two = [self.next().message, self.next().message];
        two.sort_by_key(|message| message["kind"].to_string());
        two
    }

    /// Waits for the next message.
    pub fn next(&self) -> Posted {
        let posted = self.posted.lock().unwrap_or_else(PoisonError::into_inner);
        posted.recv_timeout(Duration::from_secs(30)).unwrap()
    }
}

/// Returns the token of the link in a message.
///
/// # Panics
/// The message has no link, or its HTML has another one.
pub fn link_of(message: &Value) -> String {
    let text = message["text"].as_str().unwrap();
    let token = text.split("?token=").nth(1).unwrap();
    let token: String = token.chars().take_while(|c| !c.is_whitespace()).collect();
    assert!(message["html"].as_str().unwrap().contains(&token));
    token
}

/// Responds to the requests of a connection.
fn serve(stream: &TcpStream, sender: &Sender<Posted>, silent: &AtomicBool) {
    let mut reader = BufReader::new(stream);
    while let Some(Received { head, body }) = Received::read(&mut reader) {
        let message = serde_json::from_slice(&body).unwrap();
        let posted = Posted { head, message };
        if silent.load(Ordering::SeqCst) {
            // Until the client gives up.
            let _ = reader.read(&mut [0]);
            return;
        }
        let _ = sender.send(posted);
        let mut writer = stream;
        let answer = writer.write_all(b"HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n");
        if answer.is_err() {
            return;
        }
    }
}
