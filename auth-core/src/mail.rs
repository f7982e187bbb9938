//! Messages to people.

/// A rendered message, ready for delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Address of the receiver.
    pub to: String,
    /// Subject line.
    pub subject: String,
    /// Body as plain text.
    pub text: String,
    /// The same body as HTML; none: plain text only.
    pub html: Option<String>,
    /// What it is for, for logs and filters.
    pub kind: String,
}

/// A message could not be handed over. The texts are for the log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MailError {
    /// Not now; the same message may be taken later.
    #[error("not now: {0}")]
    Unavailable(String),
    /// Never: the message or the settings are refused.
    #[error("refused: {0}")]
    Refused(String),
}

impl Message {
    /// Tells a person that one of his refresh tokens was used twice and that the session was ended.
    pub(crate) fn refresh_token_reuse(to: &str, device: Option<&str>) -> Self {
        let device = device.unwrap_or("an unknown device");
        Self {
            to: to.to_owned(),
            subject: "You were signed out for your safety".to_owned(),
            text: format!(
                "A sign-in of your account on {device} was used from two places at once. That can mean that somebody \
                 copied it, so we ended it. Please sign in again there. If you don't know this device, change your \
                 password.\n"
            ),
            html: None,
            kind: "refresh_token_reuse".to_owned(),
        }
    }
}
