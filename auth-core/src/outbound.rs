//! Requests that the core sends to other services, by way of the platform.

use core::time::Duration;

/// Most bytes of an answer's body that are read.
pub const FETCH_LIMIT: usize = 1 << 20;
/// How long a host waits for what is fetched.
pub const FETCH_TIMEOUT: Duration = Duration::from_secs(3);

/// The methods of outbound requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutboundMethod {
    /// GET.
    Get,
    /// POST.
    Post,
}

impl OutboundMethod {
    /// The method's name in a request.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
        }
    }
}

/// A request to another service. It may hold secrets, and so has no `Debug`.
#[derive(Clone)]
pub struct OutboundRequest {
    /// What it asks for.
    pub method: OutboundMethod,
    /// Where it goes: an address whose host the operator has named in a setting.
    pub url: String,
    /// Its headers, by their names in lower case.
    pub headers: Vec<(&'static str, String)>,
    /// Its body; empty: it has none.
    pub body: Vec<u8>,
}

impl OutboundRequest {
    /// A GET request without headers.
    pub fn get(url: String) -> Self {
        Self {
            method: OutboundMethod::Get,
            url,
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    /// The same with a header.
    pub fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

/// The answer to a request, of any status.
#[derive(Clone, PartialEq, Eq)]
pub struct OutboundResponse {
    /// Its status code.
    pub status: u16,
    /// Its body, of at most [`FETCH_LIMIT`] bytes.
    pub body: Vec<u8>,
}
