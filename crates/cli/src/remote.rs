//! The client for a service at a URL.

use std::fs;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, value_parser};
use http::header::AUTHORIZATION;
use http::uri::Scheme;
use http::{HeaderValue, Method, Request, Response, Uri};
use ureq::Agent;

use crate::client::ApiClient;

/// Longest time for the connection.
const CONNECT: Duration = Duration::from_secs(10);
/// Longest time for a request and its response. Importing many users takes a while.
const WHOLE: Duration = Duration::from_secs(120);
/// Largest response that is read.
const MAX_ANSWER: u64 = 64 * 1024 * 1024;

/// Returns the arguments for another host: `--url`, `--token` and `--token-file`. They belong to a command of
/// [`commands`](crate::commands()), and its subcommands inherit them.
pub fn connection_arguments() -> [Arg; 3] {
    [
        Arg::new("url")
            .long("url")
            .value_name("URL")
            .env("GATEWRIGHT_URL")
            .global(true)
            .help("Administer the service at this address instead of the local database"),
        Arg::new("token")
            .long("token")
            .value_name("TOKEN")
            .env("GATEWRIGHT_TOKEN")
            .hide_env_values(true)
            .global(true)
            .help("Access token of an administrator, for --url; other users of this machine can see it, so prefer --token-file"),
        Arg::new("token-file")
            .long("token-file")
            .value_name("FILE")
            .value_parser(value_parser!(PathBuf))
            .global(true)
            .help("Read the access token from this file"),
    ]
}

/// Returns the host of [`connection_arguments`]. `None` means that there is no `--url`.
///
/// # Errors
/// A token must not be sent to the address, there is no token, or there is a token and no address.
pub fn remote(matches: &ArgMatches) -> Result<Option<Remote>> {
    let typed = matches.value_source("token") == Some(ValueSource::CommandLine);
    let Some(url) = matches.get_one::<String>("url") else {
        // Without the check the command would change the local database instead.
        if typed || matches.contains_id("token-file") {
            bail!("a token is for another host: name it by --url, or leave the token out");
        }
        return Ok(None);
    };
    let token = match matches.get_one::<PathBuf>("token-file") {
        Some(_) if typed => bail!("--token and --token-file can't be combined"),
        Some(file) => {
            fs::read_to_string(file).with_context(|| format!("can't read {}", file.display()))?
        }
        None => {
            let token = matches.get_one::<String>("token").cloned();
            token.context(
                "--url needs the access token of an administrator: set GATEWRIGHT_TOKEN or give --token-file",
            )?
        }
    };
    Remote::new(url, token.trim()).map(Some)
}

/// A host at a URL.
pub struct Remote {
    agent: Agent,
    /// Scheme, authority and the path before that of the API, without a trailing slash.
    base: String,
    authorization: HeaderValue,
}

impl Remote {
    /// Creates a client from the address of a host and the access token of an administrator.
    ///
    /// # Errors
    /// A token must not be sent to the address, because unencrypted requests go only to this machine; or the token is
    /// malformed.
    pub fn new(url: &str, token: &str) -> Result<Self> {
        let wrong = "--url must be an address such as https://auth.example.com";
        let uri: Uri = url.parse().context(wrong)?;
        let authority = uri.authority().context(wrong)?;
        ensure!(
            uri.query().is_none() && !authority.as_str().contains('@'),
            wrong
        );
        let encrypted = uri.scheme() == Some(&Scheme::HTTPS);
        ensure!(encrypted || uri.scheme() == Some(&Scheme::HTTP), wrong);
        ensure!(
            encrypted || is_here(authority.host()),
            "--url must begin with https:, because the token is not sent unencrypted to another machine"
        );
        ensure!(!token.is_empty(), "the access token is empty");
        let mut authorization = HeaderValue::try_from(format!("Bearer {token}")).map_err(|_| {
            anyhow!("the access token contains characters that are not allowed in a token")
        })?;
        authorization.set_sensitive(true);
        let mut config = Agent::config_builder()
            .http_status_as_error(false)
            // The token is only for that host.
            .max_redirects(0)
            .timeout_connect(Some(CONNECT))
            .timeout_global(Some(WHOLE))
            .user_agent(concat!("gatewright/", env!("CARGO_PKG_VERSION")));
        if !encrypted {
            config = config.proxy(None);
        }
        Ok(Self {
            agent: config.build().into(),
            base: url.trim_end_matches('/').to_owned(),
            authorization,
        })
    }
}

/// Returns whether the name is one of this machine.
fn is_here(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || address
            .parse()
            .is_ok_and(|address: IpAddr| address.is_loopback())
}

impl ApiClient for Remote {
    fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>> {
        let (mut parts, body) = request.into_parts();
        parts.uri = format!("{}{}", self.base, parts.uri).parse()?;
        parts
            .headers
            .insert(AUTHORIZATION, self.authorization.clone());
        let cannot = || format!("can't reach {}", self.base);
        // A POST without a body has a Content-Length of 0.
        let answer = match parts.method {
            Method::GET | Method::DELETE => self.agent.run(Request::from_parts(parts, ())),
            _ => self.agent.run(Request::from_parts(parts, body)),
        };
        let (parts, body) = answer.with_context(cannot)?.into_parts();
        let mut body = body;
        let body = body.with_config().limit(MAX_ANSWER).read_to_vec();
        Ok(Response::from_parts(parts, body.with_context(cannot)?))
    }

