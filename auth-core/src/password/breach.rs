//! Checks passwords for data breaches with a service that doesn't learn the password: it receives the first five of the
//! forty hexadecimal digits of the SHA-1 (<https://haveibeenpwned.com/API/v3#PwnedPasswords>).

use core::fmt::Write as _;

use sha1::{Digest as _, Sha1};
use zeroize::Zeroizing;

use crate::audit::event::{Event, EventKind};
use crate::audit::record::record;
use crate::client::Client;
use crate::context::Context;
use crate::error::{Error, FieldError, FieldErrorCode, Result};
use crate::outbound::OutboundRequest;
use crate::platform::{Level, Platform};

/// A query to the service, which receives only a part of the digest.
struct Question {
    digest: Zeroizing<String>,
}

/// The number of digits that the service receives.
const SHOWN: usize = 5;

impl Question {
    fn about(password: &str) -> Self {
        let mut digest = Zeroizing::new(String::with_capacity(40));
        for byte in Sha1::digest(password.as_bytes()) {
            let _ = write!(digest, "{byte:02X}");
        }
        Self { digest }
    }

    /// Returns the part that is appended to the service's URL.
    fn prefix(&self) -> &str {
        &self.digest[..SHOWN]
    }

    /// Whether an answer lists the password. Each line has the other digits, a colon and the number of occurrences.
    /// Padding has zero occurrences.
    fn is_answered_yes(&self, answer: &str) -> bool {
        answer.lines().any(|line| {
            line.split_once(':').is_some_and(|(rest, times)| {
                rest.trim().eq_ignore_ascii_case(&self.digest[SHOWN..]) && times.trim() != "0"
            })
        })
    }
}

/// Refuses a password from a data breach, if a service for the check is configured (ASVS V6.2.12).
///
/// # Errors
/// [`Error::Invalid`], or [`Error::Unavailable`] if the check is required and the service doesn't answer.
pub(crate) async fn refuse_breached<P: Platform>(
    context: &Context<P>,
    password: &str,
    field: &'static str,
) -> Result<()> {
    let Some(service) = &context.config.breach_check_url else {
        return Ok(());
    };
    let question = Question::about(password);
    let url = format!("{service}{}", question.prefix());
    // Padded answers have the same length, so that a network observer can't derive the prefix from it.
    let request = OutboundRequest::get(url).with_header("add-padding", "true");
    let answer = match context.platform.fetch(request).await {
        Ok(response) if response.status == 200 => Ok(response.body),
        Ok(response) => Err(format!("the service returned status {}", response.status)),
        Err(cause) => Err(cause),
    };
    match answer {
        Ok(answer) if question.is_answered_yes(&String::from_utf8_lossy(&answer)) => {
            let message = "This password was exposed in a data breach. Choose another one.";
            let rule = FieldError::new(field, FieldErrorCode::BreachedPassword, message);
            Err(Error::Invalid(vec![rule]))
        }
        Ok(_) => Ok(()),
        Err(cause) if context.config.breach_check_required => {
            Err(Error::Unavailable(format!("BREACH_CHECK_URL: {cause}")))
        }
        Err(cause) => {
            context.platform.log(
                Level::Warn,
                "the breach check failed; the password was accepted without it",
                &[("cause", &cause)],
            );
            let event = Event::new(EventKind::BreachCheckFailed);
            record(context, event, &Client::default());
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listed_password_is_found_and_padding_is_not() {
        let question = Question::about("password");
        assert_eq!(question.prefix(), "5BAA6");
        let rest = "1E4C9B93F3F0682250B6CF8331B7EE68FD8";
        let answer = |rest: &str, times| {
            format!("0018A45C4D1DEF81644B54AB7F969B88D65:3\r\n{rest}:{times}\r\n")
        };
        assert!(question.is_answered_yes(&answer(rest, 9)));
        assert!(question.is_answered_yes(&answer(&rest.to_lowercase(), 1)));
        assert!(!question.is_answered_yes(&answer(rest, 0)));
        assert!(!question.is_answered_yes("nonsense"));
        assert!(!Question::about("Password").is_answered_yes(&answer(rest, 9)));
    }
}
