//! Whether a password was in a breach, asked of a service without telling it the password: by the first five of the forty
//! hexadecimal digits of its SHA-1 (<https://haveibeenpwned.com/API/v3#PwnedPasswords>).

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

/// What the service is asked: the part of the digest that it gets to see.
struct Question {
    digest: Zeroizing<String>,
}

/// Digits that the service gets to see.
const SHOWN: usize = 5;

impl Question {
    fn about(password: &str) -> Self {
        let mut digest = Zeroizing::new(String::with_capacity(40));
        for byte in Sha1::digest(password.as_bytes()) {
            let _ = write!(digest, "{byte:02X}");
        }
        Self { digest }
    }

    /// What is appended to the address of the service.
    fn prefix(&self) -> &str {
        &self.digest[..SHOWN]
    }

    /// Whether an answer lists the password: lines of the other digits, a colon and how often it was seen. Padding was
    /// never seen.
    fn is_answered_yes(&self, answer: &str) -> bool {
        answer.lines().any(|line| {
            line.split_once(':').is_some_and(|(rest, times)| {
                rest.trim().eq_ignore_ascii_case(&self.digest[SHOWN..]) && times.trim() != "0"
            })
        })
    }
}

/// Refuses a password that was in a breach, where a service is configured that knows (ASVS V6.2.12).
///
/// # Errors
/// [`Error::Invalid`]; [`Error::Unavailable`] where the service has to answer and does not.
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
    // Answers of one length, so that who listens does not learn the prefix from it.
    let request = OutboundRequest::get(url).with_header("add-padding", "true");
    let answer = match context.platform.fetch(request).await {
        Ok(response) if response.status == 200 => Ok(response.body),
        Ok(response) => Err(format!("it answered {}", response.status)),
        Err(cause) => Err(cause),
    };
    match answer {
        Ok(answer) if question.is_answered_yes(&String::from_utf8_lossy(&answer)) => {
            let message = "This password was in a breach, so that attackers know it.";
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
                "a password could not be looked up among breached ones, and was taken",
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
