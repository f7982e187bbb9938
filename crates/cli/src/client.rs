//! Clients of a service's HTTP API.

use anyhow::{Result, bail};
use http::{Request, Response};

/// Sends requests to the HTTP API of a service.
pub trait ApiClient {
    /// Sends one request and blocks until the response has arrived.
    ///
    /// The URI of the request is a path with its query. The client adds the credentials, because commands have
    /// none. A response of any status is a success.
    ///
    /// # Errors
    /// There is no response.
    fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>>;

    /// Returns a name that distinguishes this service from others in the stored progress of an import.
    fn name(&self) -> String;

    /// Returns how many requests a call of [`send_all`](Self::send_all) should have.
    fn round_len(&self) -> usize {
        1
    }

    /// Sends requests in any order, each as [`send`](Self::send) does, and returns the responses in the order of the
    /// requests. The first response can arrive before a later request is created.
    fn send_all(
        &self,
        requests: &mut dyn Iterator<Item = Request<Vec<u8>>>,
    ) -> Vec<Result<Response<Vec<u8>>>> {
        requests.map(|request| self.send(request)).collect()
    }
}

/// The client for commands that send no request, see [`needs_api_client`](crate::needs_api_client).
pub struct NoApiClient;

impl ApiClient for NoApiClient {
    fn send(&self, _: Request<Vec<u8>>) -> Result<Response<Vec<u8>>> {
        bail!("this command needs a service; --url sets its address")
    }

    fn name(&self) -> String {
        String::new()
    }
}
