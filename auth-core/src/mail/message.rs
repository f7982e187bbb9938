//! A message that is ready for delivery.

/// A rendered message, ready for delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Address of the receiver. Its domain is in ASCII; what stands before the `@` need not be.
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
