//! Delivery of mail by outbound HTTP.

use auth_core::config::SettingError;
use auth_core::storage::Mirror as _;
use auth_core::{Level, MailError};
use gatewright_mail::{Delivery, TIMEOUT, accepted, console};
use http_body_util::Full;
use spin_sdk::wasip3::http::client;
use spin_sdk::wasip3::http::types::{ErrorCode, RequestOptions};
use spin_sdk::wasip3::http_compat::{
    RequestOptionsExtension, http_from_wasi_response, http_into_wasi_request,
};

use crate::bindings::Provider;
use crate::bindings::exports::gatewright::auth::mail::{Error, Guest, Message};
use crate::{log, settings};

auth_core::mirror_mail!(crate::bindings::exports::gatewright::auth::mail);

impl Guest for Provider {
    async fn send(message: Message) -> Result<(), Error> {
        deliver(message.mirror()).await.mirror()
    }
}

async fn deliver(message: auth_core::Message) -> Result<(), MailError> {
    let config = settings::own().await.map_err(|error| match error {
        SettingError::Unavailable(cause) => MailError::Unavailable(cause),
        wrong @ SettingError::Value { .. } => MailError::Refused(wrong.to_string()),
    })?;
    let request = match config.delivery(&message)? {
        Delivery::Request(request) => request,
        Delivery::Log | Delivery::Smtp | Delivery::Binding => {
            let (line, fields) = console(&message);
            log::emit(Level::Info, &line, &fields);
            return Ok(());
        }
    };
    let mut request = request.map(Full::new);
    request
        .extensions_mut()
        .insert(RequestOptionsExtension(options()));
    let sent = async {
        let response = client::send(http_into_wasi_request(request)?).await?;
        http_from_wasi_response(response)
    };
    let response = sent.await.map_err(|code| match code {
        ErrorCode::HttpRequestDenied => MailError::Refused(
            "allowed_outbound_hosts in the manifest does not allow the host of EMAIL_API_URL: set email_api_origin"
                .to_owned(),
        ),
        code => MailError::Unavailable(format!("the e-mail service can't be reached: {code}")),
    })?;
    accepted(response.status())
}

/// Returns the time limits of a request to the e-mail service, so that the request that sends a message is not delayed
/// longer.
fn options() -> RequestOptions {
    let options = RequestOptions::new();
    let limit = u64::try_from(TIMEOUT.as_nanos()).ok();
    // A host can lack support for one of these limits; the others still apply.
    let _ = options.set_connect_timeout(limit);
    let _ = options.set_first_byte_timeout(limit);
    let _ = options.set_between_bytes_timeout(limit);
    options
}
