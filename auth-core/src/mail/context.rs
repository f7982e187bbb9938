//! The values of mail templates, in words.

use core::time::Duration;
use std::collections::BTreeMap;

use minijinja::Value;

use crate::time::Timestamp;

/// The values available to templates besides `product`. Unknown values are undefined in templates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MailContext<'a> {
    /// The user's name.
    pub name: Option<&'a str>,
    /// An address related to the message.
    pub email: Option<&'a str>,
    /// A link to an action that the user can take.
    pub link: Option<&'a str>,
    /// How long the link works, or how long to wait. Templates get it in words: "24 hours".
    pub expires_in: Option<Duration>,
    /// The name of a sign-in provider.
    pub provider: Option<&'a str>,
    /// The device from which the action was taken.
    pub device: Option<&'a str>,
    /// The IP address from which the action was requested.
    pub ip: Option<&'a str>,
    /// The time of the action. Templates get it as "21 November 2026, 18:48 UTC".
    pub time: Option<Timestamp>,
}

impl MailContext<'_> {
    pub(super) fn values(&self, product: &str) -> Value {
        let values = [
            ("product", Some(printable(product))),
            ("name", self.name.map(printable)),
            ("email", self.email.map(printable)),
            ("link", self.link.map(printable)),
            ("expires_in", self.expires_in.map(in_words)),
            ("provider", self.provider.map(printable)),
            ("device", self.device.map(printable)),
            ("ip", self.ip.map(printable)),
            ("time", self.time.and_then(Timestamp::in_words)),
        ];
        let known = values
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)));
        Value::from(known.collect::<BTreeMap<_, _>>())
    }
}

/// Removes characters that could begin a line, and with it a header, or change the direction of writing.
pub(super) fn printable(text: &str) -> String {
    text.chars().filter(|c| is_printable(*c)).collect()
}

pub(crate) fn is_printable(c: char) -> bool {
    !c.is_control() && !matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Whether a character has no visible form of its own: text that differs only in such characters looks the same
/// (`Default_Ignorable_Code_Point` of the Unicode Character Database).
pub(crate) fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fff8}'
        | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// Formats a duration in whole minutes, rounded up, and in days from three days on.
fn in_words(span: Duration) -> String {
    let minutes = span.as_secs().div_ceil(60).max(1);
    let (days, hours) = match minutes / 60 {
        hours @ 72.. => (hours / 24, hours % 24),
        hours => (0, hours),
    };
    let parts = [(days, "day"), (hours, "hour"), (minutes % 60, "minute")];
    let words: Vec<_> = parts
        .into_iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, unit)| format!("{number} {unit}{}", if number == 1 { "" } else { "s" }))
        .collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_and_times_in_words() {
        for (seconds, words) in [
            (0, "1 minute"),
            (60, "1 minute"),
            (61, "2 minutes"),
            (900, "15 minutes"),
            (3600, "1 hour"),
            (5400, "1 hour 30 minutes"),
            (86_400, "24 hours"),
            (172_800, "48 hours"),
            (604_800, "7 days"),
        ] {
            assert_eq!(in_words(Duration::from_secs(seconds)), words);
        }
        let time = Timestamp::from_millis(1_795_287_903_123);
        assert_eq!(time.in_words().unwrap(), "21 November 2026, 19:05 UTC");
        assert_eq!(Timestamp::from_millis(u64::MAX).in_words(), None);
    }
}
