//! Password reset by e-mail.

use core::time::Duration;

use serde::{Deserialize, Serialize};

use crate::access::VERIFIED;
use crate::account::Accounts;
use crate::account::change::{Change, change_user};
use crate::account::find::find_account;
use crate::audit::event::{Event, EventKind};
use crate::audit::record::{audit_event, record};
use crate::client::Client;
use crate::client::device_token::DeviceToken;
use crate::context::Context;
use crate::credential::{CredentialKind, new_credential, password_id};
use crate::error::{Error, LinkError, Result};
use crate::identifier::EmailAddress;
use crate::mail::kind::MailKind;
use crate::mail::link::{LinkMail, send_link};
use crate::mail::outbox::notify_user;
use crate::one_time_secret::{Purpose, peek_of_user};
use crate::password::acceptance::checked_password;
use crate::password::admission::hash_password;
use crate::platform::{Level, Platform};
use crate::rate_limits::forget::forget_attempts;
use crate::rate_limits::mail::{RequestedMail, count_mail, may_mail};
use crate::rate_limits::sign_in::count_reset;
use crate::sign_in::known_device::device_token;
use crate::storage::{Account, LoginName, Users as _};

/// Lifetime of an invitation link. It is long because nobody waits for the mail.
const INVITATION_LIFE: Duration = Duration::from_secs(7 * 86_400);

/// The data stored with a password reset link. The link is invalid once either of the two changes.
#[derive(Serialize, Deserialize)]
struct Forgotten {
    /// The address that the link was sent to.
    email: String,
    /// Identifier of the forgotten password.
    credential: Option<String>,
}

impl<P: Platform> Accounts<'_, P> {
    /// Sends a password reset link to the user with this address. The answer doesn't reveal whether there is such an
    /// account.
    ///
    /// # Errors
    /// [`Error::Invalid`], [`Error::RateLimited`], or a failure of the platform.
    pub async fn forgot_password(self, email: &str, client: &Client) -> Result<()> {
        let context = self.context;
        let address = EmailAddress::parse(email).map_err(|rule| Error::Invalid(vec![rule]))?;
        let mail = RequestedMail::Reset;
        count_mail(context, mail, &address, client).await?;
        let name = LoginName::Email(address.key());
        let found = context.storage().find_account(name).await?;
        let account = found.filter(|account| account.user.disabled_at.is_none());
        let may_mail = may_mail(context, mail, &address, account.is_some()).await?;
        let account = account.filter(|_| may_mail);
        send_reset(
            context,
            account.as_ref(),
            address.as_str(),
            MailKind::ResetPassword,
        )
        .await?;
        // The event has no actor, because the request proves no identity. An unknown address is an event as well,
        // because storing one delays what follows.
        let event = Event::new(EventKind::PasswordResetRequested);
        record(
            context,
            match &account {
                Some(account) => event.on("user", &account.user.id),
                None => event.because("unknown_account"),
            },
            client,
        );
        Ok(())
    }

    /// Sets a new password by the link that was sent. This also verifies the address and ends all sessions. A second
    /// factor stays enabled, because a mailbox alone must not remove it. If the address was never proved before, the
    /// identities are unlinked, because they may belong to a stranger.
    ///
    /// The attempts counted at the account are cleared, so that its owner can sign in however much strangers guess. The
    /// returned token identifies the owner's device if the guessing continues.
    ///
    /// # Errors
    /// [`Error::Link`], [`Error::Invalid`], [`Error::RateLimited`], or a failure of the platform. A password that
    /// breaks the rules leaves the link usable.
    pub async fn reset_password(
        self,
        token: &str,
        new: &str,
        client: &Client,
    ) -> Result<DeviceToken> {
        let context = self.context;
        let usable = peek_of_user::<Forgotten, _>(context, Purpose::ResetPassword, token).await?;
        count_reset(context, &usable.user_id).await?;
        let account = find_account(context, &usable.user_id)
            .await?
            .ok_or(Error::Link(LinkError::Invalid))?;
        let new = checked_password(context, new, "password", &account.user).await?;
        let secret = hash_password(context, &new).await?;
        let now = context.now();
        let credential = new_credential(context, &usable.user_id, CredentialKind::Password, secret);
        let event = Event::of_user(EventKind::PasswordReset, &usable.user_id);
        let event = audit_event(context, event, client);
        let user = change_user(context, &usable.user_id, |account| {
            let same_password = password_id(&account) == usable.payload.credential.as_deref();
            let mut user = account.user;
            if !same_password || user.email.as_deref() != Some(&usable.payload.email) {
                return Err(Error::Link(LinkError::Invalid));
            }
            // The identities of an account whose address was never proved may be another person's.
            let unlinks_all = user.email_proved_at.is_none();
            user.email_verified_at.get_or_insert(now);
            user.locked_until = None;
            let mut change = Change {
                consumes: Some(usable.digest.clone()),
                // An unconfirmed TOTP key may belong to somebody who knew the old password.
                deletes: vec![CredentialKind::Password, CredentialKind::TotpPending],
                credentials: vec![credential.clone()],
                unlinks_all,
                adds_roles: vec![VERIFIED.to_owned()],
                events: vec![event.clone()],
                ..Change::of(user)
            };
            change.end_sessions(None, "password_reset");
            Ok(change)
        })
        .await?;
        // The password is set, so counters that remain must not make the reset fail.
        if let Err(error) = forget_attempts(context, &user).await {
            let cause = error.to_string();
            context.platform.log(
                Level::Warn,
                "the counted attempts at an account could not be cleared after a password reset",
                &[("cause", &cause), ("user", &user.id)],
            );
        }
        // As before the reset: the display name may be from somebody other than the person who has just proved the
        // address.
        notify_user(context, &account.user, MailKind::PasswordChanged, client);
        Ok(device_token(context, &credential.id, client))
    }
}

/// Sends a user a password reset link, in a mail of this kind.
///
/// Without an account, does the same work for the address but sends nothing.
pub(crate) async fn send_reset<P: Platform>(
    context: &Context<P>,
    account: Option<&Account>,
    asked: &str,
    kind: MailKind,
) -> Result<()> {
    let mail = LinkMail {
        purpose: Purpose::ResetPassword,
        kind,
        page: "/reset-password",
        life: if kind == MailKind::Invitation {
            INVITATION_LIFE
        } else {
            context.config.reset_token_life
        },
        // Anybody can request a link, so the owner's earlier link must keep working.
        replaces: false,
    };
    let user = account.map(|account| &account.user);
    let email = user.and_then(|user| user.email.as_deref()).unwrap_or(asked);
    let payload = Forgotten {
        email: email.to_owned(),
        credential: account.and_then(password_id).map(str::to_owned),
    };
    send_link(context, mail, user, email, &payload).await
}
