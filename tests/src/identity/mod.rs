//! A local service with several providers of identities. Each signs in at once the person that its script names.

mod endpoints;
mod keys;
mod provider;
mod script;

use std::io::{BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use reqwest::Client;
use reqwest::redirect::Policy;
use serde_json::Value;

use crate::host::Host;
use crate::mail::MailService;
use crate::received::Received;

use endpoints::Outcome;
pub use keys::{Key, Signature, challenge};
pub use provider::{CLIENT_SECRET, Request};
use provider::{Shared, lock};
pub use script::{Change, Reply, Script};

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

/// Responds to the requests of a connection.
fn serve(stream: &TcpStream, address: SocketAddr, shared: &Shared) {
    let mut reader = BufReader::new(stream);
    while let Some(received) = Received::read(&mut reader) {
        let answer = match endpoints::answer(received, address, shared) {
            Outcome::Response(answer) => answer,
            Outcome::Silence => {
                // Until the client gives up.
                let _ = reader.read(&mut [0]);
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
