//! Sending mail.

use std::sync::OnceLock;

use auth_core::{MailError, Message};
use gatewright_mail::{Delivery, MailConfig, TIMEOUT, accepted};
use gatewright_smtp::Mailer;
use http_body_util::{BodyExt as _, Full};
use tokio::runtime::{Builder, Runtime};
use wasmtime_wasi_http::RequestOptions;

use crate::outbound;
use crate::priority::lower_priority;

/// The thread that sends mail. It has a lower priority.
pub(crate) fn mail_runtime() -> Result<&'static Runtime, String> {
    static MAIL: OnceLock<Result<Runtime, String>> = OnceLock::new();
    let made = MAIL.get_or_init(|| {
        Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("mail")
            .enable_all()
            .on_thread_start(lower_priority)
            .build()
            .map_err(|error| format!("the mail thread can't be started: {error}"))
    });
    made.as_ref().map_err(Clone::clone)
}

/// Sends a message with the provider of the settings.
pub(crate) async fn deliver(
    config: &MailConfig,
    mailer: Option<&Mailer>,
    message: Message,
) -> Result<(), MailError> {
    let request = match (config.delivery(&message)?, mailer) {
        (Delivery::Request(request), _) => request,
        (Delivery::Smtp, Some(mailer)) => return mailer.send(&message).await,
        (Delivery::Log | Delivery::Smtp | Delivery::Binding, _) => {
            let Message {
                to,
                subject,
                text,
                html: _,
                kind,
            } = message;
            tracing::info!(target: "mail", to, subject, kind, "{text}");
            return Ok(());
        }
    };
    let request = request.map(|body| {
        Full::new(body)
            .map_err(|never| match never {})
            .boxed_unsync()
    });
    let options = RequestOptions {
        connect_timeout: Some(TIMEOUT),
        first_byte_timeout: Some(TIMEOUT),
        between_bytes_timeout: Some(TIMEOUT),
    };
    let (response, _reading) = outbound::send(request, options).await.map_err(|error| {
        MailError::Unavailable(format!("the e-mail service can't be reached: {error}"))
    })?;
    accepted(response.status())
}
