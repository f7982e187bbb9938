//! How a message is delivered, and the meaning of the response of an e-mail service.

use core::time::Duration;

use auth_core::{MailError, Message};
use bytes::Bytes;
use http::{Request, StatusCode};

use crate::request;
use crate::settings::{MailConfig, Provider};

/// Time limit for connecting to an e-mail service, and then for its response.
pub const TIMEOUT: Duration = Duration::from_secs(5);

impl MailConfig {
    /// Returns how a message is delivered.
    ///
    /// # Errors
    /// The message can't be turned into a request.
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

/// A way to deliver a message.
#[derive(Debug)]
#[allow(
    clippy::large_enum_variant,
    reason = "created once for a message, and moved immediately"
)]
pub enum Delivery {
    /// Write it to the log, in the form of [`console`].
    Log,
    /// Send it over HTTP; [`accepted`] interprets the status of the response.
    Request(Request<Bytes>),
    /// Send it to a mail server.
    Smtp,
    /// Send it with the Worker's binding for e-mail.
    Binding,
}

/// Checks that a response with this status means that the message was accepted.
///
/// # Errors
/// It was not accepted.
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

/// Returns the log line of the provider `console` and its fields.
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
        assert!(said.starts_with("EMAIL_FROM: not set, but EMAIL_PROVIDER smtp requires it"));
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
