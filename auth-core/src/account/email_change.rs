//! Changes the e-mail address, by a link to the new one.

use serde::{Deserialize, Serialize};

use crate::access::VERIFIED;
use crate::account::Accounts;
use crate::account::change::{Change, change_user};
use crate::account::email_undo::{UNDO_LIFE, create_undo_secret};
use crate::account::find::find_account;
use crate::audit::event::{Event, EventKind};
use crate::audit::record::audit_event;
use crate::client::Client;
use crate::credential::password_id;
use crate::error::{Error, LinkError, Result};
use crate::identifier::EmailAddress;
use crate::mail::context::MailContext;
use crate::mail::kind::MailKind;
use crate::mail::link::{LinkMail, link, send_link};
use crate::mail::outbox::{message, send, send_account_exists};
use crate::mail::receiver::Receiver;
use crate::mfa::second_factor::factor_id;
use crate::one_time_secret::{Purpose, peek_of_user};
use crate::platform::Platform;
use crate::rate_limits::mail::{RequestedMail, count_mail, may_mail};
use crate::sign_in::reauthentication::{
    Evidence, Required, reauthenticate, reauthenticate_beside_link,
};
use crate::storage::{Account, ActiveSession, LoginName, User, Users as _};

/// The data stored with a link that confirms a new address.
#[derive(Serialize, Deserialize)]
struct NewAddress {
    email: String,
    /// The password that was given; `None` for an account without one. A new password invalidates the link, because it
    /// may have been set to lock out the person who began the change.
    credential: Option<String>,
    /// The address that the account had, and the identifier of its second factor. If either has changed, the link is
    /// invalid: it was requested by somebody who proved less.
    from: Option<String>,
    factor: Option<String>,
}

impl NewAddress {
    /// Whether the account is still as it was when the link was requested.
    fn is_current(&self, account: &Account) -> bool {
        password_id(account) == self.credential.as_deref()
            && account.user.email == self.from
            && factor_id(account) == self.factor.as_deref()
    }
}

impl<P: Platform> Accounts<'_, P> {
    /// Begins to change the e-mail address of a session's user: sends a link to the new address. Requires the password,
    /// and both factors if a second one is enabled. The answer doesn't reveal whether another account has the address.
    ///
    /// # Errors
    /// [`Error::Invalid`], [`Error::ReauthenticationRequired`], [`Error::WrongPassword`],
    /// [`Error::RateLimited`], or a failure of the platform.
    pub async fn change_email(
        self,
        active: &ActiveSession,
        email: &str,
        evidence: Evidence<'_>,
        client: &Client,
    ) -> Result<()> {
        let context = self.context;
        let address = EmailAddress::parse(email).map_err(|rule| Error::Invalid(vec![rule]))?;
        let required = Required::Password;
        let evidence = evidence.within(active);
        let proof = reauthenticate(context, &active.user.id, required, evidence, client).await?;
        let account = find_account(context, &active.user.id)
            .await?
            .ok_or(Error::AccountGone)?;
        let asked = RequestedMail::NewAddress;
        count_mail(context, asked, &address, client).await?;
        let mail = LinkMail {
            purpose: Purpose::ChangeEmail,
            kind: MailKind::ChangeEmail,
            page: "/confirm-email",
            life: context.config.verify_token_life,
            replaces: true,
        };
        let payload = NewAddress {
            email: address.as_str().to_owned(),
            credential: proof.credential_id().map(str::to_owned),
            from: account.user.email.clone(),
            factor: factor_id(&account).map(str::to_owned),
        };
        let taken = context
            .storage()
            .find_account(LoginName::Email(address.key()))
            .await?
            .is_some_and(|account| account.user.id != active.user.id);
        let may_mail = may_mail(context, asked, &address, true).await?;
        let told = Some(&active.user).filter(|_| may_mail && !taken);
        send_link(context, mail, told, address.as_str(), &payload).await?;
        if may_mail && taken {
            send_account_exists(context, address.as_str());
        }
        Ok(())
    }

    /// Changes the address by the link that was sent to the new one, with the same evidence as
    /// [`verify_email`](Self::verify_email). The old address gets a notice with a link that undoes the change.
    ///
    /// # Errors
    /// Those of [`verify_email`](Self::verify_email), and [`Error::EmailTaken`].
    pub async fn confirm_email(
        self,
        token: &str,
        evidence: Evidence<'_>,
        client: &Client,
    ) -> Result<User> {
        let context = self.context;
        let usable = peek_of_user::<NewAddress, _>(context, Purpose::ChangeEmail, token).await?;
        reauthenticate_beside_link(context, &usable.user_id, evidence, client).await?;
        let now = context.now();
        let invalid = Error::Link(LinkError::Invalid);
        let before = find_account(context, &usable.user_id)
            .await?
            .filter(|account| usable.payload.is_current(account))
            .ok_or_else(|| invalid.clone())?
            .user;
        // An address that was never proved may belong to a stranger.
        let old = before
            .email
            .clone()
            .filter(|old| before.email_proved_at.is_some() && *old != usable.payload.email);
        // Created first, so that every change can be undone.
        let undo = match &old {
            Some(old) => Some(create_undo_secret(context, &usable.user_id, old).await?),
            None => None,
        };
        let event = Event::of_user(EventKind::EmailChanged, &usable.user_id);
        let event = audit_event(context, event, client);
        let user = change_user(context, &usable.user_id, |account| {
            if !usable.payload.is_current(&account) {
                return Err(invalid.clone());
            }
            let mut user = account.user;
            user.email = Some(usable.payload.email.clone());
            user.email_verified_at = Some(now);
            Ok(Change {
                consumes: Some(usable.digest.clone()),
                adds_roles: vec![VERIFIED.to_owned()],
                events: vec![event.clone()],
                ..Change::of(user)
            })
        })
        .await?;
        if let (Some(old), Some(undo)) = (old, undo) {
            let link = link(context, "/undo-email", &undo);
            let values = MailContext {
                email: user.email.as_deref(),
                link: Some(&link),
                expires_in: Some(UNDO_LIFE),
                ..MailContext::default()
            };
            let to = Receiver {
                address: &old,
                user: Some(&before),
            };
            send(
                context,
                message(context, MailKind::EmailChanged, to, values),
            );
        }
        Ok(user)
    }
}
