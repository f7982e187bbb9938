//! The way that a message goes, and what the answer of an e-mail service means.

use core::time::Duration;

use auth_core::{MailError, Message};
use bytes::Bytes;
use http::{Request, StatusCode};

use crate::request;
use crate::settings::{MailConfig, Provider};

/// How long a host waits for an e-mail service to take the connection, and then for its answer.
pub const TIMEOUT: Duration = Duration::from_secs(5);

impl MailConfig {
    /// What hands a message over.
    ///
    /// # Errors
    /// No request can be made of it.
    pub fn delivery(&self, message: &Message) -> Result<Delivery, MailError> {
        match self.provider {
            Provider::Console => Ok(Delivery::Log),
            Provider::Smtp => Ok(Delivery::Smtp),
            Provider::Cloudflare => Ok(Delivery::Binding),
            _ => request::of(self, message)
                .map(Delivery::Request)
                .map_err(|cause| MailError::Refused(cause.to_string())),
        }
    }
}

/// A way for a message to go.
#[derive(Debug)]
#[allow(
    clippy::large_enum_variant,
    reason = "made once for a message, and moved at once"
)]
pub enum Delivery {
    /// It is written to the log, as [`console`] has it.
    Log,
    /// It is sent over HTTP; the status of the answer is for [`accepted`].
    Request(Request<Bytes>),
    /// A mail server takes it.
    Smtp,
    /// The Worker's binding for e-mail takes it.
    Binding,
}

/// Whether an answer with this status means that the message was taken.
///
/// # Errors
/// It was not.
pub fn accepted(status: StatusCode) -> Result<(), MailError> {
    let cause = || format!("the e-mail service answered {}", status.as_u16());
    match status {
        _ if status.is_success() => Ok(()),
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY | StatusCode::TOO_MANY_REQUESTS => {
            Err(MailError::Unavailable(cause()))
        }
        _ if status.is_server_error() => Err(MailError::Unavailable(cause())),
        _ => Err(MailError::Refused(cause())),
    }
}

/// What the provider `console` writes to the log: a line and its fields.
pub fn console(message: &Message) -> (String, [(&'static str, &str); 3]) {
    let fields = [
        ("to", message.to.as_str()),
        ("subject", &message.subject),
        ("kind", &message.kind),
    ];
    (format!("mail: {:?}", message.text), fields)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::tests::{load, load_with};

    const MESSAGE: Message = Message {
        to: String::new(),
        subject: String::new(),
        text: String::new(),
        html: None,
        kind: String::new(),
    };

    #[test]
    fn the_console_needs_nothing() {
        let delivery = load(&[]).ok().unwrap().delivery(&MESSAGE);
        assert!(matches!(delivery, Ok(Delivery::Log)));
    }

    #[test]
    fn what_a_host_has_itself_needs_a_sender_alone() {
        let load = |settings: &[_]| load_with(settings, &[Provider::Smtp]);
        let smtp = ("EMAIL_PROVIDER", "smtp");
        let said = load(&[smtp]).err().unwrap().to_string();
        assert!(said.starts_with("EMAIL_FROM: EMAIL_PROVIDER smtp needs it"));
        let config = load(&[smtp, ("EMAIL_FROM", "auth@example.com")]);
        let delivery = config.ok().unwrap().delivery(&MESSAGE);
        assert!(matches!(delivery, Ok(Delivery::Smtp)));
    }

    #[test]
    fn an_answer_says_whether_to_try_again() {
        let unavailable = |status| {
            matches!(
                accepted(StatusCode::from_u16(status).unwrap()),
                Err(MailError::Unavailable(_))
            )
        };
        assert!(accepted(StatusCode::ACCEPTED).is_ok());
        assert!([408, 429, 500, 503].into_iter().all(unavailable));
        assert!(![301, 400, 401, 422].into_iter().any(unavailable));
        assert!(accepted(StatusCode::UNAUTHORIZED).is_err());
    }
}
