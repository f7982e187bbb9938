//! The sessions of users.

use crate::account::change::Change;
use crate::account::find::find_user;
use crate::admin::actor::Actor;
use crate::admin::administer::administer;
use crate::admin::users::Users;
use crate::audit::event::EventKind;
use crate::audit::record::audit_event;
use crate::error::Result;
use crate::platform::Platform;
use crate::sessions::active::{active_session, active_sessions};
use crate::storage::{Session, SessionEnding};

impl<P: Platform> Users<'_, P> {
    /// Returns the active sessions of a user.
    ///
    /// # Errors
    /// [`Error::NotFound`](crate::Error::NotFound), or a failure of the platform.
    pub async fn sessions(self, user_id: &str) -> Result<Vec<Session>> {
        let context = self.context;
        find_user(context, user_id).await?;
        active_sessions(context, user_id).await
    }

    /// Ends one session of a user, or all of them.
    ///
    /// # Errors
    /// [`Error::NotFound`](crate::Error::NotFound), [`Error::InsufficientRank`](crate::Error::InsufficientRank), or a
    /// failure of the platform.
    pub async fn end_sessions(
        self,
        actor: &Actor,
        user_id: &str,
        session_id: Option<&str>,
    ) -> Result<()> {
        let context = self.context;
        let member = find_user(context, user_id).await?;
        actor.may_administer(&member)?;
        let only = match session_id {
            Some(id) => Some(active_session(context, user_id, id).await?),
            None => None,
        };
        let event = actor.event(EventKind::UserSessionsRevoked);
        let mut event = event.on("user", user_id);
        if let Some(id) = &only {
            event = event.with("ended_session", id.as_str());
        }
        let event = audit_event(context, event, actor.client());
        administer(context, actor, user_id, |member| {
            let mut change = Change::of(member.account.user.clone());
            change.ends_sessions = Some(SessionEnding {
                except: None,
                only: only.clone(),
                only_acting: false,
                reason: "administrator".to_owned(),
            });
            change.events = vec![event.clone()];
            Ok(change)
        })
        .await?;
        Ok(())
    }
}
