//! Undoing a second factor with the link in the notification mail.

use serde::{Deserialize, Serialize};

use crate::account::change::{Change, change_user};
use crate::account::find::find_account;
use crate::account::password_reset::send_reset;
use crate::audit::event::{Event, EventKind};
use crate::audit::record::audit_event;
use crate::client::Client;
use crate::context::Context;
use crate::credential::{CredentialKind, SECOND_FACTOR};
use crate::error::{Error, LinkError, Result};
use crate::mail::kind::MailKind;
use crate::mail::link::link;
use crate::mail::outbox::{MailLink, notify_user};
use crate::mfa::Mfa;
use crate::mfa::second_factor::{UNDO_LIFE, factor_id};
use crate::one_time_secret::{Purpose, create_secret, peek_of_user};
use crate::platform::Platform;

/// The data stored with an undo link.
#[derive(Serialize, Deserialize)]
struct NewFactor {
    /// The ID of the credential. A later factor has another one.
    credential: String,
    /// The address that the link was sent to. After a change of address the link is invalid, because the password reset would
    /// be mailed to the other address; undoing that change undoes the factor as well.
    address: String,
}

impl<P: Platform> Mfa<'_, P> {
    /// Removes a second factor by the link that was mailed when it came into force. The person who added it may know
    /// the password or have linked an identity, so all sessions end, all identities are unlinked, and the user must
    /// choose a new password by a link sent to the account's address.
    ///
    /// # Errors
    /// [`Error::Link`], or a failure of the platform.
    pub async fn undo_second_factor(self, token: &str, client: &Client) -> Result<()> {
        let context = self.context;
        let purpose = Purpose::UndoSecondFactor;
        let usable = peek_of_user::<NewFactor, _>(context, purpose, token).await?;
        let event = Event::of_user(EventKind::MfaDisabled, &usable.user_id);
        let event = audit_event(context, event.because("undone"), client);
        let user = change_user(context, &usable.user_id, |account| {
            let same_factor = factor_id(&account) == Some(&usable.payload.credential);
            if !same_factor || account.user.email.as_ref() != Some(&usable.payload.address) {
                return Err(Error::Link(LinkError::Invalid));
            }
            let mut deletes = vec![CredentialKind::Password];
            deletes.extend(SECOND_FACTOR);
            let mut change = Change {
                consumes: Some(usable.digest.clone()),
                deletes,
                unlinks_all: true,
                events: vec![event.clone()],
                ..Change::of(account.user)
            };
            change.end_sessions(None, "second_factor_undone");
            change.end_email_changes();
            Ok(change)
        })
        .await?;
        notify_user(context, &user, MailKind::MfaDisabled, client);
        let account = find_account(context, &user.id).await?;
        let address = &usable.payload.address;
        send_reset(context, account.as_ref(), address, MailKind::ResetPassword).await
    }
}

/// Creates the link that undoes a second factor of a user, for a mail to this address.
pub(super) async fn create_undo_link<P: Platform>(
    context: &Context<P>,
    user_id: &str,
    address: &str,
    credential_id: &str,
) -> Result<MailLink> {
    let payload = NewFactor {
        credential: credential_id.to_owned(),
        address: address.to_owned(),
    };
    let purpose = Purpose::UndoSecondFactor;
    let user = Some(user_id);
    let token = create_secret(context, purpose, user, &payload, UNDO_LIFE, false).await?;
    Ok(MailLink {
        url: link(context, "/undo-2fa", &token),
        expires_in: UNDO_LIFE,
    })
}
