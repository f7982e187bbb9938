//! A local service with several providers of identities. Each signs in at once the person that its script names.

mod endpoints;
mod keys;
mod provider;
mod script;

use std::collections::BTreeSet;
use std::io::{BufReader, Error, ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use reqwest::Client;
use reqwest::redirect::Policy;
use serde_json::Value;
use tokio::sync::watch;

use crate::host::Host;
use crate::mail::MailService;
use crate::received::Received;

use endpoints::Outcome;
pub use keys::{Key, Signature, challenge};
pub use provider::{CLIENT_SECRET, Request};
use provider::{Shared, lock};
pub use script::{Change, Reply, Script};

/// How long to wait for a request that has to come.
const PATIENCE: Duration = Duration::from_secs(30);

/// Several providers at one address, each below a path with its name. Any name is a provider; those that are given at the
/// start have settings.
pub struct IdentityService {
    address: SocketAddr,
    /// The names, and whether each is a provider of OpenID Connect. The others are of plain OAuth 2.0.
    names: Vec<(&'static str, bool)>,
    shared: Arc<Shared>,
}

impl IdentityService {
    /// Starts the service, with providers of OpenID Connect and of plain OAuth 2.0.
    pub fn start(openid: &[&'static str], plain: &[&'static str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let names: Vec<_> = openid
            .iter()
            .map(|name| (*name, true))
            .chain(plain.iter().map(|name| (*name, false)))
            .collect();
        let shared = Arc::<Shared>::default();
        std::thread::spawn({
            let shared = shared.clone();
            move || {
                for stream in listener.incoming().map_while(Result::ok) {
                    let shared = shared.clone();
                    std::thread::spawn(move || serve(&stream, address, &shared));
                }
            }
        });
        Self {
            address,
            names,
            shared,
        }
    }

    /// Returns the URL of a provider, which is its issuer.
    pub fn issuer(&self, name: &str) -> String {
        format!("http://{}/{name}", self.address)
    }

    /// Returns the origin of all providers.
    pub fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Returns the settings of all providers.
    pub fn settings(&self) -> Vec<(String, String)> {
        let names: Vec<_> = self.names.iter().map(|(name, _)| *name).collect();
        let mut settings = vec![("OIDC_PROVIDERS".to_owned(), names.join(","))];
        for (name, openid) in &self.names {
            let issuer = self.issuer(name);
            let mut set = |rest: &str, value: String| {
                settings.push((format!("OIDC_{}_{rest}", name.to_ascii_uppercase()), value));
            };
            set("CLIENT_ID", format!("client-of-{name}"));
            set("CLIENT_SECRET", CLIENT_SECRET.to_owned());
            if *openid {
                set("ISSUER", issuer);
            } else {
                set("AUTHORIZE_URL", format!("{issuer}/authorize"));
                set("TOKEN_URL", format!("{issuer}/token"));
                set("USERINFO_URL", format!("{issuer}/userinfo"));
                let claims = r#"{"subject":"/id","email":"/contact/email","email_verified":"/contact/verified","name":"/name"}"#;
                set("CLAIMS", claims.to_owned());
            }
        }
        settings
    }

    /// Starts the host that `GATEWRIGHT_HOST` names with these providers and further settings.
    pub fn host(&self, further: &[(&str, &str)]) -> Host {
        let own = self.settings();
        let own = own
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()));
        Host::start(&own.chain(further.iter().copied()).collect::<Vec<_>>())
    }

    /// Does the same with a host that posts its mail to this service.
    pub fn host_with_mail(&self, mail: &MailService, further: &[(&str, &str)]) -> Host {
        let own = self.settings();
        let own = own
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()));
        mail.host(&own.chain(further.iter().copied()).collect::<Vec<_>>())
    }

    /// Changes a provider's script.
    pub fn script(&self, name: &str, change: impl FnOnce(&mut Script)) {
        let mut providers = lock(&self.shared.providers);
        change(&mut providers.entry(name.to_owned()).or_default().script);
    }

    /// Makes a provider follow the standard again, and sign in the person with these claims.
    pub fn person(&self, name: &str, person: Value) {
        self.script(name, |script| {
            *script = Script {
                person,
                ..Script::default()
            };
        });
    }

    /// Sets by how many seconds the clock is ahead.
    pub fn set_ahead(&self, seconds: u64) {
        self.shared.ahead.store(seconds, Ordering::SeqCst);
    }

    /// Returns the requests for an endpoint of a provider so far.
    pub fn requests(&self, name: &str, endpoint: &str) -> Vec<Request> {
        let providers = lock(&self.shared.providers);
        let all = providers.get(name).map(|provider| provider.requests.iter());
        all.into_iter()
            .flatten()
            .filter(|request| request.endpoint == endpoint)
            .cloned()
            .collect()
    }

    /// Waits until an endpoint of a provider has received this many requests.
    pub async fn wait_for_requests(&self, name: &str, endpoint: &str, count: usize) {
        let mut received = self.shared.received.subscribe();
        let enough = |_: &usize| self.requests(name, endpoint).len() >= count;
        let waited = tokio::time::timeout(PATIENCE, received.wait_for(enough)).await;
        assert!(waited.is_ok(), "{endpoint} of {name} was not asked again");
    }

    /// Returns the numbers of the requests that are open now and get no answer.
    pub fn unanswered(&self) -> watch::Receiver<BTreeSet<u64>> {
        self.shared.unanswered.subscribe()
    }

    /// Opens a provider's page as a browser does, and returns the address that it redirects to.
    pub async fn visit(&self, url: &str) -> String {
        assert!(
            url.starts_with(&format!("http://{}/", self.address)),
            "{url}"
        );
        let client = Client::builder().redirect(Policy::none()).build().unwrap();
        let answer = client.get(url).send().await.unwrap();
        let location = answer.headers().get("location");
        let location = location.unwrap_or_else(|| panic!("{url}: {answer:?}"));
        location.to_str().unwrap().to_owned()
    }
}

/// Sends the beginning of an answer, and a blank from time to time until the client gives up.
fn drip(mut stream: &TcpStream) {
    const HEAD: &[u8] =
        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100000\r\n\r\n";
    stream
        .set_read_timeout(Some(Duration::from_millis(100)))
        .unwrap();
    let mut sent = stream.write_all(HEAD);
    // A client that gives up ends the connection, so there is something to read.
    while sent.is_ok() && stream.read(&mut [0]).is_err_and(|error| is_pause(&error)) {
        sent = stream.write_all(b" ");
    }
}

fn is_pause(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

/// Responds to the requests of a connection.
fn serve(stream: &TcpStream, address: SocketAddr, shared: &Shared) {
    let mut reader = BufReader::new(stream);
    while let Some(received) = Received::read(&mut reader) {
        let outcome = endpoints::answer(received, address, shared);
        shared.received.send_modify(|count| *count += 1);
        let answer = match outcome {
            Outcome::Response(answer) => answer,
            Outcome::Silence => {
                let _open = shared.leave_unanswered();
                // Until the client gives up.
                let _ = reader.read(&mut [0]);
                return;
            }
            Outcome::Drip => {
                drip(stream);
                return;
            }
            Outcome::End => return,
        };
        let mut writer = stream;
        let head = format!(
            "HTTP/1.1 {} Status\r\n{}content-length: {}\r\n\r\n",
            answer.status,
            answer.headers,
            answer.body.len()
        );
        let sent = writer
            .write_all(head.as_bytes())
            .and_then(|()| writer.write_all(&answer.body));
        if sent.is_err() {
            return;
        }
    }
}
