//! Hands messages over after the answer.

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

/// A message from the templates, with what its receiver may read of these values. One of the operator's that fails is in the
/// log.
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
            "a mail template failed; the built-in one took its place",
            &[("cause", &cause.to_string())],
        );
    }
    message
}

/// Hands a message over after the answer.
pub(crate) fn send<P: Platform>(context: &Context<P>, message: Message) {
    context.platform.defer(Deferred(Task::Mail(message)));
}

/// A link to do something about what a mail tells.
pub(crate) struct MailLink {
    /// Where it leads.
    pub(crate) url: String,
    /// For how long it works.
    pub(crate) expires_in: Duration,
}

/// Tells a user what has happened to their account, and from where.
pub(crate) fn notify_user<P: Platform>(
    context: &Context<P>,
    user: &User,
    kind: MailKind,
    client: &Client,
) {
    notify_user_with_link(context, user, kind, None, client);
}

/// The same, with something that they can do about it.
pub(crate) fn notify_user_with_link<P: Platform>(
    context: &Context<P>,
    user: &User,
    kind: MailKind,
    link: Option<MailLink>,
    client: &Client,
) {
    if let Some(notice) = notice(context, user, kind, link, client) {
        send(context, notice);
    }
}

/// What tells a user what has happened to their account; none: they have no address.
fn notice<P: Platform>(
    context: &Context<P>,
    user: &User,
    kind: MailKind,
    link: Option<MailLink>,
    client: &Client,
) -> Option<Message> {
    let email = user.email.as_ref()?;
    let ip = client.ip.map(|ip| ip.to_canonical().to_string());
    let device = named_device(client);
    let values = MailContext {
        email: Some(email),
        link: link.as_ref().map(|link| link.url.as_str()),
        expires_in: link.as_ref().map(|link| link.expires_in),
        device: device.as_deref(),
        ip: ip.as_deref(),
        time: Some(context.now()),
        ..MailContext::default()
    };
    let to = Receiver {
        address: email,
        user: Some(user),
    };
    Some(message(context, kind, to, values))
}

/// Tells who has an address already that somebody else wanted to have it.
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
