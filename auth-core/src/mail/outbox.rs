//! Queues messages for delivery after the answer.

use core::time::Duration;

use crate::client::Client;
use crate::context::Context;
use crate::deferred::task::{Deferred, Task};
use crate::identifier::sent_address;
use crate::mail::context::MailContext;
use crate::mail::kind::MailKind;
use crate::mail::message::Message;
use crate::mail::receiver::{Receiver, named_device};
use crate::platform::{Level, Platform};
use crate::storage::User;

/// Renders a message from the templates, with only the values that its receiver can see. A failed template of the
/// operator is logged.
pub(crate) fn message<P: Platform>(
    context: &Context<P>,
    kind: MailKind,
    to: Receiver<'_>,
    values: MailContext<'_>,
) -> Message {
    let values = to.values(values);
    let templates = &context.config.templates;
    let (message, failure) = templates.render(kind, &sent_address(to.address), &values);
    if let Some(cause) = failure {
        context.platform.log(
            Level::Warn,
            "a mail template failed; the built-in template was used instead",
            &[("cause", &cause.to_string())],
        );
    }
    message
}

/// Queues a message for delivery after the answer.
pub(crate) fn send<P: Platform>(context: &Context<P>, message: Message) {
    context.platform.defer(Deferred(Task::Mail(message)));
}

/// A link in a notification mail that lets the user respond.
pub(crate) struct MailLink {
    /// The link's URL.
    pub(crate) url: String,
    /// How long the link works.
    pub(crate) expires_in: Duration,
}

/// Notifies a user of an event on their account, and where it originated.
pub(crate) fn notify_user<P: Platform>(
    context: &Context<P>,
    user: &User,
    kind: MailKind,
    client: &Client,
) {
    notify_user_with_link(context, user, kind, None, client);
}

/// Notifies a user of an event, with a link that lets them respond.
pub(crate) fn notify_user_with_link<P: Platform>(
    context: &Context<P>,
    user: &User,
    kind: MailKind,
    link: Option<MailLink>,
    client: &Client,
) {
    let values = MailContext {
        link: link.as_ref().map(|link| link.url.as_str()),
        expires_in: link.as_ref().map(|link| link.expires_in),
        ..MailContext::default()
    };
    send_notice(context, user, kind, values, client);
}

/// Notifies a user of an event about an identity at a sign-in provider, by the name that its button has.
pub(crate) fn notify_user_of_identity<P: Platform>(
    context: &Context<P>,
    user: &User,
    kind: MailKind,
    provider: &str,
    client: &Client,
) {
    let values = MailContext {
        provider: Some(provider),
        ..MailContext::default()
    };
    send_notice(context, user, kind, values, client);
}

fn send_notice<P: Platform>(
    context: &Context<P>,
    user: &User,
    kind: MailKind,
    values: MailContext<'_>,
    client: &Client,
) {
    if let Some(notice) = notice(context, user, kind, values, client) {
        let task = match user.email_proved_at {
            Some(_) => Task::Mail(notice),
            None => Task::MailToUnproved(notice),
        };
        context.platform.defer(Deferred(task));
    }
}

/// Renders a notification of an event, or returns `None` if the user has no address.
fn notice<P: Platform>(
    context: &Context<P>,
    user: &User,
    kind: MailKind,
    values: MailContext<'_>,
    client: &Client,
) -> Option<Message> {
    let email = user.email.as_ref()?;
    let ip = client.ip.map(|ip| ip.to_canonical().to_string());
    let device = named_device(client);
    let values = MailContext {
        email: Some(email),
        device: device.as_deref(),
        ip: ip.as_deref(),
        time: Some(context.now()),
        ..values
    };
    let to = Receiver {
        address: email,
        user: Some(user),
    };
    Some(message(context, kind, to, values))
}

/// Notifies the owner of an address that someone else tried to register with it.
pub(crate) fn send_account_exists<P: Platform>(context: &Context<P>, address: &str) {
    let login = format!("{}/login", context.config.web.frontend());
    let values = MailContext {
        email: Some(address),
        link: Some(&login),
        ..MailContext::default()
    };
    let to = Receiver {
        address,
        user: None,
    };
    send(
        context,
        message(context, MailKind::AccountExists, to, values),
    );
}
