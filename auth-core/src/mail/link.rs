//! Mails with a link to a page that takes a one-time secret.

use core::time::Duration;

use serde::Serialize;

use crate::context::Context;
use crate::error::Result;
use crate::mail::context::MailContext;
use crate::mail::kind::MailKind;
use crate::mail::outbox::{message, send};
use crate::mail::receiver::Receiver;
use crate::one_time_secret::{Purpose, create_secret};
use crate::platform::Platform;
use crate::secret::SecretToken;
use crate::storage::User;

/// A mail with a link to a page that takes a one-time secret.
pub(crate) struct LinkMail {
    /// The purpose of the secret.
    pub(crate) purpose: Purpose,
    /// The kind of the mail.
    pub(crate) kind: MailKind,
    /// The page of the frontend.
    pub(crate) page: &'static str,
    /// How long the link works.
    pub(crate) life: Duration,
    /// Whether the link invalidates earlier unused ones.
    pub(crate) replaces: bool,
}

/// Sends a link for a user to this address. Without a user, the same work is done and nothing is sent.
pub(crate) async fn send_link<P: Platform>(
    context: &Context<P>,
    mail: LinkMail,
    user: Option<&User>,
    to: &str,
    payload: &impl Serialize,
) -> Result<()> {
    let id = user.map(|user| user.id.as_str());
    let token = create_secret(context, mail.purpose, id, payload, mail.life, mail.replaces).await?;
    let link = link(context, mail.page, &token);
    let values = MailContext {
        email: Some(to),
        link: Some(&link),
        expires_in: Some(mail.life),
        ..MailContext::default()
    };
    let to = Receiver { address: to, user };
    let message = message(context, mail.kind, to, values);
    if user.is_some() {
        send(context, message);
    }
    Ok(())
}

/// Returns the URL of a link in a mail: a page of the frontend with the secret.
pub(crate) fn link<P: Platform>(context: &Context<P>, page: &str, token: &SecretToken) -> String {
    format!(
        "{}{page}?token={}",
        context.config.web.frontend(),
        token.expose()
    )
}
