//! Lists and links identities.

use crate::account::change::{Change, change_own};
use crate::audit::event::{Event, EventKind};
use crate::audit::record::audit_event;
use crate::client::Client;
use crate::error::{Error, Result};
use crate::federation::code::{Presented, present};
use crate::federation::flow::FlowPurpose;
use crate::federation::pending::free_identity;
use crate::identities::Identities;
use crate::identities::identity::{LinkedIdentity, new_identity, provider_label};
use crate::mail::kind::MailKind;
use crate::mail::outbox::notify_user_of_identity;
use crate::platform::Platform;
use crate::rate_limits::quota::{SelfService, count_self_service};
use crate::sign_in::SignIn;
use crate::storage::{ActiveSession, Identities as _};

impl<P: Platform> Identities<'_, P> {
    /// Returns the identities of a session's user, the oldest first.
    ///
    /// # Errors
    /// A failure of the platform.
    pub async fn list(self, active: &ActiveSession) -> Result<Vec<LinkedIdentity>> {
        let context = self.context;
        let stored = context.storage().list_identities(active.user.id.clone());
        Ok(stored.await?.iter().map(LinkedIdentity::from).collect())
    }

    /// Links the identity of a code to the account of a session's user, who must have signed in recently, with both
    /// factors if a second one is in force. The user is notified by mail.
    ///
    /// # Errors
    /// [`Error::ReauthenticationRequired`],
    /// [`Error::OauthCodeInvalid`],
    /// [`Error::IdentityTaken`],
    /// [`Error::TooManyIdentities`],
    /// [`Error::RateLimited`], [`Error::AccessToken`] if the
    /// session has ended in the meantime, or a failure of the platform.
    pub async fn link(
        self,
        active: &ActiveSession,
        presented: Presented<'_>,
        client: &Client,
    ) -> Result<LinkedIdentity> {
        let context = self.context;
        SignIn::new(context).require_recent(active)?;
        count_self_service(context, &active.user.id, SelfService::Identity, client).await?;
        let person = present(context, presented, &[FlowPurpose::Link]).await?;
        let identity = new_identity(context, &person, &active.user.id, false);
        let event = Event::own(EventKind::IdentityLinked, active);
        let event = event.with("provider", person.provider.as_str());
        let event = audit_event(context, event, client);
        let link = async || {
            change_own(context, active, |account| {
                Ok(Change {
                    adds_identities: vec![identity.clone()],
                    events: vec![event.clone()],
                    ..Change::of(account.user)
                })
            })
            .await
        };
        let user = match link().await {
            Err(Error::IdentityTaken) if free_identity(context, &person, client).await? => {
                link().await?
            }
            linked => linked?,
        };
        let label = provider_label(context, &person.provider);
        notify_user_of_identity(context, &user, MailKind::IdentityLinked, label, client);
        Ok(LinkedIdentity::from(&identity))
    }
}
