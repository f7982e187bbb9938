//! Requests to a host.

use std::time::Instant;

use reqwest::{Client, Method, RequestBuilder};
use serde_json::Value;

use super::answer::Answer;
use super::running::{Host, PATIENCE};

impl Host {
    /// Creates a request to a path.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client
            .request(method, format!("{}{path}", self.base()))
    }

    /// Posts JSON.
    pub async fn post(&self, path: &str, body: Value) -> Answer {
        Answer::of(self.request(Method::POST, path).json(&body)).await
    }

    /// Posts JSON from another address of this machine instead of 127.0.0.1.
    pub async fn post_from(&self, address: [u8; 4], path: &str, body: Value) -> Answer {
        let client = Client::builder().local_address(std::net::IpAddr::from(address));
        let request = client
            .build()
            .unwrap()
            .post(format!("{}{path}", self.base()));
        Answer::of(request.json(&body)).await
    }

    /// Posts without a body, with an access token.
    pub async fn post_as(&self, path: &str, access_token: &str) -> Answer {
        Answer::of(self.request(Method::POST, path).bearer_auth(access_token)).await
    }

    /// Gets a path.
    pub async fn get(&self, path: &str) -> Answer {
        Answer::of(self.request(Method::GET, path)).await
    }

    /// Gets a path with an access token.
    pub async fn get_as(&self, path: &str, access_token: &str) -> Answer {
        Answer::of(self.request(Method::GET, path).bearer_auth(access_token)).await
    }

    /// Sends JSON with an access token.
    pub async fn send_as(
        &self,
        method: &str,
        path: &str,
        access_token: &str,
        body: Value,
    ) -> Answer {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let request = self.request(method, path).bearer_auth(access_token);
        Answer::of(request.json(&body)).await
    }

    /// Sends a request without a body, with an access token.
    pub async fn call_as(&self, method: &str, path: &str, access_token: &str) -> Answer {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        Answer::of(self.request(method, path).bearer_auth(access_token)).await
    }

    /// Repeats a request until the response is as expected, because some rows are stored after a response.
    pub async fn wait_until(
        &self,
        path: &str,
        access_token: &str,
        is_right: impl Fn(&Answer) -> bool,
    ) -> Answer {
        let begun = Instant::now();
        loop {
            let answer = self.get_as(path, access_token).await;
            if is_right(&answer) {
                return answer;
            }
            assert!(begun.elapsed() < PATIENCE, "{path}: {answer:?}");
        }
    }
}
