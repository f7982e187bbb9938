//! Core and routes as one component: imports the contract of `wit/`, exports `wasi:http/handler`.
//!
//! An instance can serve many requests, also concurrently. It keeps the service that it created from its settings, and
//! nothing that belongs to a request.

// Generated bindings use the component model's ABI, which passes raw pointers.
#![allow(unsafe_code, reason = "generated bindings")]
#![cfg(target_family = "wasm")]

mod bindings;
mod clock;
mod http;
mod later;
mod platform;

use std::sync::OnceLock;

use auth_core::config::{SettingError, WebConfig};
use auth_core::{Auth, Config, Level, Platform as _};
use gatewright_http::{ApiError, BodyConfig, Front, Service};
use wasip3::http::types::{ErrorCode, Request, Response};

use crate::platform::{ContractSettings, Host};

static SERVICE: OnceLock<Service<Host>> = OnceLock::new();

struct Handler;

bindings::export!(Handler with_types_in bindings);

impl bindings::exports::wasi::http::handler::Guest for Handler {
    async fn handle(request: Request) -> Result<Response, ErrorCode> {
        let mut request = http::request(request)?;
        let response = match service().await {
            Ok(service) => {
                service.look_behind_proxies(request.headers_mut());
                service.handle(request).await
            }
            Err(error) => {
                let web = WebConfig::load(&ContractSettings).await.ok();
                let mut random = [0; 8];
                Host.fill_random(&mut random);
                let front = Front::new(web.as_ref(), u64::from_be_bytes(random));
                let (parts, _) = request.into_parts();
                front.refuse(&front.asked(&parts), error)
            }
        };
        later::wait_for_room().await;
        http::response(response).await
    }
}

/// Returns the service, which the first request creates from the settings.
///
/// Requests that arrive while the settings are being read each read them, and the first to finish stores its result. No
/// request ever waits for another's future, which could be dropped with its request.
async fn service() -> Result<&'static Service<Host>, ApiError> {
    if let Some(service) = SERVICE.get() {
        return Ok(service);
    }
    std::panic::set_hook(Box::new(|panic| {
        Host.log(Level::Error, "panic", &[("cause", &panic.to_string())])
    }));
    let unusable = |error: SettingError| {
        Host.log(
            Level::Error,
            "the settings can't be used",
            &[("cause", &error.to_string())],
        );
        ApiError::unavailable(5)
    };
    let config = Config::from_settings(&ContractSettings)
        .await
        .map_err(unusable)?;
    let bodies = BodyConfig::load(&ContractSettings)
        .await
        .map_err(unusable)?;
    later::set_worker(later::Worker {
        run: |work| {
            Box::pin(async {
                if let Some(service) = SERVICE.get() {
                    service.run(work).await;
                }
            })
        },
        give_up: |work| {
            if let Some(service) = SERVICE.get() {
                service.auth().give_up(work);
            }
        },
    });
    Ok(SERVICE.get_or_init(|| Service::new(Auth::new(Host, config), bodies.memory)))
}
