//! A message that is ready for delivery.

/// A rendered message, ready for delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The receiver's address. Its domain is in ASCII; the part before the `@` can contain other characters.
    pub to: String,
    /// The subject line.
    pub subject: String,
    /// The body as plain text.
    pub text: String,
    /// The same body as HTML. `None` means plain text only.
    pub html: Option<String>,
    /// The message's kind, for logs and filters.
    pub kind: String,
}

/// A failure to hand over a message. The texts are for the log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MailError {
    /// A temporary failure. The same message can be accepted later.
    #[error("temporarily unavailable: {0}")]
    Unavailable(String),
    /// A permanent failure: the message or the settings are refused.
    #[error("refused: {0}")]
    Refused(String),
}
