//! Updates users.

use crate::access::VERIFIED;
use crate::account::change::Change;
use crate::account::find::find_user;
use crate::admin::actor::Actor;
use crate::admin::administer::administer;
use crate::admin::users::Users;
use crate::admin::users::fields::{UserUpdate, write_update};
use crate::audit::event::EventKind;
use crate::audit::record::audit_event;
use crate::client::Client;
use crate::error::{Error, Result};
use crate::mail::context::MailContext;
use crate::mail::kind::MailKind;
use crate::mail::outbox::{message, notify_user, send};
use crate::mail::receiver::Receiver;
use crate::one_time_secret::Purpose;
use crate::platform::Platform;
use crate::storage::{InvalidatedSecrets, User, UserDetails};
use crate::time::Timestamp;

impl<P: Platform> Users<'_, P> {
    /// Updates a user. The role `verified` follows the address. If the address changes, the old one is notified,
    /// provided that it was proved.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::InsufficientRank`], [`Error::Invalid`], [`Error::EmailTaken`],
    /// [`Error::UsernameTaken`], or a failure of the platform.
    pub async fn update(
        self,
        actor: &Actor,
        user_id: &str,
        update: UserUpdate<'_>,
    ) -> Result<UserDetails> {
        let context = self.context;
        let mut before = None;
        let user = administer(context, actor, user_id, |member| {
            let mut user = member.account.user.clone();
            before = Some(user.clone());
            write_update(context, &mut user, update, false).map_err(Error::Invalid)?;
            let event = actor.event(EventKind::UserUpdated).on("user", user_id);
            let event = event.with("changed", changed_fields(&member.account.user, &user));
            let verified = user.email_verified_at.is_some();
            let moved = user.email != member.account.user.email;
            let proves = verified != member.account.user.email_verified_at.is_some();
            if moved || proves || user.username != member.account.user.username {
                actor.must_be_another(user_id)?;
            }
            let mut change = Change::of(user);
            if moved {
                // Earlier undo links must not revert this change of the address.
                change.invalidates = Some(InvalidatedSecrets {
                    purpose: Purpose::UndoEmail.as_str().to_owned(),
                    since: Timestamp::default(),
                });
            }
            let role = vec![VERIFIED.to_owned()];
            if verified {
                change.adds_roles = role;
            } else {
                change.removes_roles = role;
            }
            change.events = vec![audit_event(context, event, actor.client())];
            Ok(change)
        })
        .await?;
        let before = before.unwrap_or_else(|| user.clone());
        if before.username != user.username {
            notify_user(
                context,
                &user,
                MailKind::UsernameChanged,
                &Client::default(),
            );
        }
        let told = before
            .email
            .as_deref()
            .filter(|_| before.email_proved_at.is_some());
        let changed = told.filter(|old| user.email.as_deref() != Some(old));
        if let Some(old) = changed {
            let to = Receiver {
                address: old,
                user: Some(&before),
            };
            let values = MailContext {
                email: user.email.as_deref(),
                ..MailContext::default()
            };
            send(
                context,
                message(context, MailKind::EmailChanged, to, values),
            );
        }
        find_user(context, user_id).await
    }
}

/// Returns the names of the fields that an update changes.
fn changed_fields(before: &User, user: &User) -> Vec<&'static str> {
    let verified = |user: &User| user.email_verified_at.is_some();
    let changed = [
        ("email", before.email != user.email),
        ("email_verified", verified(before) != verified(user)),
        ("username", before.username != user.username),
        ("display_name", before.display_name != user.display_name),
        ("profile", before.profile != user.profile),
    ];
    let changed = changed.into_iter().filter(|(_, changed)| *changed);
    changed.map(|(name, _)| name).collect()
}
