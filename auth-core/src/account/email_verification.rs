//! E-mail verification: proves that a user receives mail at the address of the registration.

use serde::{Deserialize, Serialize};

use crate::access::VERIFIED;
use crate::account::Accounts;
use crate::account::change::{Change, change_user};
use crate::audit::event::{Event, EventKind};
use crate::audit::record::audit_event;
use crate::client::Client;
use crate::context::Context;
use crate::error::{Error, LinkError, Result};
use crate::identifier::EmailAddress;
use crate::mail::kind::MailKind;
use crate::mail::link::{LinkMail, send_link};
use crate::one_time_secret::{Purpose, peek_of_user};
use crate::platform::Platform;
use crate::rate_limits::mail::{RequestedMail, count_mail, may_mail, may_mail_after_login};
use crate::sign_in::reauthentication::{Evidence, reauthenticate_beside_link};
use crate::storage::{LoginName, User, Users as _};

/// The address that a link verifies, as it was when the link was created.
#[derive(Serialize, Deserialize)]
struct Address {
    email: String,
}

impl<P: Platform> Accounts<'_, P> {
    /// Sends the verification link again to the user with this unverified address. The answer doesn't reveal whether
    /// there is such an account.
    ///
    /// # Errors
    /// [`Error::Invalid`], [`Error::RateLimited`], or a failure of the platform.
    pub async fn resend_verification(self, email: &str, client: &Client) -> Result<()> {
        let context = self.context;
        let address = EmailAddress::parse(email).map_err(|rule| Error::Invalid(vec![rule]))?;
        let mail = RequestedMail::Verification;
        count_mail(context, mail, &address, client).await?;
        let name = LoginName::Email(address.key());
        let found = context.storage().find_account(name).await?;
        let user = found
            .map(|account| account.user)
            .filter(|user| user.email_verified_at.is_none() && user.disabled_at.is_none());
        let may_mail = may_mail(context, mail, &address, user.is_some()).await?;
        // Past the quota, the link of the last mail still works.
        let told = user.as_ref().filter(|_| may_mail);
        let email = told.and_then(|user| user.email.as_deref());
        send_verification(context, told, email.unwrap_or(address.as_str())).await
    }

    /// Verifies an e-mail address by the link that was sent there. The link works once.
    ///
    /// The link proves that a person receives the mail, but not that they registered: a stranger may have registered
    /// with their address and wait for them to click. So a session, the password or an identity of the account is
    /// required as well, unless `VERIFY_NEEDS_PASSWORD` is off. A person who has none of them resets the password,
    /// which also verifies the address and ends the stranger's access.
    ///
    /// # Errors
    /// [`Error::Link`], [`Error::PasswordRequired`], [`Error::WrongPassword`], [`Error::RateLimited`], or a failure of
    /// the platform.
    pub async fn verify_email(
        self,
        token: &str,
        evidence: Evidence<'_>,
        client: &Client,
    ) -> Result<User> {
        let context = self.context;
        let usable = peek_of_user::<Address, _>(context, Purpose::VerifyEmail, token).await?;
        reauthenticate_beside_link(context, &usable.user_id, evidence, client).await?;
        let now = context.now();
        let event = Event::of_user(EventKind::EmailVerified, &usable.user_id);
        let event = audit_event(context, event, client);
        let user = change_user(context, &usable.user_id, |account| {
            let mut user = account.user;
            // The address has changed since, so that the link is for another one.
            if user.email.as_deref() != Some(usable.payload.email.as_str()) {
                return Err(Error::Link(LinkError::Invalid));
            }
            user.email_verified_at.get_or_insert(now);
            Ok(Change {
                consumes: Some(usable.digest.clone()),
                adds_roles: vec![VERIFIED.to_owned()],
                events: vec![event.clone()],
                ..Change::of(user)
            })
        })
        .await?;
        Ok(user)
    }
}

/// Sends the verification link again to a user who signs in before the address is verified. Past a quota, silently
/// sends nothing.
///
/// # Errors
/// A failure of the platform.
pub(crate) async fn verify_after_login<P: Platform>(
    context: &Context<P>,
    address: &EmailAddress,
    user: Option<&User>,
    client: &Client,
) -> Result<()> {
    if may_mail_after_login(context, address, user.is_some(), client).await? {
        let email = user.and_then(|user| user.email.as_deref());
        send_verification(context, user, email.unwrap_or(address.as_str())).await?;
    }
    Ok(())
}

/// Sends a user the link that verifies their address.
///
/// Without a user, does the same work but sends nothing.
pub(crate) async fn send_verification<P: Platform>(
    context: &Context<P>,
    user: Option<&User>,
    email: &str,
) -> Result<()> {
    let mail = LinkMail {
        purpose: Purpose::VerifyEmail,
        kind: MailKind::VerifyEmail,
        page: "/verify",
        life: context.config.verify_token_life,
        replaces: true,
    };
    let address = Address {
        email: email.to_owned(),
    };
    send_link(context, mail, user, email, &address).await
}
