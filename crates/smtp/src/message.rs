//! The form of a message.

use auth_core::{EmailAddress, MailError, Message};
use lettre::Address;
use lettre::address::Envelope;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart, SinglePart};

/// Parses an address by the rules of the service, because lettre's parser refuses the marks of many scripts in a local
/// part.
pub(crate) fn address(text: &str) -> Option<Address> {
    let checked = EmailAddress::parse(text).ok()?.to_sent();
    let (local, domain) = checked.rsplit_once('@')?;
    Some(Address::new_dangerous(local, domain))
}

/// Returns a message as it is sent. `domain` is the domain of its ID.
pub(crate) fn compose(
    from: &Mailbox,
    domain: &str,
    message: &Message,
) -> Result<lettre::Message, MailError> {
    let refused = |cause: &dyn core::fmt::Display| MailError::Refused(cause.to_string());
    let to = address(&message.to).ok_or_else(|| refused(&"not an e-mail address"))?;
    let path = Envelope::new(Some(from.email.clone()), vec![to.clone()]);
    let id = format!("<{:032x}@{}>", fastrand::u128(..), domain);
    // RFC 3834: automatic replies, such as out-of-office notices, are not sent to it.
    let automatic = HeaderValue::new(
        HeaderName::new_from_ascii_str("Auto-Submitted"),
        "auto-generated".to_owned(),
    );
    let builder = lettre::Message::builder()
        .envelope(path.map_err(|error| refused(&error))?)
        .from(from.clone())
        .to(Mailbox::new(None, to))
        .subject(message.subject.as_str())
        .date_now()
        .message_id(Some(id))
        .raw_header(automatic);
    let text = message.text.clone();
    match message.html.clone() {
        Some(html) => builder.multipart(MultiPart::alternative_plain_html(text, html)),
        None => builder.singlepart(SinglePart::plain(text)),
    }
    .map_err(|error| refused(&error))
}
