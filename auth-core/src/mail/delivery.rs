//! Delivers a message, and retries temporary failures.

use core::time::Duration;

use crate::audit::event::{Event, EventKind};
use crate::audit::record::record;
use crate::client::Client;
use crate::context::Context;
use crate::mail::message::{MailError, Message};
use crate::platform::{Level, Platform};

/// The pauses before each delivery attempt.
const PAUSES: [Duration; 3] = [
    Duration::ZERO,
    Duration::from_millis(500),
    Duration::from_secs(2),
];

/// Delivers a message, and retries temporary failures.
pub(crate) async fn deliver<P: Platform>(context: &Context<P>, message: Message) {
    let mut failed = Ok(());
    for pause in PAUSES {
        context.platform.pause(pause).await;
        failed = context.platform.send_mail(message.clone()).await;
        match &failed {
            Err(MailError::Unavailable(cause)) => {
                context.platform.log(
                    Level::Debug,
                    "a mail could not be sent yet",
                    &[("kind", &message.kind), ("cause", cause)],
                );
            }
            _ => break,
        }
    }
    if let Err(cause) = failed {
        not_sent(context, &message, &cause.to_string());
    }
}

pub(crate) fn not_sent<P: Platform>(context: &Context<P>, message: &Message, cause: &str) {
    context.platform.log(
        Level::Warn,
        "a mail could not be sent",
        &[("kind", &message.kind), ("cause", cause)],
    );
    let event = Event::new(EventKind::MailFailed).with("mail", message.kind.as_str());
    record(context, event, &Client::default());
}
