//! Unlinks identities of a user.

use crate::admin::actor::Actor;
use crate::admin::administer::administer;
use crate::admin::users::Users;
use crate::audit::event::EventKind;
use crate::audit::record::audit_event;
use crate::client::Client;
use crate::error::Result;
use crate::identities::identity::provider_label;
use crate::identities::unlink::{linked, unlinking};
use crate::mail::kind::MailKind;
use crate::mail::outbox::notify_user_of_identity;
use crate::platform::Platform;

impl<P: Platform> Users<'_, P> {
    /// Unlinks an identity of a user and ends their sessions, because it belongs to somebody else. It may be the last way to
    /// sign in: the user can then set a password by mail. The user is notified by mail.
    ///
    /// # Errors
    /// [`Error::NotFound`](crate::Error::NotFound), [`Error::InsufficientRank`](crate::Error::InsufficientRank), also for
    /// the actor's own account, where unlinking requires a recent sign-in; or a failure of the platform.
    pub async fn unlink_identity(
        self,
        actor: &Actor,
        user_id: &str,
        identity_id: &str,
    ) -> Result<()> {
        let context = self.context;
        let mut provider = String::new();
        let user = administer(context, actor, user_id, |member| {
            actor.must_be_another(user_id)?;
            let identity = linked(member, identity_id)?;
            provider.clone_from(&identity.provider);
            let mut change = unlinking(member, identity);
            change.end_sessions(None, "identity_unlinked");
            let event = actor.event(EventKind::IdentityUnlinked).on("user", user_id);
            let event = event.with("provider", provider.as_str());
            change.events = vec![audit_event(context, event, actor.client())];
            Ok(change)
        })
        .await?;
        let (kind, label) = (
            MailKind::IdentityUnlinked,
            provider_label(context, &provider),
        );
        notify_user_of_identity(context, &user, kind, label, &Client::default());
        Ok(())
    }
}
