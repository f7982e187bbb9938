//! Connections, and memory limits per network.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use gatewright_tests::host::{Host, PASSWORD};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::json;

use super::half_a_request;

/// A health check on a connection that stays open.
const HEALTHZ: &[u8] = b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n";

/// Far longer than any step takes, so that a failing test ends too.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(120);

fn connect(host: &Host) -> TcpStream {
    let stream = TcpStream::connect(host.base().strip_prefix("http://").unwrap()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// Sends a request on a connection, and returns whether there is a response.
fn is_served(stream: &mut TcpStream) -> bool {
    let mut begin = [0; 12];
    stream.write_all(HEALTHZ).is_ok()
        && stream.read_exact(&mut begin).is_ok()
        && &begin == b"HTTP/1.1 200"
}

/// Returns a client with its own address.
fn client_at(address: &str) -> reqwest::ClientBuilder {
    let address: std::net::IpAddr = address.parse().unwrap();
    reqwest::Client::builder().local_address(address)
}

/// Connections are limited per network, but not those of trusted proxies; other networks keep their share.
#[tokio::test]
async fn one_network_has_so_many_connections_and_no_more() {
    let max = ("MAX_CONNECTIONS_PER_NETWORK", "3");
    let host = Host::start(&[max]);
    let mut served: Vec<_> = (0..3).map(|_| connect(&host)).collect();
    assert!(served.iter_mut().all(is_served));
    assert!(!is_served(&mut connect(&host)));
    host.wait_for_line(&["too many connections from one network", "127.0.0.1"]);
    let other = client_at("127.0.0.2").build().unwrap();
    let healthz = other.get(format!("{}/healthz", host.base())).send().await;
    assert_eq!(healthz.unwrap().status(), 200);
    // A closed connection frees its place.
    drop(served);
    let again = || is_served(&mut connect(&host));
    assert!((0..1000).any(|_| again()), "no place was given back");
    let host = host.restart(&[max, ("TRUSTED_PROXIES", "127.0.0.0/30")]);
    let mut served: Vec<_> = (0..20).map(|_| connect(&host)).collect();
    assert!(served.iter_mut().all(is_served));
}

/// Thousands of silent connections from one address don't displace others.
#[tokio::test]
async fn thousands_of_slow_connections_of_one_address_keep_nobody_out() {
    let maximum = getrlimit(Resource::Nofile).maximum;
    let all = Rlimit {
        current: maximum,
        maximum,
    };
    setrlimit(Resource::Nofile, all).unwrap();
    let host = Host::start(&[]);
    let mut slow: Vec<_> = (0..4300).map(|_| connect(&host)).collect();
    let other = client_at("127.0.0.2").build().unwrap();
    let healthz = other.get(format!("{}/healthz", host.base())).send().await;
    assert_eq!(healthz.unwrap().status(), 200);
    let served = slow
        .iter_mut()
        .filter_map(|one| is_served(one).then_some(()));
    assert!(served.count() <= 512);
}

/// Connections that only answer pings are closed in favour of others; those with requests are kept.
#[tokio::test]
async fn idle_connections_leave_their_places_to_others() {
    let host = Host::start(&[("THREADS", "1"), ("MAX_CONNECTIONS", "8")]);
    let (mut busy, rest) = half_a_request(&host, "ada@example.com");
    let healthz = format!("{}/healthz", host.base());
    let mut all = Vec::new();
    for _ in 0..12 {
        let client = reqwest::Client::builder().http2_prior_knowledge();
        let client = client.timeout(PATIENCE).build().unwrap();
        let answer = client.get(&healthz).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        all.push(client);
    }
    busy.write_all(rest.as_bytes()).unwrap();
    let mut answer = String::new();
    busy.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    drop(all);
}

/// All request bodies together use bounded memory, and one network a part of it. Beyond it clients are asked to retry;
/// they are served once there is room.
#[tokio::test]
async fn bodies_under_way_take_a_bounded_memory() {
    let host = Host::start(&[("BODY_MEMORY_MIB", "4"), ("REQUEST_TIMEOUT_SECONDS", "5")]);
    host.get("/readyz").await.assert_ok();
    let sent = 60_000;
    let begun = format!(
        "POST /auth/login HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n{}",
        sent + 1000,
        "x".repeat(sent)
    );
    let begin = |_| {
        let mut stream = connect(&host);
        stream.write_all(begun.as_bytes()).unwrap();
        stream
    };
    let slow: Vec<_> = (0..100).map(begin).collect();
    // Other networks can use the rest.
    let other = client_at("127.0.0.2").build().unwrap();
    let body = json!({"email": "ada@example.com", "password": PASSWORD});
    let register = other.post(format!("{}/auth/register", host.base()));
    let made = register.json(&body).send().await.unwrap();
    assert_eq!(made.status(), 201);
    let mut refused = 0;
    for mut stream in slow {
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        if answer.starts_with("HTTP/1.1 503") {
            assert!(answer.contains("\"unavailable\""), "{answer}");
            assert!(answer.contains("retry-after: 1"), "{answer}");
            refused += 1;
        } else {
            assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
        }
    }
    // 2 MiB are enough for 34 of them.
    assert!((66..100).contains(&refused), "{refused} were refused");
    host.login("ada@example.com").await;
}

/// Clients that don't read their responses use memory, limited per network, but no instance.
#[tokio::test]
async fn answers_that_nobody_reads_hold_no_instance() {
    let host = Host::start(&[]);
    let client = |address| {
        let client = client_at(address).http2_prior_knowledge();
        // The client accepts only one byte of each response until it reads it.
        client.http2_initial_stream_window_size(1).build().unwrap()
    };
    let mut unread = Vec::new();
    for connection in 0..20 {
        let client = client(if connection % 2 == 0 {
            "127.0.0.1"
        } else {
            "127.0.0.3"
        });
        let get = |_| client.get(format!("{}/openapi.json", host.base())).send();
        let answers = futures::future::join_all((0..16).map(get)).await;
        unread.extend(answers.into_iter().map(Result::unwrap));
    }
    let served = unread
        .iter()
        .filter(|answer| answer.status() == 200)
        .count();
    let refused = unread
        .iter()
        .filter(|answer| answer.status() == 503)
        .count();
    assert_eq!(served + refused, unread.len());
    // Each of the two networks gets a quarter of the memory, which is 64 MiB.
    let other = client_at("127.0.0.2").build().unwrap();
    let document = other.get(format!("{}/openapi.json", host.base())).send();
    let size = document.await.unwrap().bytes().await.unwrap().len();
    let expected = 2 * (16 << 20) / size;
    assert!(
        (expected / 2..expected * 3 / 2).contains(&served),
        "{served} are unread"
    );
    for n in 0..20 {
        let body = json!({"email": format!("u{n}@example.com"), "password": PASSWORD});
        let register = other.post(format!("{}/auth/register", host.base()));
        assert_eq!(register.json(&body).send().await.unwrap().status(), 201);
    }
    drop(unread);
}

/// An answer is sent as soon as it is there, whatever of a next request has come.
#[test]
fn an_answer_waits_for_no_further_request() {
    let host = Host::start(&[]);
    for begun in [
        "\r\n",
        "GET /he",
        "POST /auth/login HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n{",
    ] {
        let mut stream = connect(&host);
        stream
            .write_all(&[HEALTHZ, begun.as_bytes()].concat())
            .unwrap();
        let mut begin = [0; 12];
        stream.read_exact(&mut begin).unwrap();
        assert_eq!(&begin, b"HTTP/1.1 200", "{begun:?}");
    }
}
