//! Requests to other services.

use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response};
use http_body_util::BodyExt as _;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks, default_send_request};

use crate::instance::context::{InstanceContext, Interfaces};

/// Sends requests to allowed destinations, which the manifest of a Spin application or the settings of the service
/// name.
pub(crate) struct Outbound(Arc<InstanceContext>);

impl Outbound {
    /// Sends a request of an instance.
    pub(crate) fn new(context: Arc<InstanceContext>) -> Self {
        Self(context)
    }
}

type Sent = wasmtime_wasi_http::Result<(
    Response<WasiBody>,
    Box<dyn Future<Output = Result<(), Error>> + Send>,
)>;

impl WasiHttpHooks for Outbound {
    fn send_request(
        &mut self,
        request: Request<WasiBody>,
        options: Option<RequestOptions>,
        _: Box<dyn Future<Output = Result<(), Error>> + Send>,
    ) -> Box<dyn Future<Output = Sent> + Send> {
        let allowed = match &self.0.interfaces {
            Interfaces::Contract(contract) => contract.destinations.allow(request.uri()),
            Interfaces::Spin(app) => app.allowed_hosts().allow(request.uri()),
        };
        Box::new(async move {
            if !allowed {
                return Err(Error::HttpRequestDenied);
            }
            let (response, sending) = send(request, options.unwrap_or_default()).await?;
            Ok((response, Box::new(sending) as Box<_>))
        })
    }
}

/// Sends a request within its limits. Returns the response, and a future that reads its body from the connection.
pub(crate) async fn send(
    request: Request<WasiBody>,
    options: RequestOptions,
) -> wasmtime_wasi_http::Result<(
    Response<WasiBody>,
    impl Future<Output = Result<(), Error>> + Send,
)> {
    // In total, too, because the TLS handshake has no limit of its own.
    let limit = |limit: Option<Duration>| limit.unwrap_or(Duration::from_secs(600));
    let limit = limit(options.connect_timeout) + limit(options.first_byte_timeout);
    let sending = default_send_request(request, Some(options));
    let (response, reading) = tokio::time::timeout(limit, sending)
        .await
        .map_err(|_| Error::ConnectionTimeout)??;
    Ok((response.map(|body| body.boxed_unsync()), reading))
}
