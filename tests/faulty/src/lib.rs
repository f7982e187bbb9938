//! A service that misbehaves on request: `/trap`, `/loop`, `/hog`; every other path responds normally.

#![allow(unsafe_code, reason = "generated bindings")]
#![cfg(target_family = "wasm")]

use wasip3::http::types::{ErrorCode, Request, Response};
use wasip3::http_compat::http_into_wasi_response;

struct Faulty;

wasip3::http::service::export!(Faulty);

impl wasip3::exports::http::handler::Guest for Faulty {
    async fn handle(request: Request) -> Result<Response, ErrorCode> {
        match request.get_path_with_query().as_deref() {
            Some("/trap") => panic!("asked to"),
            Some("/loop") => loop {
                std::hint::black_box(0);
            },
            Some("/hog") => {
                let mut held = Vec::new();
                loop {
                    held.push(vec![1_u8; 1 << 20]);
                    std::hint::black_box(&held);
                }
            }
            _ => {
                let body = http_body_util::Full::new(bytes::Bytes::from_static(b"fine"));
                http_into_wasi_response(http::Response::new(body))
            }
        }
    }
}
