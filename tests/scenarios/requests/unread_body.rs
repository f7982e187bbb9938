use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use gatewright_tests::host::Host;

/// Sends a request with a body of this length on a connection, and returns status and body of the response.
fn send(connection: &mut TcpStream, request: &str, length: usize) -> (u16, String) {
    let head = format!(
        "{request} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n"
    );
    connection.write_all(head.as_bytes()).unwrap();
    connection.write_all(&vec![b' '; length]).unwrap();
    let mut answer = Vec::new();
    let mut piece = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&answer).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let status = || head.split(' ').nth(1).unwrap().parse().unwrap();
            if head
                .to_ascii_lowercase()
                .contains("transfer-encoding: chunked")
            {
                // Lines with a chunk's length and its data alternate; the last length is 0.
                if body.ends_with("0\r\n\r\n") {
                    let pieces = body.split("\r\n").skip(1).step_by(2);
                    return (status(), pieces.collect());
                }
                let read = connection.read(&mut piece).unwrap();
                assert!(read > 0, "the connection ended after {text:?}");
                answer.extend_from_slice(&piece[..read]);
                continue;
            }
            let mut headers = head.lines().filter_map(|line| line.split_once(": "));
            let length = headers.find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
            let length: usize = length.map_or(0, |(_, value)| value.parse().unwrap());
            if body.len() >= length {
                return (status(), body.to_owned());
            }
        }
        let read = connection.read(&mut piece).unwrap();
        assert!(read > 0, "the connection ended after {text:?}");
        answer.extend_from_slice(&piece[..read]);
    }
}

/// A client that is refused while it is still sending gets the reason, whatever refuses it, and can reuse the
/// connection.
#[tokio::test]
async fn a_refusal_reaches_who_is_still_sending() {
    let host = Host::start(&[]);
    let address = host.base().strip_prefix("http://").unwrap();
    for (request, length, status) in [
        ("POST /auth/login", 300_000, 413),
        ("POST /auth/token", 1_000_000, 413),
        ("POST /nowhere", 300_000, 404),
        ("PUT /auth/login", 300_000, 405),
        ("POST /users/import", 900_000, 401),
        ("POST /auth/logout-all", 300_000, 401),
    ] {
        let mut connection = TcpStream::connect(address).unwrap();
        for _ in 0..3 {
            let (answered, body) = send(&mut connection, request, length);
            assert_eq!(answered, status, "{request}: {body}");
            let error: serde_json::Value = serde_json::from_str(&body).unwrap();
            assert!(!error["error"].is_null(), "{request}: {body}");
        }
    }
}
