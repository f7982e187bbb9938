//! Forgotten passwords.

use core::time::Duration;

use serde::{Deserialize, Serialize};

use crate::access::VERIFIED;
use crate::account::Accounts;
use crate::account::change::{Change, change_user};
use crate::account::find::find_account;
use crate::audit::event::{Event, EventKind};
use crate::audit::record::record;
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

/// For how long the link of an invitation works: nobody waits for it.
const INVITATION_LIFE: Duration = Duration::from_secs(7 * 86_400);

/// What a link to a new password goes with; when either changes, it is void.
#[derive(Serialize, Deserialize)]
struct Forgotten {
    /// The address that it was sent to.
    email: String,
    /// The password that was forgotten.
    credential: Option<String>,
}

impl<P: Platform> Accounts<'_, P> {
    /// Sends whoever has this address a link to choose a new password. The answer says nothing of whether there is such
    /// an account.
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
        // Nobody has shown yet who asks. An address that nobody has is an event as well: storing one delays what comes next.
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

    /// Sets a new password by the link that was sent. It also proves the address; all sessions end. A second factor stays
    /// in force: a mailbox alone takes none away.
    ///
    /// What was counted at the account is forgotten, so that its owner gets in however strangers guess; the token is for
    /// their device, to be known by if strangers go on.
    ///
    /// # Errors
    /// [`Error::Link`], [`Error::Invalid`], [`Error::RateLimited`], or a failure of the platform. A password that breaks
    /// the rules leaves the link usable.
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
        let user = change_user(context, &usable.user_id, |account| {
            let same_password = password_id(&account) == usable.payload.credential.as_deref();
            let mut user = account.user;
            if !same_password || user.email.as_deref() != Some(&usable.payload.email) {
                return Err(Error::Link(LinkError::Invalid));
            }
            user.email_verified_at.get_or_insert(now);
            user.locked_until = None;
            let mut change = Change {
                consumes: Some(usable.digest.clone()),
                // A key that nobody has confirmed may be of whoever knew the old password.
                deletes: vec![CredentialKind::Password, CredentialKind::TotpPending],
                credentials: vec![credential.clone()],
                adds_roles: vec![VERIFIED.to_owned()],
                ..Change::of(user)
            };
            change.end_sessions(None, "password_reset");
            Ok(change)
        })
        .await?;
        // The password is set: that counters stay is no reason to say that it was not.
        if let Err(error) = forget_attempts(context, &user).await {
            let cause = error.to_string();
            context.platform.log(
                Level::Warn,
                "the attempts at an account could not be forgotten after a reset",
                &[("cause", &cause), ("user", &user.id)],
            );
        }
        record(
            context,
            Event::of_user(EventKind::PasswordReset, &user.id),
            client,
        );
        // As they were before: whoever wrote the name need not be who has proved the address by this.
        notify_user(context, &account.user, MailKind::PasswordChanged, client);
        Ok(device_token(context, &credential.id, client))
    }
}

/// Sends a user the link to choose a new password, in a mail of this kind.
///
/// Without one the same work is done for the address, and nothing sent.
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
        // Anybody can ask; the owner's link has to go on working.
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
