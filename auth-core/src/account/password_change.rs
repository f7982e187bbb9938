//! Changes the password.

use crate::account::Accounts;
use crate::account::change::{Change, change_own};
use crate::audit::event::{Event, EventKind};
use crate::audit::record::audit_event;
use crate::client::Client;
use crate::credential::{CredentialKind, new_credential, password_id};
use crate::error::{Error, Result};
use crate::mail::kind::MailKind;
use crate::mail::outbox::notify_user;
use crate::password::acceptance::checked_password;
use crate::password::admission::hash_password;
use crate::platform::Platform;
use crate::sessions::start::renew_session;
use crate::sessions::tokens::Tokens;
use crate::sign_in::reauthentication::{Evidence, Required, reauthenticate};
use crate::storage::ActiveSession;

impl<P: Platform> Accounts<'_, P> {
    /// Changes the password of a session's user, or sets the first one. Requires the current password, or a recent
    /// sign-in if there is none, and both factors if a second one is enabled. All their sessions end. The returned
    /// tokens belong to a new session that replaces this one.
    ///
    /// # Errors
    /// [`Error::ReauthenticationRequired`], [`Error::WrongPassword`], [`Error::Invalid`],
    /// [`Error::RateLimited`], [`Error::AccessToken`] if the session ended meanwhile, or a failure of the platform.
    pub async fn change_password(
        self,
        active: &ActiveSession,
        evidence: Evidence<'_>,
        new: &str,
        client: &Client,
    ) -> Result<Tokens> {
        let context = self.context;
        let required = Required::Password;
        let evidence = evidence.within(active);
        let proof = reauthenticate(context, &active.user.id, required, evidence, client).await?;
        let checked = checked_password(context, new, "new_password", &active.user).await?;
        let secret = hash_password(context, &checked).await?;
        let credential = new_credential(context, &active.user.id, CredentialKind::Password, secret);
        let event = Event::own(EventKind::PasswordChanged, active);
        let event = audit_event(context, event, client);
        let user = change_own(context, active, |account| {
            // Another request has changed it since it was compared.
            if password_id(&account) != proof.credential_id() {
                return Err(Error::WrongPassword);
            }
            let mut change = Change {
                deletes: vec![CredentialKind::Password],
                credentials: vec![credential.clone()],
                events: vec![event.clone()],
                ..Change::of(account.user)
            };
            change.end_sessions(Some(&active.session.id), "password_changed");
            Ok(change)
        })
        .await?;
        notify_user(context, &user, MailKind::PasswordChanged, client);
        let proof = proof.now_by(&credential.id);
        renew_session(context, active, &proof, "password_changed", client).await
    }
}
