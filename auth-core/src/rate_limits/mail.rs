//! Rate limits of mail requests and of mails per address.

use crate::client::Client;
use crate::context::Context;
use crate::error::Result;
use crate::identifier::EmailAddress;
use crate::platform::Platform;
use crate::rate_limits::count::{admits, count, hashed, in_networks, limit};
use crate::storage::Limit;

/// The kind of request that sends a mail. Each kind is counted separately, so that none blocks another.
#[derive(Clone, Copy)]
pub(crate) enum RequestedMail {
    /// The first verification link, or the notice that the address is taken.
    Registration,
    /// Another verification link.
    Verification,
    /// The verification link sent after a login with the correct password.
    Login,
    /// A link to choose a new password.
    Reset,
    /// A link to confirm a new address.
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

/// Counts a request for a mail: by network, and by address and network, so that a stranger elsewhere doesn't use up the
/// owner's limit. Every request counts, whether or not the address has an account or a mail is sent.
///
/// # Errors
/// [`Error::RateLimited`](crate::Error::RateLimited) if a limit is exceeded.
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

/// Whether another mail can be sent to an address. Beyond the quota a request gets its usual answer but sends no mail,
/// so that the answer doesn't reveal whether there is an account.
///
/// `sends` is whether there is a mail to send. If there is none, the request is counted separately, for equal work:
/// requests that send nothing must not use up the quota.
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

/// Whether a mail can be sent to an address used for registration, taken or not.
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

/// Whether the verification link can be sent again after a login. It is counted separately from requests for a link,
/// whose answers reveal whether the limit is reached. `sends` as in [`may_mail`].
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
