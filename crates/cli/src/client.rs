//! The way to a service's HTTP API.

use anyhow::{Result, bail};
use http::{Request, Response};

/// Sends requests to the HTTP API of a service.
pub trait ApiClient {
    /// Sends one request and blocks until it is answered.
    ///
    /// The URI of the request is a path with its query. The client adds the credentials; the commands have none. Every
    /// status is an answer.
    ///
    /// # Errors
    /// There is no answer.
    fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>>;

    /// Distinguishes this service from others, in what is stored about an import.
    fn name(&self) -> String;

    /// How many requests [`send_all`](Self::send_all) can process at the same time.
    fn max_concurrency(&self) -> usize {
        1
    }

    /// Sends requests in any order, each as [`send`](Self::send) does, and returns the answers in the order of the
    /// requests. The first may be answered before a later one is created.
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
        bail!("there is no service to ask; --url names one")
    }

    fn name(&self) -> String {
        String::new()
    }
}
