//! Sending requests and reading responses.

use anyhow::{Context as _, Result};
use gatewright_transfer::objects;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{Method, Request, Response};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::refusal::Refusal;
use crate::client::ApiClient;

/// The API of one service.
pub(crate) struct Api<'a> {
    client: &'a dyn ApiClient,
}

impl<'a> Api<'a> {
    pub(crate) fn new(client: &'a dyn ApiClient) -> Self {
        Self { client }
    }

    /// Sends a request and returns the body of the response.
    pub(crate) fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<Vec<u8>>,
    ) -> Result<Vec<u8>> {
        body_of(self.client.send(request(method, path, body)?)?)
    }

    /// Returns a name that distinguishes the service from others.
    pub(crate) fn service(&self) -> String {
        self.client.name()
    }

    /// Returns how many requests a call of [`post_all`](Self::post_all) should have.
    pub(crate) fn round_len(&self) -> usize {
        self.client.round_len()
    }

    /// Posts JSON bodies to one path, several at the same time, and returns the bodies of the responses in the same order.
    pub(crate) fn post_all(
        &self,
        path: &str,
        bodies: impl Iterator<Item = Result<Vec<u8>>>,
    ) -> Result<Vec<Result<Vec<u8>>>> {
        let mut unsent = None;
        let mut requests = bodies.map_while(|body| {
            let request = body.and_then(|body| request(Method::POST, path, Some(body)));
            request.map_err(|error| unsent = Some(error)).ok()
        });
        let answers = self.client.send_all(&mut requests);
        if let Some(error) = unsent {
            return Err(error);
        }
        Ok(answers.into_iter().map(|answer| body_of(answer?)).collect())
    }

    pub(crate) fn get(&self, path: &str) -> Result<Vec<u8>> {
        self.send(Method::GET, path, None)
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Result<Vec<u8>> {
        self.send(Method::POST, path, Some(body.to_string().into_bytes()))
    }
}

fn request(method: Method, path: &str, body: Option<Vec<u8>>) -> Result<Request<Vec<u8>>> {
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header(ACCEPT, "application/json");
    if body.is_some() {
        request = request.header(CONTENT_TYPE, "application/json");
    }
    Ok(request.body(body.unwrap_or_default())?)
}

/// Returns the body of a response. Any status but success is a [`Refusal`].
fn body_of(answer: Response<Vec<u8>>) -> Result<Vec<u8>> {
    let (answer, body) = answer.into_parts();
    if answer.status.is_success() {
        return Ok(body);
    }
    Err(Refusal::new(answer.status, &answer.headers, &body).into())
}

pub(crate) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T> {
    objects::from_slice(body)
        .context("the response is not one of Gatewright's API; check the address")
}
