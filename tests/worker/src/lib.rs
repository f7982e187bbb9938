//! Storage on D1 for the contract kit. `POST /{function}` takes the parameters as a JSON array and returns the result.
//! The header `database` names the binding of one of several databases. `/trap` panics, `/wait` waits for a long time.

// The exports of a Worker are generated code that calls JavaScript.
#![allow(clippy::disallowed_methods, reason = "the tests write this JSON")]
#![allow(unsafe_code, reason = "generated bindings")]
#![cfg(target_family = "wasm")]

use std::time::Duration;

use gatewright_storage::*;
use gatewright_storage_d1::D1;
use gatewright_storage_sqlite::SqliteStorage;
use http::Response;
use http_body_util::BodyExt as _;
use worker::{Body, Context, Delay, Env, Error, HttpRequest, HttpResponse, Result, event};

#[event(fetch)]
async fn fetch(request: HttpRequest, env: Env, _: Context) -> Result<HttpResponse> {
    let (parts, body) = request.into_parts();
    let database = parts.headers.get("database");
    let database = database.and_then(|name| name.to_str().ok());
    let storage = SqliteStorage::new(D1::new(env.d1(database.unwrap_or("DB"))?));
    let body = body.collect().await?.to_bytes();
    let answer = match parts.uri.path() {
        "/trap" => panic!("as asked"),
        "/wait" => {
            Delay::from(Duration::from_secs(60)).await;
            Ok("\"waited\"".to_owned())
        }
        path => call(&storage, path, &body).await,
    };
    let json = answer.map_err(|error| Error::RustError(error.to_string()))?;
    let bytes = futures::stream::iter([Ok::<_, Error>(json.into_bytes())]);
    Ok(Response::new(Body::from_stream(bytes)?))
}

macro_rules! functions {
    ($($noun:ident in $module:ident {
        $($name:ident($($argument:ident: $ty:ty),*) -> $output:ty;)*
    })*) => {
        async fn call(storage: &SqliteStorage<D1>, path: &str, body: &[u8]) -> serde_json::Result<String> {
            match path.trim_start_matches('/') {
                $($(stringify!($name) => {
                    #[allow(unused_parens, reason = "one parameter is no tuple")]
                    let [$($argument),*] = arguments(body)?;
                    $(let $argument: $ty = serde_json::from_value($argument)?;)*
                    serde_json::to_string(&storage.$name($($argument),*).await)
                })*)*
                _ => Ok("null".to_owned()),
            }
        }
    };
}
gatewright_storage::storage_functions!(functions);

/// Parses the parameters of a call.
fn arguments<const N: usize>(body: &[u8]) -> serde_json::Result<[serde_json::Value; N]> {
    let arguments: Vec<_> = serde_json::from_slice(body)?;
    arguments
        .try_into()
        .map_err(|_| serde::de::Error::custom("another number of parameters"))
}
