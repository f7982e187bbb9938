//! Deletes a user.

use core::slice;

use crate::access::SUPERADMIN;
use crate::account::Accounts;
use crate::account::change::{TRIES, always_changing, check_live, session_grounds};
use crate::account::find::find_user;
use crate::audit::event::{Event, EventKind};
use crate::audit::record::{audit_event, log_events};
use crate::client::Client;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::mail::kind::MailKind;
use crate::mail::outbox::notify_user;
use crate::platform::Platform;
use crate::sign_in::reauthentication::{Evidence, Required, reauthenticate};
use crate::storage::{
    ActiveSession, AuditEvent, DeleteUserOutcome, Grounds, User, UserDetails, Users as _,
};

impl<P: Platform> Accounts<'_, P> {
    /// Deletes the account of a session's user and everything that belongs to it. Requires the password, or a
    /// recent sign-in if there is none, and both factors if a second one is enabled.
    ///
    /// # Errors
    /// [`Error::Invalid`], [`Error::ReauthenticationRequired`], [`Error::WrongPassword`],
    /// [`Error::RateLimited`], [`Error::LastSuperadmin`], [`Error::AccessToken`] if the session has ended in the meantime, or a
    /// failure of the platform.
    pub async fn delete(
        self,
        active: &ActiveSession,
        evidence: Evidence<'_>,
        client: &Client,
    ) -> Result<()> {
        let context = self.context;
        let required = Required::Password;
        let evidence = evidence.within(active);
        reauthenticate(context, &active.user.id, required, evidence, client).await?;
        let event = Event::own(EventKind::AccountDeleted, active);
        let event = audit_event(context, event, client);
        match delete_own(context, active, event).await {
            Ok(user) => {
                notify_user(context, &user, MailKind::AccountDeleted, client);
                Ok(())
            }
            // Deleted meanwhile by another request of the user.
            Err(Error::NotFound(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

/// Deletes the user of a session, within that session: if it ends in the meantime, nothing is deleted.
async fn delete_own<P: Platform>(
    context: &Context<P>,
    active: &ActiveSession,
    event: AuditEvent,
) -> Result<User> {
    for _ in 0..TRIES {
        let grounds = session_grounds(context, active);
        let deleted = try_delete(context, &active.user.id, &event, |_| Ok(Some(grounds)));
        if let Some(user) = deleted.await? {
            return Ok(user);
        }
        check_live(context, active).await?;
    }
    Err(always_changing())
}

/// Deletes a user and ends their sessions, if `decide` allows it. `event` tells of the deletion. After a concurrent change, `decide` is called again.
///
/// # Errors
/// The errors of `decide`, [`Error::NotFound`], [`Error::LastSuperadmin`], or a failure of the platform.
pub(crate) async fn delete_user<P: Platform>(
    context: &Context<P>,
    user_id: &str,
    event: AuditEvent,
    mut decide: impl FnMut(&UserDetails) -> Result<()>,
) -> Result<User> {
    for _ in 0..TRIES {
        let deleted = try_delete(context, user_id, &event, |member| {
            decide(member).map(|()| None)
        });
        if let Some(user) = deleted.await? {
            return Ok(user);
        }
    }
    Err(always_changing())
}

/// Tries [`delete_user`] once, on the grounds that `decide` returns. Returns `None` if they have changed meanwhile.
pub(crate) async fn try_delete<P: Platform>(
    context: &Context<P>,
    user_id: &str,
    event: &AuditEvent,
    decide: impl FnOnce(&UserDetails) -> Result<Option<Grounds>>,
) -> Result<Option<User>> {
    let member = find_user(context, user_id).await?;
    let grounds = decide(&member)?;
    let user = member.account.user;
    let now = context.now();
    let require_remaining_holder = Some(SUPERADMIN.to_owned());
    let storage = context.storage();
    let deleted = storage.delete_user(
        user_id.to_owned(),
        user.updated_at,
        now,
        require_remaining_holder,
        grounds,
        vec![event.clone()],
    );
    match deleted.await? {
        DeleteUserOutcome::Deleted(ended) => {
            log_events(context, slice::from_ref(event));
            context.announce_ended(ended, now);
            Ok(Some(user))
        }
        DeleteUserOutcome::Conflict => Ok(None),
        DeleteUserOutcome::Unknown => Err(Error::NotFound("user")),
        DeleteUserOutcome::LastHolder => Err(Error::LastSuperadmin),
    }
}
