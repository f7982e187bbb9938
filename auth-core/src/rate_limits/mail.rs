//! How often somebody may ask for a mail, and how many one address gets.

use crate::client::Client;
use crate::context::Context;
use crate::error::Result;
use crate::identifier::EmailAddress;
use crate::platform::Platform;
use crate::rate_limits::count::{admits, count, hashed, in_networks, limit};
use crate::storage::Limit;

/// What somebody asks for a mail by. Each kind is counted by itself, so that none blocks another.
#[derive(Clone, Copy)]
pub(crate) enum RequestedMail {
    /// The first link to verify an address, or the notice that it is taken.
    Registration,
    /// Another link to verify an address.
    Verification,
    /// The link to verify an address once more, after a login with the right password.
    Login,
    /// A link to a new password.
    Reset,
    /// A link to another address.
    NewAddress,
}

impl RequestedMail {
    fn as_str(self) -> &'static str {
        match self {
            Self::Registration => "registration",
            Self::Verification => "verification",
            Self::Login => "login",
            Self::Reset => "reset",
            Self::NewAddress => "new-address",
        }
    }
}

/// Counts a request for a mail: by network, and by address and network, so that a stranger elsewhere uses up
/// nothing of the owner's. Every request counts, whoever has the address and whether a mail is sent.
///
/// # Errors
/// [`Error::RateLimited`](crate::Error::RateLimited) past one of the limits.
pub(crate) async fn count_mail<P: Platform>(
    context: &Context<P>,
    mail: RequestedMail,
    address: &EmailAddress,
    client: &Client,
) -> Result<()> {
    let all = format!("mail-network/{}", mail.as_str());
    let mut limits = in_networks(context, &all, context.config.mails_per_ip(), client);
    limits.extend(by_address_and_network(context, mail, address, client));
    count(context, limits).await
}

/// Whether one more mail may go to an address. Past the quota a request gets its usual answer and no mail, so that
/// nobody learns whether there is an account.
///
/// `sends`: whether there is anything to send. Otherwise it is counted apart, for equal work: requests that send
/// nothing must not use the quota up.
///
/// # Errors
/// A failure of the platform.
pub(crate) async fn may_mail<P: Platform>(
    context: &Context<P>,
    mail: RequestedMail,
    address: &EmailAddress,
    sends: bool,
) -> Result<bool> {
    admits(context, vec![mail_quota(context, mail, address, sends)]).await
}

/// Whether a mail may go to an address that somebody registers with, whether it was taken or not.
///
/// # Errors
/// A failure of the platform.
pub(crate) async fn may_mail_registered<P: Platform>(
    context: &Context<P>,
    address: &EmailAddress,
    client: &Client,
) -> Result<bool> {
    let mail = RequestedMail::Registration;
    let mut limits = by_address_and_network(context, mail, address, client);
    limits.push(mail_quota(context, mail, address, true));
    admits(context, limits).await
}

/// Whether the link that verifies an address may go there again after a login. It is counted apart from requests for
/// one, whose answers tell what is used up. `sends` as in [`may_mail`].
///
/// # Errors
/// A failure of the platform.
pub(crate) async fn may_mail_after_login<P: Platform>(
    context: &Context<P>,
    address: &EmailAddress,
    sends: bool,
    client: &Client,
) -> Result<bool> {
    let mail = RequestedMail::Login;
    let mut limits = by_address_and_network(context, mail, address, client);
    limits.push(mail_quota(context, mail, address, sends));
    admits(context, limits).await
}

fn by_address_and_network<P: Platform>(
    context: &Context<P>,
    mail: RequestedMail,
    address: &EmailAddress,
    client: &Client,
) -> Vec<Limit> {
    let one = format!("mail-request/{}/{}", mail.as_str(), hashed(&address.key()));
    in_networks(context, &one, context.config.mails_per_address, client)
}

fn mail_quota<P: Platform>(
    context: &Context<P>,
    mail: RequestedMail,
    address: &EmailAddress,
    sends: bool,
) -> Limit {
    let counted = if sends { "mail" } else { "mail-unsent" };
    limit(
        context,
        format!("{counted}/{}/{}", mail.as_str(), hashed(&address.key())),
        context.config.mails_per_address_everywhere(),
    )
}
