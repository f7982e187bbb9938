//! Liveness and readiness checks.

use auth_core::{Level, Platform, VERSION};
use serde::Serialize;

use crate::call::{Answer, Call};
use crate::error::api_error::ApiError;
use crate::proof::Public;
use crate::row::{get, rows};

rows![
    healthz = get(
        "/healthz",
        "Returns 200 and the version while the process is alive (liveness check).",
    )
    .answers::<Alive>(),
    readyz = get(
        "/readyz",
        "Returns 200 while the service can serve requests, otherwise 503 (readiness check).",
    )
    .answers::<Health>(),
];

#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct Health {
    status: &'static str,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct Alive {
    status: &'static str,
    /// Version of the service.
    version: &'static str,
}

async fn healthz<P: Platform>(call: &Call<'_, P>, _: Public) -> Answer<Alive> {
    Ok(call.json(&Alive {
        status: "ok",
        version: VERSION,
    }))
}

async fn readyz<P: Platform>(call: &Call<'_, P>, _: Public) -> Answer<Health> {
    if let Err(error) = call.auth.ready().await {
        let cause = error.to_string();
        let fields = [("cause", &*cause), ("request_id", call.request_id)];
        let platform = call.auth.platform();
        platform.log(Level::Error, "not ready", &fields);
        return Err(ApiError::unavailable(1));
    }
    Ok(call.json(&Health { status: "ok" }))
}