    fn name(&self) -> String {
        self.base.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::program;
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;
    use std::thread;

    /// Starts a server that answers one request and returns it.
    fn answering(answer: &'static str) -> (String, thread::JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/base/", listener.local_addr().unwrap());
        let asked = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut asked = Vec::new();
            let mut bytes = [0; 4096];
            loop {
                let length = stream.read(&mut bytes).unwrap();
                asked.extend_from_slice(&bytes[..length]);
                let text = String::from_utf8_lossy(&asked);
                let whole = text.split_once("\r\n\r\n").is_some_and(|(head, body)| {
                    let head = head.to_lowercase();
                    let length = head
                        .split_once("content-length: ")
                        .map_or(0, |(_, rest)| rest.lines().next().unwrap().parse().unwrap());
                    body.len() >= length
                });
                if whole {
                    break;
                }
            }
            stream.write_all(answer.as_bytes()).unwrap();
            String::from_utf8(asked).unwrap()
        });
        (url, asked)
    }

    #[test]
    fn a_request_goes_below_the_address_with_the_token() {
        let (url, asked) =
            answering("HTTP/1.1 201 Created\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}");
        let remote = Remote::new(&url, "abc.def").unwrap();
        let request = Request::post("/users?a=b%20c").header("content-type", "application/json");
        let answer = remote
            .send(request.body(b"{\"a\":1}".to_vec()).unwrap())
            .unwrap();
        assert_eq!(
            (answer.status().as_u16(), answer.body().as_slice()),
            (201, &b"{}"[..])
        );
        let asked = asked.join().unwrap();
        assert!(
            asked.starts_with("POST /base/users?a=b%20c HTTP/1.1\r\n"),
            "{asked}"
        );
        assert!(
            asked
                .to_lowercase()
                .contains("authorization: bearer abc.def\r\n"),
            "{asked}"
        );
        assert!(asked.ends_with("\r\n\r\n{\"a\":1}"), "{asked}");
    }

    #[test]
    fn a_request_may_have_no_body() {
        for method in ["POST", "DELETE", "GET"] {
            let (url, asked) = answering("HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n");
            let remote = Remote::new(&url, "abc").unwrap();
            let request = Request::builder().method(method).uri("/keys/rotate");
            let answer = remote.send(request.body(Vec::new()).unwrap()).unwrap();
            assert_eq!(answer.status().as_u16(), 204);
            let asked = asked.join().unwrap().to_lowercase();
            assert!(asked.ends_with("\r\n\r\n"), "{asked}");
            assert!(!asked.contains("transfer-encoding"), "{asked}");
            assert_eq!(
                asked.contains("content-length: 0"),
                method == "POST",
                "{asked}"
            );
        }
    }

    #[test]
    fn an_error_is_an_answer_and_nothing_is_followed() {
        for (answer, status) in [
            (
                "HTTP/1.1 503 Busy\r\nretry-after: 3\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
                503,
            ),
            (
                "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
                302,
            ),
        ] {
            let (url, asked) = answering(answer);
            let remote = Remote::new(&url, "abc").unwrap();
            let answer = remote.send(Request::delete("/users/1").body(Vec::new()).unwrap());
            assert_eq!(answer.unwrap().status().as_u16(), status);
            asked.join().unwrap();
        }
    }

    #[test]
    fn a_token_goes_encrypted_or_nowhere_else() {
        for url in [
            "https://auth.example.com",
            "https://auth.example.com/base/",
            "http://localhost:8080",
            "http://127.0.0.1:8080",
            "http://[::1]:8080",
        ] {
            assert!(Remote::new(url, "abc").is_ok(), "{url}");
        }
        for url in [
            "http://auth.example.com",
            "http://localhost.example.com",
            "http://192.168.0.1",
            "ftp://auth.example.com",
            "https://user@auth.example.com",
            "https://auth.example.com/?a",
            "auth.example.com",
            "",
        ] {
            assert!(Remote::new(url, "abc").is_err(), "{url}");
        }
        let error = Remote::new("https://auth.example.com", "a\nsecret")
            .err()
            .unwrap();
        assert!(!format!("{error:#}").contains("secret"));
        assert!(Remote::new("https://auth.example.com", "").is_err());
    }

    fn parsed(words: &[&str]) -> Result<Option<Remote>> {
        let words = ["gatewright", "user", "list"].iter().chain(words);
        let matches = program().try_get_matches_from(words)?;
        let (_, matches) = matches.subcommand().unwrap();
        remote(matches)
    }

    #[test]
    fn the_arguments_name_a_host_and_a_token() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), "abc.def\n").unwrap();
        let path = file.path().to_str().unwrap();
        assert!(parsed(&[]).unwrap().is_none());
        assert!(parsed(&["--token-file", path]).is_err());
        assert!(parsed(&["--token", "abc"]).is_err());
        let url = ["--url", "https://auth.example.com"];
        let with = |more: &[&'static str]| parsed(&[&url[..], more].concat());
        assert!(with(&["--token", "abc"]).unwrap().is_some());
        let from_file = parsed(&[url[0], url[1], "--token-file", path])
            .unwrap()
            .unwrap();
        assert_eq!(from_file.authorization, "Bearer abc.def");
        let error = with(&[]).err().unwrap().to_string();
        assert!(error.contains("GATEWRIGHT_TOKEN"), "{error}");
        assert!(parsed(&[url[0], url[1], "--token", "a", "--token-file", path]).is_err());
        assert!(with(&["--token-file", "/nowhere/at/all"]).is_err());
    }

    #[test]
    fn the_token_is_not_in_the_help() {
        let arguments = connection_arguments();
        let token = arguments
            .iter()
            .find(|argument| argument.get_id() == "token");
        assert!(token.unwrap().is_hide_env_values_set());
    }
}
