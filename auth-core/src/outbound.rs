//! Requests that the core sends to other services through the platform.

use core::time::Duration;

/// The maximum number of bytes read from a response body.
pub const FETCH_LIMIT: usize = 1 << 20;
/// How long a host waits for a response and its body together.
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
    /// Returns the method's name in a request.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
        }
    }
}

/// A request to another service. It can contain secrets, so it does not implement `Debug`.
#[derive(Clone)]
pub struct OutboundRequest {
    /// The request's method.
    pub method: OutboundMethod,
    /// The URL, whose host the operator has set in a setting.
    pub url: String,
    /// The headers, with lower-case names.
    pub headers: Vec<(&'static str, String)>,
    /// The body. Empty means no body.
    pub body: Vec<u8>,
}

impl OutboundRequest {
    /// Creates a GET request without headers.
    pub fn get(url: String) -> Self {
        Self {
            method: OutboundMethod::Get,
            url,
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    /// Adds a header.
    pub fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

/// The response to a request, with any status.
#[derive(Clone, PartialEq, Eq)]
pub struct OutboundResponse {
    /// The status code.
    pub status: u16,
    /// The body, of at most [`FETCH_LIMIT`] bytes.
    pub body: Vec<u8>,
}
