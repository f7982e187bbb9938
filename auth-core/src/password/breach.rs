//! Whether a password was in a breach, asked of a service without telling it the password: by the first five of the forty
//! hexadecimal digits of its SHA-1 (<https://haveibeenpwned.com/API/v3#PwnedPasswords>).

use core::fmt::Write as _;

use sha1::{Digest as _, Sha1};
use zeroize::Zeroizing;

/// What the service is asked: the part of the digest that it gets to see.
pub(crate) struct Question {
    digest: Zeroizing<String>,
}

/// Digits that the service gets to see.
const SHOWN: usize = 5;

impl Question {
    pub(crate) fn about(password: &str) -> Self {
        let mut digest = Zeroizing::new(String::with_capacity(40));
        for byte in Sha1::digest(password.as_bytes()) {
            let _ = write!(digest, "{byte:02X}");
        }
        Self { digest }
    }

    /// What is appended to the address of the service.
    pub(crate) fn prefix(&self) -> &str {
        &self.digest[..SHOWN]
    }

    /// Whether an answer lists the password: lines of the other digits, a colon and how often it was seen. Padding was
    /// never seen.
    pub(crate) fn is_answered_yes(&self, answer: &str) -> bool {
        answer.lines().any(|line| {
            line.split_once(':').is_some_and(|(rest, times)| {
                rest.trim().eq_ignore_ascii_case(&self.digest[SHOWN..]) && times.trim() != "0"
            })
        })
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
