//! Requests that local services receive.

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::TcpStream;

/// A request that is read completely.
#[derive(Debug, Clone)]
pub struct Received {
    /// Its request line and headers.
    pub head: String,
    /// Its body.
    pub body: Vec<u8>,
}

impl Received {
    /// Reads the next request of a connection. Returns `None` if the connection has ended.
    pub(crate) fn read(reader: &mut BufReader<&TcpStream>) -> Option<Self> {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if reader.read_line(&mut head).ok()? == 0 {
                return None;
            }
        }
        let mut body = Vec::new();
        let lower = head.to_lowercase();
        if lower.contains("transfer-encoding: chunked") {
            loop {
                let mut size = String::new();
                reader.read_line(&mut size).ok()?;
                let size = usize::from_str_radix(size.trim(), 16).unwrap();
                let mut chunk = vec![0; size + 2];
                reader.read_exact(&mut chunk).ok()?;
                if size == 0 {
                    break;
                }
                body.extend_from_slice(&chunk[..size]);
            }
        } else if let Some(length) = lower.split("content-length: ").nth(1) {
            body.resize(length.split("\r\n").next().unwrap().parse().unwrap(), 0);
            reader.read_exact(&mut body).ok()?;
        }
        Some(Self { head, body })
    }

    /// Returns a header's value. `name` is in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().skip(1);
        lines.find_map(|line| {
            let (given, value) = line.split_once(':')?;
            given.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }
}
