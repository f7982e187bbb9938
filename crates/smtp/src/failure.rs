//! Errors of a mail server.

use core::error::Error as _;

use auth_core::MailError;
use lettre::transport::smtp::Error;

/// Returns the error without the text of the server, which can quote the message.
pub(crate) fn failure(error: Error) -> MailError {
    match error.status() {
        Some(code) => {
            let words = error.source().map(ToString::to_string).unwrap_or_default();
            let status = words.split(' ').next().filter(|word| is_status(word));
            let cause = format!("the mail server answered {code} {}", status.unwrap_or(""));
            let cause = cause.trim_end().to_owned();
            if error.is_transient() {
                MailError::Unavailable(cause)
            } else {
                MailError::Refused(cause)
            }
        }
        None if error.is_response() => {
            let cause = "the mail server ended the connection or does not speak SMTP";
            MailError::Unavailable(cause.to_owned())
        }
        None => {
            let mut cause: &dyn core::error::Error = &error;
            while let Some(deeper) = cause.source() {
                cause = deeper;
            }
            if error.is_client() {
                MailError::Refused(cause.to_string())
            } else {
                unreachable(cause)
            }
        }
    }
}

/// Returns the error for a mail server that can't be reached.
pub(crate) fn unreachable(cause: impl core::fmt::Display) -> MailError {
    MailError::Unavailable(format!("the mail server can't be reached: {cause}"))
}

/// Returns whether this is an enhanced status code (RFC 3463), such as 5.7.8.
fn is_status(word: &str) -> bool {
    let number = |part: &str| part.parse::<u16>().is_ok_and(|number| number < 1000);
    word.split('.').count() == 3 && word.split('.').all(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_status_is_taken_from_the_servers_words() {
        assert!(is_status("5.7.8") && is_status("4.7.650"));
        for word in ["", "5.7", "5.7.8.9", "5..8", "5.7.1234", "a.b.c", "123456"] {
            assert!(!is_status(word), "{word}");
        }
    }
}
