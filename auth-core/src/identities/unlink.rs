//! Unlinks identities.

use crate::account::change::{Change, change_own_member, identity_key};
use crate::audit::event::{Event, EventKind};
use crate::audit::record::audit_event;
use crate::client::Client;
use crate::context::Context;
use crate::credential::password_id;
use crate::error::{Error, Result};
use crate::identities::Identities;
use crate::identities::identity::{identity_id, provider_label};
use crate::mail::kind::MailKind;
use crate::mail::outbox::notify_user_of_identity;
use crate::platform::Platform;
use crate::sign_in::SignIn;
use crate::storage::{ActiveSession, Identity, UserDetails};

impl<P: Platform> Identities<'_, P> {
    /// Unlinks an identity of a session's user, who must have signed in recently. Their other sessions end, because some
    /// may be of a person who signed in by it. The user is notified by mail.
    ///
    /// # Errors
    /// [`Error::ReauthenticationRequired`], [`Error::NotFound`], [`Error::LastSignInMethod`] if nobody could sign in to
    /// the account afterwards, [`Error::AccessToken`] if the session has ended in the meantime, or a failure of the
    /// platform.
    pub async fn unlink(self, active: &ActiveSession, id: &str, client: &Client) -> Result<()> {
        let context = self.context;
        SignIn::new(context).require_recent(active)?;
        let mut provider = String::new();
        let user = change_own_member(context, active, |member| {
            let identity = linked(&member, id)?;
            provider.clone_from(&identity.provider);
            if !has_another_way(context, &member, identity) {
                return Err(Error::LastSignInMethod);
            }
            let mut change = unlinking(&member, identity);
            change.end_sessions(Some(&active.session.id), "identity_unlinked");
            let event = Event::own(EventKind::IdentityUnlinked, active);
            let event = event.with("provider", provider.as_str());
            change.events = vec![audit_event(context, event, client)];
            Ok(change)
        })
        .await?;
        let label = provider_label(context, &provider);
        notify_user_of_identity(context, &user, MailKind::IdentityUnlinked, label, client);
        Ok(())
    }
}

/// Returns a user's identity by its identifier in requests.
///
/// # Errors
/// [`Error::NotFound`].
pub(crate) fn linked<'a>(member: &'a UserDetails, id: &str) -> Result<&'a Identity> {
    let mut identities = member.identities.iter();
    let found = identities.find(|identity| identity_id(&identity_key(identity)) == id);
    found.ok_or(Error::NotFound("identity"))
}

/// Returns the change that unlinks an identity.
pub(crate) fn unlinking(member: &UserDetails, identity: &Identity) -> Change {
    let mut change = Change {
        removes_identities: vec![identity_key(identity)],
        ..Change::of(member.account.user.clone())
    };
    change.end_email_changes();
    change
}

/// Whether the user can sign in without this identity: by a password, or by an identity of a provider that is set up.
fn has_another_way<P>(context: &Context<P>, member: &UserDetails, identity: &Identity) -> bool {
    let federation = &context.config.federation;
    let mut others = member.identities.iter();
    password_id(&member.account).is_some()
        || others.any(|other| {
            identity_key(other) != identity_key(identity)
                && federation.registration_of(other).is_some()
        })
}
