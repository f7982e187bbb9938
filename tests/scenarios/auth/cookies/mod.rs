//! Sessions in cookies.

pub(crate) mod browser;
mod domains;
mod end;
mod replaced;
mod several;

use gatewright_tests::host::{Answer, Host};
use reqwest::Method;

pub(crate) const SITE: (&str, &str) = ("PUBLIC_BASE_URL", "https://auth.example.com");
const DOMAIN: (&str, &str) = ("COOKIE_DOMAIN", "example.com");
const NO_DOMAIN: (&str, &str) = ("COOKIE_DOMAIN", "");

/// Sends a request with these cookies, from a page of an allowed origin.
async fn with(host: &Host, method: Method, path: &str, cookies: &[u8]) -> Answer {
    let cookies = reqwest::header::HeaderValue::from_bytes(cookies).unwrap();
    let request = host
        .request(method, path)
        .header("cookie", cookies)
        .header("sec-fetch-site", "same-origin");
    Answer::of(request).await
}
