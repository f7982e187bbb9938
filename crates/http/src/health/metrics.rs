//! Metrics for Prometheus.

use std::fmt::Write as _;

use auth_core::Platform;

use crate::call::{Answer, Call};
use crate::error::api_error::ApiError;
use crate::proof::{Authorize, Guard};
use crate::response::reply::File;
use crate::row::{get, rows};

rows![
    metrics = get(
        "/metrics",
        "Returns metrics for Prometheus. Requires `METRICS_TOKEN` as the bearer token.",
    )
    .guarded::<MetricsReader>()
    .file("text/plain; version=0.0.4; charset=utf-8")
    .fails(&[401, 404]),
];

/// Proof that the request has the token `METRICS_TOKEN`. If the operator has not set it, the route answers 404.
pub(crate) struct MetricsReader(());

impl Guard for MetricsReader {}

impl Authorize for MetricsReader {
    async fn authorize<P: Platform>(call: &Call<'_, P>) -> Result<Self, ApiError> {
        let Some(expected) = &call.config().metrics_token else {
            return Err(ApiError::not_found());
        };
        if call.auth.is_secret(expected, call.bearer()?) {
            Ok(Self(()))
        } else {
            Err(ApiError::unauthenticated())
        }
    }
}

async fn metrics<P: Platform>(call: &Call<'_, P>, _: MetricsReader) -> Answer<File> {
    let mut text = String::from(
        "# HELP gatewright_build_info Version of the running service.\n\
         # TYPE gatewright_build_info gauge\n",
    );
    let _ = writeln!(
        text,
        "gatewright_build_info{{version=\"{}\"}} 1",
        env!("CARGO_PKG_VERSION")
    );
    text.push_str(
        "# HELP gatewright_events_total Events of the audit log since the database was created.\n\
         # TYPE gatewright_events_total counter\n",
    );
    // Kinds and reasons are fixed names without characters to escape.
    for counted in call.auth.audit().counts().await? {
        let _ = writeln!(
            text,
            "gatewright_events_total{{kind=\"{}\",reason=\"{}\"}} {}",
            counted.kind, counted.reason, counted.count
        );
    }
    Ok(call.file(text.into()))
}
